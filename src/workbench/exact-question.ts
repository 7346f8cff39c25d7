/**
 * Questions about exact sets: which inputs are run, those that agree with one in some parts or all of a task's, and at
 * which place they are compared.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { expectEnumerable } from '../inversion/enumerate/activations.js';
import { type ExactPreimages } from '../inversion/enumerate/exact.js';
import { type Prior, createPrior } from '../interpret/prior.js';
import { activationsOf } from '../interpret/queries.js';
import { type QueryRecord } from '../interpret/records.js';
import { type HeldTask, heldTask, isHeld } from '../tasks/held-task.js';
import { type Task } from '../tasks/task.js';
import { type Bench } from './bench.js';
import { limits } from './limits.js';
import { type OpenCase } from './open-cases.js';
import { paceOf } from './pace.js';
import { placed, queryOf, viewed } from './query-records.js';

/** Names of the parts that vary; the task's choice unless given. */
export const varySchema = z.array(z.string().max(200)).min(1).max(limits.parts).optional();

/** What an exact set is asked by. */
export const exactFields = {
  ...placed,
  ...viewed,
  vary: varySchema,
  /** Whether inputs are compared at the place of the query alone, not at the nearest of all their positions. */
  atPlace: z.boolean().default(false),
};
type ExactRequest = z.output<z.ZodObject<typeof exactFields>>;

/** A question in the program's own terms. */
export interface ExactQuestion<Among extends Task = Task> {
  readonly query: QueryRecord;
  readonly ids: readonly number[];
  /** The task of the inputs that are run. */
  readonly among: Among;
  /** The place at which inputs are compared; null for the nearest of all positions. */
  readonly onlyAt: string | null;
}

/** A question about inputs that agree with one in some parts. @throws InputError naming what cannot be taken */
export const conditionalQuestion = (own: OpenCase, request: ExactRequest): ExactQuestion<HeldTask> =>
  questionOf(own, request, (ids) => heldTask(own.task, ids, request.vary));

/**
 * A question about the same or, where a task does not say what its inputs are made of, about all of them.
 * @throws InputError naming what cannot be taken
 */
export const exactQuestion = (own: OpenCase, request: ExactRequest): ExactQuestion =>
  questionOf(own, request, (ids) => {
    const { task } = own;
    if (task.variation !== undefined || request.vary !== undefined) return heldTask(task, ids, request.vary);
    expectEnumerable(task);
    return task;
  });

function questionOf<Among extends Task>(
  own: OpenCase,
  request: ExactRequest,
  amongOf: (ids: readonly number[]) => Among,
): ExactQuestion<Among> {
  const { query, ids } = queryOf(own, request);
  if (request.atPlace && query.place === null)
    throw new InputError(
      `Position ${query.position} has no name by which other inputs have it: compare at the nearest position.`,
    );
  return { query, ids, among: amongOf(ids), onlyAt: request.atPlace ? query.place : null };
}

/** Held tasks with the features of their inputs, kept for other sites, thresholds and metrics. */
const mostHeld = 3;

function createHeldPriors() {
  const known = new Map<string, Prior>();
  return {
    of(task: HeldTask): Prior {
      const key = task.data?.identity ?? '';
      const own = known.get(key) ?? createPrior(task);
      known.delete(key);
      known.set(key, own);
      for (const old of [...known.keys()].slice(0, -mostHeld)) known.delete(old);
      return own;
    },
  };
}

/** What a question is answered with. */
export interface RunInputs {
  readonly exact: ExactPreimages;
  /** The query's activation. */
  readonly z: Float32Array;
  /** Features of the inputs that were run; its task is theirs. */
  readonly prior: Prior;
}

/**
 * Works with the inputs of a question, which are run unless they have been.
 * @param onProgress called with how many have been run
 */
export async function withInputs<R>(
  own: OpenCase,
  bench: Bench,
  { query: { site, position }, ids, among }: ExactQuestion,
  { onProgress, signal }: { onProgress(done: number, all: number): void; readonly signal: AbortSignal },
  work: (inputs: RunInputs) => Promise<R>,
): Promise<R> {
  const { model, task } = own;
  const [z = new Float32Array(0)] = await activationsOf(bench.runtime, model, task, site, [
    { ids, position },
  ]);
  const pace = paceOf(own);
  const begun = performance.now();
  const passing = {
    onProgress(done: number, all: number): void {
      pace.note(site, done, (performance.now() - begun) / 1000);
      onProgress(done, all);
    },
    signal,
  };
  return bench.passes.use(model, among, site, passing, (exact) => {
    signal.throwIfAborted();
    const prior = isHeld(among) ? own.part(createHeldPriors, undefined).of(among) : bench.priorOf(own.task);
    return work({ exact, z, prior });
  });
}
