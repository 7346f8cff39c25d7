/**
 * What verbs of models work with: cases that are open, a line for heavy work, and what outlives a case. Nothing here
 * knows a verb, a server or Node.
 * @module
 */
import { type z } from 'zod';
import { type Runtime } from '../engine/index.js';
import { type ActivationStore } from '../inversion/enumerate/saved-activations.js';
import { type Prior, createPrior } from '../interpret/prior.js';
import { type Task } from '../tasks/task.js';
import { limits } from './limits.js';
import { type Library, type OpenCase, type OpenCases, createOpenCases } from './open-cases.js';
import { type Passes, createPasses } from './passes.js';
import { type Preparation, createPreparation } from './preparation.js';
import { type Queue, createQueue } from './queue.js';
import { type Call, type Emitted, type EventSchemas, type Verb, verbsOf } from './verb.js';

/** Where a workbench runs. */
export interface Host {
  readonly version: string;
  /** Seconds since the start. */
  uptime(): number;
  /** Bytes of resident memory. */
  memory(): number;
  /** Takes a line on what went wrong and is no client's business. */
  report(line: string): void;
}

/** What a bench is made of. */
export interface BenchOptions {
  readonly host: Host;
  readonly library: Library;
  readonly runtime: Runtime;
  /** What small models are patched on; `runtime` unless given. */
  readonly oneThread?: Runtime;
  /** Where passes over all inputs are saved between runs; null saves none. */
  readonly store: ActivationStore | null;
}

/** See the module. */
export interface Bench {
  readonly host: Host;
  readonly library: Library;
  readonly runtime: Runtime;
  readonly oneThread: Runtime;
  readonly cases: OpenCases;
  readonly passes: Passes;
  readonly queue: Queue;
  readonly preparation: Preparation;
  /** Features over all inputs, some tens of megabytes a task: cases of one study share them. */
  priorOf(task: Task): Prior;
  /**
   * Works with a case when its turn comes; a stream is sent its place until then.
   * @param site whose graphs the work compiles, if it reads at one
   */
  turn<R>(caseId: string, call: Call, work: (own: OpenCase) => Promise<R>, site?: string): Promise<R>;
  dispose(): Promise<void>;
}

/** Makes a bench. */
export function createBench({ host, library, runtime, oneThread = runtime, store }: BenchOptions): Bench {
  const cases = createOpenCases(library);
  const passes = createPasses(runtime, store, host.report);
  const queue = createQueue(limits.waiting);
  const preparation = createPreparation();
  const priors = new WeakMap<Task, Prior>();
  return {
    host,
    library,
    runtime,
    oneThread,
    cases,
    passes,
    queue,
    preparation,
    priorOf(task) {
      const prior = priors.get(task) ?? createPrior(task);
      priors.set(task, prior);
      return prior;
    },
    async turn(caseId, { emit, signal }, work, site) {
      const sendPlace = emit as (event: { event: 'queued'; data: object }) => void;
      const onAhead = (ahead: number): void => {
        const preparing =
          ahead > 0 || site === undefined || preparation.isReady(caseId, site)
            ? null
            : 'The first reading at this site: its graphs are being compiled.';
        sendPlace({ event: 'queued', data: { ahead, preparing } });
      };
      const result = await queue.run(() => cases.use(caseId, work), { signal, onAhead });
      if (site !== undefined) preparation.note(caseId, site);
      return result;
    },
    async dispose() {
      await cases.dispose();
      await passes.dispose();
    },
  };
}

/** Types verbs that work with a bench. */
export const benchVerb = verbsOf<Bench>();

/** Work on a case that was planned when its request was accepted. */
export interface Turns<Plan, E> extends Call<E> {
  readonly bench: Bench;
  /** Works when its turn comes; another turn may be had after it. @param site as of a bench's `turn` */
  turn<R>(work: (own: OpenCase, plan: Plan) => Promise<R>, site?: string): Promise<R>;
}

/**
 * A stream about one case. What is wrong with a request shows in its plan, which is made before the stream begins, and
 * again should the case have been loaded anew by its turn.
 */
export const caseStream = <
  Body extends z.ZodType<{ readonly case: string }>,
  Events extends EventSchemas,
  Plan,
>({
  body,
  events,
  plan,
  run,
}: {
  readonly body: Body;
  readonly events: Events;
  /** @throws InputError naming what cannot be taken */
  plan(own: OpenCase, request: z.output<Body>, bench: Bench): Plan;
  run(turns: Turns<Plan, Emitted<Events>>, plan: Plan, request: z.output<Body>): Promise<void>;
}): Verb<Bench, undefined, Body, undefined, Events, Planned<Plan>> => {
  type Request = z.output<Body>;
  const verb = {
    body,
    events,
    open(request: Request, bench: Bench): Promise<Planned<Plan>> {
      bench.queue.expectRoom();
      return bench.cases.use(request.case, (own) => ({ own, plan: plan(own, request, bench) }));
    },
    run(request: Request, bench: Bench, call: Call<Emitted<Events>>, planned: Planned<Plan>) {
      const turn: Turns<Plan, Emitted<Events>>['turn'] = (work, site) =>
        bench.turn(
          request.case,
          call,
          (own) => work(own, own === planned.own ? planned.plan : plan(own, request, bench)),
          site,
        );
      return run({ ...call, bench, turn }, planned.plan, request);
    },
  };
  // The type of a request is worked out for schemas that are known, not for `Body`.
  return verb as unknown as Verb<Bench, undefined, Body, undefined, Events, Planned<Plan>>;
};

interface Planned<Plan> {
  readonly own: OpenCase;
  readonly plan: Plan;
}
