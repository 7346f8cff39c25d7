/**
 * What a site holds of each feature over many queries: the mean of the bits that single activations give, which is the
 * mutual information of feature and activation as far as ε resolves it. Intervals come from drawing the queries again.
 * @module
 */
import { type Random } from '../random.js';
import { type FeatureBits } from './feature-bits.js';

/** A mean over queries with its 95% interval. */
export interface Mean {
  readonly bits: number;
  readonly low: number;
  readonly high: number;
}

/** What one query gave. */
export interface QueryBits {
  /** Information in the activation; null where no number could be given. */
  readonly bits: number | null;
  readonly features: readonly FeatureBits[];
}

/** What queries at one site and place gave together. */
export interface SiteBits {
  readonly queries: number;
  /** Over the queries with a number; null when there is none. */
  readonly total: Mean | null;
  /** How many of the queries have a number. */
  readonly counted: number;
  readonly features: readonly (Mean & {
    readonly feature: string;
    /** Entropy over all inputs: the most there is to know. */
    readonly of: number;
    readonly consistency: number;
  })[];
}

const redraws = 1000;

/** The mean of values, and the interval in which it lies when the values are drawn again with replacement. */
export function meanOf(values: readonly number[], random: Random): Mean {
  const count = values.length;
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const means = Array.from({ length: redraws }, () => {
    let sum = 0;
    for (let draw = 0; draw < count; draw++) sum += values[random.int(count)] ?? 0;
    return sum / count;
  }).sort((a, b) => a - b);
  return {
    bits: mean(values),
    low: means[Math.floor(0.025 * redraws)] ?? NaN,
    high: means[Math.ceil(0.975 * redraws) - 1] ?? NaN,
  };
}

/** Sums up queries; features are given in the order of the first query's, the most telling first. */
export function siteBits(queries: readonly QueryBits[], random: Random): SiteBits {
  const counted = queries.flatMap(({ bits }) => (bits === null ? [] : [bits]));
  const names = [...new Set(queries.flatMap(({ features }) => features.map(({ feature }) => feature)))];
  const features = names.map((feature) => {
    const own = queries.flatMap((query) => query.features.find((one) => one.feature === feature) ?? []);
    const consistency = own.reduce((sum, one) => sum + one.consistency, 0) / own.length;
    return {
      feature,
      ...meanOf(
        own.map(({ bits }) => bits),
        random,
      ),
      of: own[0]?.before ?? 0,
      consistency,
    };
  });
  return {
    queries: queries.length,
    counted: counted.length,
    total: counted.length === 0 ? null : meanOf(counted, random),
    features: features.sort((a, b) => b.bits - a.bits),
  };
}
