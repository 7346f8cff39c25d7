/**
 * What members of a preimage that were searched for have in common. A search says nothing of how often its finds occur:
 * each counts by its own probability, and no amount of bits is given.
 * @module
 */
import { type Metric } from '../inversion/metrics.js';
import { type Readout } from '../inversion/reading.js';
import { type Candidate } from '../inversion/view.js';
import { capability } from '../tasks/capabilities.js';
import { readoutByPlace } from './by-place.js';
import { type FeatureBits, featureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { type WeightedSample, weightedSample } from './sample.js';

/** Members that were found, measured. */
export interface FoundFeatures {
  /** The most informative first; shares count each find by its own probability. */
  readonly features: readonly FeatureBits[];
  readonly readout: Readout;
  /** Distinct inputs of the task inside. */
  readonly inside: number;
}

/** Puts what was found inside in words. @param ids the query's input */
export const foundReadout = (...found: Parameters<typeof foundFeatures>): Readout =>
  foundFeatures(...found).readout;

/** Measures what was found inside. @param ids the query's input */
export function foundFeatures(
  prior: Prior,
  ids: readonly number[],
  candidates: readonly Candidate[],
  { epsilon, metric, seed }: { readonly epsilon: number; readonly metric: Metric; readonly seed: number },
): FoundFeatures {
  const inside = new Map(
    candidates.flatMap((candidate) => {
      const { distance, position } = candidate.verdicts[metric];
      return candidate.valid && distance <= epsilon
        ? [[candidate.ids.join(), { ids: candidate.ids, position }]]
        : [];
    }),
  );
  const sample = foundSample(prior, [...inside.values()]);
  const figures = featureBits(prior, sample, ids, seed);
  const information = { bits: null, low: 0, high: null };
  const readout = { ...readoutByPlace(prior, sample, figures, ids, seed, information), searched: true };
  return { features: figures, readout, inside: inside.size };
}

/** Inputs that were found, each counted by its own probability. @param inputs distinct ones, and where each matches */
export function foundSample(
  prior: Prior,
  inputs: readonly { readonly ids: readonly number[]; readonly position: number }[],
): WeightedSample {
  const { logProbability } = capability(prior.task, 'distribution', 'A readout');
  const logs = inputs.map((one) => ({ ...one, log: logProbability(one.ids) }));
  const most = logs.reduce((least, { log }) => Math.max(least, log), -Infinity);
  const weighted = logs.map(({ log, ...one }) => ({ ...one, weight: Math.exp(log - most) }));
  const sum = weighted.reduce((all, { weight }) => all + weight, 0);
  const squares = weighted.reduce((all, { weight }) => all + weight ** 2, 0);
  return weightedSample(prior, weighted, squares === 0 ? 0 : sum ** 2 / squares);
}
