/**
 * What the Patch page knows: the contrast that is shown, and the answers to what was asked of it. It outlives the page's
 * being looked at, so that who comes back finds it as it was.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  AttributionEvent,
  AttributionRequest,
  Baselines,
  Contrast,
  ContrastRequest,
  ExperimentEvent,
  ExperimentList,
  ExperimentRequest,
  PatchEvent,
  PatchRequest,
  SweepCell,
  SweepEvent,
  SweepPlan,
  SweepRequest,
} from '../../../src/server/contract/index.js';
import { isAbort, sayProblem } from '../problems.js';
import { createJob, type Job } from './job.svelte.js';

/** Data of an event by its name. */
type Told<E extends { event: string; data: unknown }, N extends E['event']> = Extract<
  E,
  { event: N }
>['data'];

/** The contrast that is shown. */
export interface ShownContrast {
  /** The last answer for this input; stays while another is asked for. */
  readonly shown: Contrast | null;
  /** Whether the question has changed since. */
  readonly behind: boolean;
  /** Whether an answer is on its way. */
  readonly working: boolean;
  /** What keeps it from being asked at all. */
  readonly problem: string;
  look(request: ContrastRequest): void;
}

/** See the module. */
export interface Patching {
  readonly contrast: ShownContrast;
  readonly sweep: Job<SweepRequest> & {
    readonly plan: SweepPlan | null;
    /** By `site position`, as indices into the plan. */
    readonly cells: ReadonlyMap<string, SweepCell>;
    readonly baselines: Baselines | null;
    readonly record: Told<SweepEvent, 'done'>['record'] | null;
  };
  readonly sites: Job<PatchRequest> & { readonly result: Told<PatchEvent, 'result'> | null };
  readonly experiment: Job<ExperimentRequest> & {
    readonly orders: Told<ExperimentEvent, 'orders'> | null;
    readonly ablation: Told<ExperimentEvent, 'ablation'>['record'] | null;
  };
  readonly attribution: Job<AttributionRequest> & {
    readonly result: Told<AttributionEvent, 'result'> | null;
  };
  /** The experiments of a case. @throws what the client throws */
  experiments(caseId: string): Promise<ExperimentList>;
  /** Nobody looks: the server may do other things. */
  stop(): void;
}

/** Adds what is read anew each time to a job. */
const extended = <J extends object, X extends object>(job: J, more: X): J & X =>
  Object.defineProperties(more, Object.getOwnPropertyDescriptors(job)) as J & X;

/** Makes it; nothing is asked before something is started. */
export function createPatching(client: Client): Patching {
  const contrast = createContrast(client);
  const sweep = createSweep(client);

  let result = $state.raw<Told<PatchEvent, 'result'> | null>(null);
  const sites = createJob<PatchRequest, PatchEvent>(
    client.patch,
    () => (result = null),
    ({ event, data }) => {
      if (event === 'result') result = data;
    },
  );

  let orders = $state.raw<Told<ExperimentEvent, 'orders'> | null>(null);
  let ablation = $state.raw<Told<ExperimentEvent, 'ablation'>['record'] | null>(null);
  const experiment = createJob<ExperimentRequest, ExperimentEvent>(
    client.experiment,
    () => {
      [orders, ablation] = [null, null];
    },
    ({ event, data }) => {
      if (event === 'orders') orders = data;
      else if (event === 'ablation') ablation = data.record;
    },
  );

  let parts = $state.raw<Told<AttributionEvent, 'result'> | null>(null);
  const attribution = createJob<AttributionRequest, AttributionEvent>(
    client.attribution,
    () => undefined,
    ({ event, data }) => {
      if (event === 'result') parts = data;
    },
  );

  return {
    contrast,
    sweep,
    sites: extended(sites, {
      get result() {
        return result;
      },
    }),
    experiment: extended(experiment, {
      get orders() {
        return orders;
      },
      get ablation() {
        return ablation;
      },
    }),
    attribution: extended(attribution, {
      get result() {
        return parts;
      },
    }),
    experiments: (caseId) => client.experiments(caseId),
    stop() {
      for (const job of [sweep, sites, experiment, attribution]) job.stop();
    },
  };
}

function createSweep(client: Client): Patching['sweep'] {
  let plan = $state.raw<SweepPlan | null>(null);
  let cells = $state.raw<ReadonlyMap<string, SweepCell>>(new Map());
  let baselines = $state.raw<Baselines | null>(null);
  let record = $state.raw<Told<SweepEvent, 'done'>['record'] | null>(null);
  const job = createJob<SweepRequest, SweepEvent>(
    client.sweep,
    () => {
      [cells, baselines, record] = [new Map(), null, null];
    },
    ({ event, data }) => {
      if (event === 'plan') plan = data;
      else if (event === 'cell') {
        cells = new Map(cells).set(`${data.site} ${data.position}`, data);
        baselines = data.baselines;
      } else if (event === 'done') record = data.record;
    },
  );
  return extended(job, {
    get plan() {
      return plan;
    },
    get cells() {
      return cells;
    },
    get baselines() {
      return baselines;
    },
    get record() {
      return record;
    },
  });
}

function createContrast(client: Client): ShownContrast {
  let shown = $state.raw<Contrast | null>(null);
  let behind = $state(false);
  let working = $state(false);
  let problem = $state('');
  let asked = '';
  let controller: AbortController | null = null;
  return {
    get shown() {
      return shown;
    },
    get behind() {
      return behind;
    },
    get working() {
      return working;
    },
    get problem() {
      return problem;
    },
    look(request) {
      const wanted = JSON.stringify(request);
      if (wanted === asked) return;
      controller?.abort();
      const own = new AbortController();
      [controller, asked, behind, working] = [own, wanted, true, true];
      client.contrast(request, own.signal).then(
        (found) => {
          if (own === controller) [shown, behind, working, problem] = [found, false, false, ''];
        },
        (error: unknown) => {
          if (own === controller && !isAbort(error))
            [asked, working, problem] = ['', false, sayProblem(error)];
        },
      );
    },
  };
}
