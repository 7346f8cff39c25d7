/**
 * What an ε-preimage says of each feature: its entropy over all inputs, less its entropy inside; and how often inputs
 * inside have the query's own value (the feature consistency rate of InverseScope, arXiv 2506.07406).
 * @module
 */
import { type Random, randomFor } from '../random.js';
import { type FeatureValue, featureValue } from '../tasks/feature.js';
import { entropy, histogram } from './entropy.js';
import { type FeatureTable, type Prior } from './prior.js';
import { type WeightedSample } from './sample.js';

/** What is known of one feature. */
export interface FeatureBits {
  readonly feature: string;
  /** Entropy over all inputs, less that inside the preimage. */
  readonly bits: number;
  /** Entropy over all inputs. */
  readonly before: number;
  readonly after: number;
  /** Bits that as many inputs drawn blindly seldom seem to give, in one of twenty cases; 0 of a known set. */
  readonly baseline: number;
  /** Share of the preimage with the query's value. */
  readonly consistency: number;
  /** The query's value. */
  readonly value: FeatureValue;
}

/** Sets of blind draws, and which of them by size is the baseline: one more set exceeds it with a chance of 5 in 100. */
const [blindSets, baselineRank] = [99, 95];

/**
 * Measures every feature of a prior, those that tell most above their baseline first.
 * @param ids the query's input
 * @param seed decides the blind draws of the baselines, of each feature by itself
 */
export const featureBits = (
  prior: Prior,
  sample: WeightedSample,
  ids: readonly number[],
  seed: number,
): FeatureBits[] => ranked(prior.tables.map((_, at) => bitsOfFeature(prior, at, sample, ids, seed)));

/** Those that tell most above their baseline first. */
export const ranked = (figures: readonly FeatureBits[]): FeatureBits[] =>
  [...figures].sort((a, b) => b.bits - b.baseline - (a.bits - a.baseline));

/** Measures one feature. @param at its number in the prior */
export function bitsOfFeature(
  prior: Prior,
  at: number,
  sample: WeightedSample,
  ids: readonly number[],
  seed: number,
): FeatureBits {
  const table = prior.tables[at];
  if (table === undefined) throw new RangeError(`there is no feature ${at}`);
  const codes = sample.codes[at] ?? new Int32Array(0);
  const value = featureValue(prior.task, table.feature, ids);
  const own = table.codeOf(value);
  const inside = histogram(codes, sample.shares, table.values.length);
  const before = priorEntropy(prior, table);
  const after = entropy(inside, sample.effective);
  return {
    feature: table.feature.name,
    bits: before - after,
    before,
    after,
    baseline: blindBits(
      prior,
      table,
      before,
      sample.effective,
      randomFor(seed, 'baseline', table.feature.name),
    ),
    consistency: inside[own] ?? 0,
    value,
  };
}

/** Entropy of a feature over all inputs. */
export const priorEntropy = ({ inputs, complete }: Prior, { codes, values }: FeatureTable): number =>
  entropy(histogram(codes, null, values.length), complete ? Infinity : inputs);

/** Draws so many inputs without looking at any activation and asks what they would seem to tell. */
function blindBits(
  prior: Prior,
  { codes, values }: FeatureTable,
  before: number,
  effective: number,
  random: Random,
): number {
  if (effective === Infinity) return 0;
  const draws = Math.min(Math.max(1, Math.round(effective)), 4096);
  const seeming = Array.from({ length: blindSets }, () => {
    const drawn = Int32Array.from({ length: draws }, () => codes[random.int(prior.inputs)] ?? 0);
    return before - entropy(histogram(drawn, null, values.length), draws);
  }).sort((a, b) => a - b);
  return Math.max(0, seeming[baselineRank - 1] ?? 0);
}
