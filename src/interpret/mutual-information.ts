/**
 * What a site holds of each feature over many queries: the mean of the bits that single activations give, which is the
 * mutual information of feature and activation as far as ε resolves it. Intervals are those of a mean of so many queries.
 * @module
 */
import { type FeatureBits } from './feature-bits.js';
import { tWithin } from './student-t.js';

/** A mean over queries with its 95% interval, which one query does not give. */
export interface Mean {
  readonly bits: number;
  readonly low: number | null;
  readonly high: number | null;
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

/**
 * The mean of values with Student's interval: values that say all there is to say, or nothing, lie together at an end, and
 * of few of them percentiles of redraws would cover too little.
 * @param most that a value can be; no interval goes beyond, nor below 0
 */
export function meanOf(values: readonly number[], most = Infinity): Mean {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { bits: mean, low: null, high: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const reach = tWithin(count - 1) * Math.sqrt(variance / count);
  return {
    bits: mean,
    low: Math.min(mean, Math.max(0, mean - reach)),
    high: Math.max(mean, Math.min(most, mean + reach)),
  };
}

/** Sums up queries; features are given in the order of the first query's, the most informative first. */
export function siteBits(queries: readonly QueryBits[]): SiteBits {
  const counted = queries.flatMap(({ bits }) => (bits === null ? [] : [bits]));
  const names = [...new Set(queries.flatMap(({ features }) => features.map(({ feature }) => feature)))];
  const features = names.map((feature) => {
    const own = queries.flatMap((query) => query.features.find((one) => one.feature === feature) ?? []);
    const consistency = own.reduce((sum, one) => sum + one.consistency, 0) / own.length;
    const of = own[0]?.before ?? 0;
    const mean = meanOf(
      own.map(({ bits }) => bits),
      of,
    );
    return { feature, ...mean, of, consistency };
  });
  return {
    queries: queries.length,
    counted: counted.length,
    total: counted.length === 0 ? null : meanOf(counted),
    features: features.sort((a, b) => b.bits - a.bits),
  };
}
