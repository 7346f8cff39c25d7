/**
 * A share of trials with its interval.
 * @module
 */

/** How many of so many, and what that says of the share itself. */
export interface Share {
  /** 0 … 1. */
  readonly share: number;
  /** Ends of the 95% interval. */
  readonly low: number;
  readonly high: number;
  readonly hits: number;
  /** Trials. */
  readonly n: number;
}

/** Quantile of the normal distribution with 2.5% above it. */
const normalQuantile = 1.959963984540054;

/**
 * The share of independent trials that hit, with Wilson's score interval (J. Am. Stat. Assoc. 22, 1927), which stays
 * inside 0 … 1 and has a width where all or none hit.
 * @param hits 0 … n
 * @param n trials, 1 at least
 * @throws RangeError for no trials, or more hits than trials
 */
export function shareOf(hits: number, n: number): Share {
  if (!(n >= 1 && hits >= 0 && hits <= n)) throw new RangeError(`${hits} of ${n} is no share`);
  const share = hits / n;
  const squared = normalQuantile ** 2;
  const middle = (share + squared / (2 * n)) / (1 + squared / n);
  const half =
    (normalQuantile / (1 + squared / n)) * Math.sqrt((share * (1 - share)) / n + squared / (4 * n * n));
  return {
    share,
    // Where none or all hit, an end is the share itself but for rounding.
    low: hits === 0 ? 0 : Math.max(0, middle - half),
    high: hits === n ? 1 : Math.min(1, middle + half),
    hits,
    n,
  };
}
