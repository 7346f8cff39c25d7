/**
 * What the Patch page knows: the contrast that is shown, and the answers to what was asked of it. It outlives the view,
 * so that it is unchanged when the page is opened again.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { Baselines } from '../../../src/workbench/patching.js';
import type { AttributionEvent, AttributionRequest } from '../../../src/workbench/verbs/attribution.js';
import type { Contrast, ContrastRequest } from '../../../src/workbench/verbs/contrast.js';
import type {
  ExperimentEvent,
  ExperimentList,
  ExperimentRequest,
} from '../../../src/workbench/verbs/experiments.js';
import type { PatchEvent, PatchRequest } from '../../../src/workbench/verbs/patch.js';
import type { SweepCell, SweepEvent, SweepPlan, SweepRequest } from '../../../src/workbench/verbs/sweep.js';
import { createFollow, type Follow, once } from '../follow.svelte.js';

/** Data of an event by its name. */
type DataOf<E extends { event: string; data: unknown }, N extends E['event']> = Extract<
  E,
  { event: N }
>['data'];

/** A sweep as far as it is there. */
export interface Sweep {
  readonly plan: SweepPlan | null;
  /** By `site position`, as indices into the plan. */
  readonly cells: ReadonlyMap<string, SweepCell>;
  readonly baselines: Baselines | null;
  readonly record: DataOf<SweepEvent, 'done'>['record'] | null;
}

/** What an experiment found: bars in two orders, or losses at places. */
export type Finding =
  | { readonly orders: DataOf<ExperimentEvent, 'orders'>; readonly ablation?: undefined }
  | { readonly orders?: undefined; readonly ablation: DataOf<ExperimentEvent, 'ablation'>['record'] };

/** See the module. */
export interface Patching {
  /** The last contrast stays while another is asked for. */
  readonly contrast: Follow<ContrastRequest, Contrast | null>;
  readonly sweep: Follow<SweepRequest, Sweep>;
  readonly sites: Follow<PatchRequest, DataOf<PatchEvent, 'result'> | null>;
  readonly experiment: Follow<ExperimentRequest, Finding | null>;
  readonly attribution: Follow<AttributionRequest, DataOf<AttributionEvent, 'result'> | null>;
  /** The experiments of a case. @throws what the client throws */
  experiments(caseId: string): Promise<ExperimentList>;
  /** Ends the work when the page is left: the server may do other things. */
  stop(): void;
}

const isDone = ({ event }: { readonly event: string }): boolean => event === 'done';
/** Another question takes its answer away; the same one asked again leaves it. */
const onlySame = <A>(before: A | null, same: boolean): A | null => (same ? before : null);

/** Makes it; nothing is asked before something is started. */
export function createPatching(client: Client): Patching {
  const sweep = createFollow<SweepRequest, SweepEvent, Sweep>({
    name: 'The sweep',
    open: (request, signal) => client.sweep(request, signal),
    isLast: isDone,
    empty: { plan: null, cells: new Map(), baselines: null, record: null },
    begin: (before, same) =>
      same ? before : { ...before, cells: new Map<string, SweepCell>(), baselines: null, record: null },
    progress: ({ plan, cells }) =>
      plan && { what: 'cells', done: cells.size, all: plan.sites.length * plan.positions.length },
    take(before, { event, data }) {
      if (event === 'plan') return { ...before, plan: data };
      if (event === 'done') return { ...before, record: data.record };
      if (event !== 'cell') return before;
      const cells = new Map(before.cells).set(`${data.site} ${data.position}`, data);
      return { ...before, cells, baselines: data.baselines };
    },
  });
  const sites = createFollow<PatchRequest, PatchEvent, DataOf<PatchEvent, 'result'> | null>({
    name: 'The patch',
    open: (request, signal) => client.patch(request, signal),
    isLast: isDone,
    empty: null,
    begin: onlySame,
    take: (before, { event, data }) => (event === 'result' ? data : before),
  });
  const experiment = createFollow<ExperimentRequest, ExperimentEvent, Finding | null>({
    name: 'The experiment',
    open: (request, signal) => client.experiment(request, signal),
    isLast: isDone,
    empty: null,
    begin: onlySame,
    take: (before, { event, data }) =>
      event === 'orders' ? { orders: data } : event === 'ablation' ? { ablation: data.record } : before,
  });
  const attribution = createFollow<
    AttributionRequest,
    AttributionEvent,
    DataOf<AttributionEvent, 'result'> | null
  >({
    name: 'The attribution',
    open: (request, signal) => client.attribution(request, signal),
    isLast: isDone,
    empty: null,
    take: (before, { event, data }) => (event === 'result' ? data : before),
  });
  return {
    contrast: createFollow(
      once('The contrast', (request: ContrastRequest, signal) => client.contrast(request, signal)),
    ),
    sweep,
    sites,
    experiment,
    attribution,
    experiments: (caseId) => client.experiments(caseId),
    stop() {
      for (const work of [sweep, sites, experiment, attribution]) work.cancel();
    },
  };
}
