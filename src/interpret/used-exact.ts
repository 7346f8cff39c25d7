/**
 * Used versus contained over all inputs of a task: the activation of each is put into the query's run.
 * @module
 */
import { answerReads } from '../causal/answer-reads.js';
import { createInserter } from '../causal/insertion.js';
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type ExactPreimages, type ExactSet } from '../inversion/enumerate/exact.js';
import { type Used } from '../inversion/reading-parts.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Prior } from './prior.js';
import { exactSample } from './sample.js';
import { type InsideSample, answerOf, curveKls, klFigures, usedRecord, usualMaxKl } from './used.js';

/** Which activation is asked about. */
export interface UsedExactQuery {
  /** Ids from BOS to EOS. */
  readonly ids: readonly number[];
  readonly position: number;
  readonly epsilon: number;
  readonly seed: number;
  /** In nats; {@link usualMaxKl} unless given. */
  readonly maxKl?: number;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** Activations put in before anyone may stop it, and in memory at a time. */
const portion = 4096;

/** What each input's activation did to the query's answer. */
export interface ExactEffects {
  /** In nats; NaN for an input that does not have the place at which inputs are compared. */
  readonly kl: Float64Array;
  /** null where the task names no contrast answer. */
  readonly logitDifference: Float64Array | null;
  /** With the query's own activation. */
  readonly own: number | null;
}

/**
 * Puts the activation of every input, at the position where it is nearest, into the query's run. Activations that inputs
 * share are put in once.
 * @param set of the query, with the distances of all inputs
 * @throws InputError for a position that nothing of the answer is predicted after
 */
export async function exactEffects(
  runtime: Runtime,
  model: HookedModel,
  { task }: Prior,
  exact: ExactPreimages,
  { distances, positions }: Pick<ExactSet, 'distances' | 'positions'>,
  { ids, position, onProgress, signal }: Pick<UsedExactQuery, 'ids' | 'position' | 'onProgress' | 'signal'>,
): Promise<ExactEffects> {
  const reads = answerReads(task, ids, position);
  const { count, of, rows } = exact.distinct(positions);
  const inserter = await createInserter(runtime, model, { ids, site: exact.site, position, reads }, count);
  const kls = new Float64Array(count);
  const differences = reads.difference === null ? null : new Float64Array(count);
  try {
    for (let start = 0; start < count; start += portion) {
      const end = Math.min(count, start + portion);
      const { kl, logitDifference } = await inserter.insert(rows(start, end), {
        onProgress: (done) => onProgress?.(start + done, count),
        ...(signal === undefined ? {} : { signal }),
      });
      kls.set(kl, start);
      if (logitDifference !== null) differences?.set(logitDifference, start);
    }
  } finally {
    await inserter.dispose();
  }
  // Without the place at which inputs are compared there is no activation to put in.
  const spread = (values: Float64Array): Float64Array =>
    Float64Array.from(of, (number, input) => (distances[input] === Infinity ? NaN : (values[number] ?? NaN)));
  return {
    kl: spread(kls),
    logitDifference: differences === null ? null : spread(differences),
    own: inserter.logitDifference,
  };
}

/**
 * Used versus contained, exactly.
 * @param prior features over the inputs of the pass, complete
 * @param set of the query, with the distances of all inputs
 * @throws InputError as {@link exactEffects} does
 */
export async function usedExactly(
  runtime: Runtime,
  model: HookedModel,
  prior: Prior,
  exact: ExactPreimages,
  set: ExactSet,
  query: UsedExactQuery,
): Promise<Used> {
  const { task } = prior;
  const { ids, position, seed, maxKl = usualMaxKl } = query;
  const { kl, logitDifference, own } = await exactEffects(runtime, model, prior, exact, set, query);
  const compared = Array.from(kl.keys()).filter((input) => !Number.isNaN(kl[input]));
  if (compared.length === 0) throw new InputError('No input has the place at which inputs are compared.');
  const near = new Uint8Array(set.total);
  for (const input of set.members) near[input] = 1;
  const members = (most: number): number[] => compared.filter((input) => (kl[input] ?? NaN) <= most);
  const insideOf = (inputs: readonly number[] | Uint32Array): InsideSample => ({
    sample: exactSample(prior, { members: Uint32Array.from(inputs) }),
    bits: inputs.length === 0 ? null : Math.log2(set.total / inputs.length),
  });
  const effect = members(maxKl);
  const both = effect.filter((input) => near[input] === 1).length;
  const mean = (inputs: readonly number[]): number | null =>
    logitDifference === null || inputs.length === 0
      ? null
      : inputs.reduce((sum, input) => sum + (logitDifference[input] ?? NaN), 0) / inputs.length;
  return usedRecord(prior, {
    ids,
    seed,
    answer: answerOf(task, answerReads(task, ids, position)),
    maxKl,
    inputs: 'all',
    parts: {
      both,
      distanceOnly: set.size - both,
      effectOnly: effect.length - both,
      neither: set.total - set.size - effect.length + both,
    },
    kl: klFigures(compared.map((input) => kl[input] ?? 0)),
    logitDifference:
      own === null
        ? null
        : { own, distance: mean([...set.members]), effect: mean(effect), all: mean(compared) ?? own },
    distance: insideOf(set.members),
    effect: insideOf(effect),
    curve: curveKls.map((most) => ({ maxKl: most, ...insideOf(members(most)) })),
  });
}
