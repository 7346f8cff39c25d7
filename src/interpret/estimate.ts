/**
 * The information in an activation, `−log2 P(x in the ε-preimage)`, estimated from the inputs that were found.
 *
 * Each distinct input found inside counts once, with its probability divided by the probability that the draws have it
 * among them (Horvitz and Thompson's estimate). It has no bias, whatever the decoder; it is exact when the draws are
 * sure to exhaust the preimage, and for large preimages it is importance sampling. The interval is Fay and Feuer's for
 * a weighted sum of counts (Statistics in Medicine 16, 1997): its upper end allows for one more input of the largest
 * weight, so it does not close just because nothing was found. It holds the true value at least as often as it says.
 * @module
 */
import { gammaQuantile } from './incomplete-gamma.js';
import { type Found, type Proposed } from './proposal.js';
import { type WeightedInput, weightOf } from './sample.js';

/** Fewer effective inputs than this give no number. */
export const fewestEffective = 8;

/** An estimate with an interval that holds the true value in at least 95% of cases. */
export interface Estimate {
  /** null where the effective sample size is too small for a number; the interval stands all the same. */
  readonly bits: number | null;
  readonly low: number;
  /** null where nothing was found. */
  readonly high: number | null;
  /** Independent finds that would give the same relative error, no more than there were draws inside. */
  readonly effectiveSamples: number;
}

/** @param level share of cases in which the interval shall hold the true value at the least: it errs on the wide side */
export function estimateBits({ found, inside, largestWeight }: Proposed, level = 0.95): Estimate {
  let sum = 0;
  let sure = 0;
  let variance = 0;
  for (const one of found) {
    const weight = weightOf(one);
    if (one.inclusion === 1) sure += weight;
    else sum += weight;
    variance += weight * weight * (1 - one.inclusion);
  }
  const [low, high] = countInterval(sum, variance, largestWeight, level).map((end) => sure + end);
  // The query's own input is inside whatever is drawn: alone it tells nothing of the others.
  const effective = inside === 0 ? 0 : Math.min(inside, (sure + sum) ** 2 / variance);
  return {
    bits: effective < fewestEffective ? null : bitsOf(sure + sum),
    low: bitsOf(high ?? 1),
    high: low !== undefined && low > 0 ? bitsOf(low) : null,
    effectiveSamples: effective,
  };
}

/**
 * Fay and Feuer's interval of a weighted sum of counts.
 * @param variance of the sum, estimated
 * @param largest weight that a count not seen could have
 */
export function countInterval(
  sum: number,
  variance: number,
  largest: number,
  level = 0.95,
): readonly [low: number, high: number] {
  const tail = (1 - level) / 2;
  return [gammaBound(tail, sum, variance), gammaBound(1 - tail, sum + largest, variance + largest ** 2)];
}

/** Quantile of the gamma distribution with a mean and a variance. */
const gammaBound = (share: number, mean: number, variance: number): number =>
  variance > 0 ? gammaQuantile(share, (mean * mean) / variance, variance / mean) : mean;

/** Information in bits of a probability; above 1 by rounding or chance counts as 1. */
export const bitsOf = (probability: number): number => -Math.log2(Math.min(1, probability));

/** The sample that found inputs make, for features. */
export const foundWeights = (found: readonly Found[]): WeightedInput[] =>
  found.map((one) => ({ ids: one.ids, position: one.position, weight: weightOf(one) }));
