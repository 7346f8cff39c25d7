/**
 * A share of trials with its interval.
 * @module
 */

/** How many of so many, and what that says of the share itself. */
export interface Share {
  /** 0 … 1. */
  readonly share: number;
  /** Ends of the interval, of 95% of cases unless another level was given. */
  readonly low: number;
  readonly high: number;
  readonly hits: number;
  /** Trials. */
  readonly n: number;
}

/** Quantiles of the normal distribution, by the share of cases between them and their negatives. */
const normalQuantiles = { 0.95: 1.959963984540054, 0.975: 2.241402727604947 } as const;
/** Share of cases in which an interval holds the true value. */
export type Level = keyof typeof normalQuantiles;

/**
 * The share of independent trials that hit, with Wilson's score interval (J. Am. Stat. Assoc. 22, 1927), which stays
 * inside 0 … 1 and has a width where all or none hit.
 * @param hits 0 … n
 * @param n trials, 1 at least
 * @param level of the interval; two intervals of 0.975 both hold in 0.95 of cases
 * @throws RangeError for no trials, or more hits than trials
 */
export function shareOf(hits: number, n: number, level: Level = 0.95): Share {
  if (!(n >= 1 && hits >= 0 && hits <= n)) throw new RangeError(`${hits} of ${n} is no share`);
  const share = hits / n;
  const quantile = normalQuantiles[level];
  const squared = quantile ** 2;
  const middle = (share + squared / (2 * n)) / (1 + squared / n);
  const half = (quantile / (1 + squared / n)) * Math.sqrt((share * (1 - share)) / n + squared / (4 * n * n));
  return {
    share,
    // Where none or all hit, an end is the share itself but for rounding.
    low: hits === 0 ? 0 : Math.max(0, middle - half),
    high: hits === n ? 1 : Math.min(1, middle + half),
    hits,
    n,
  };
}
