/**
 * A mean with its standard error.
 * @module
 */

/** What a sample says of a mean. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation of the sample over √n; NaN (in JSON `null`) where n is 1. */
  readonly standardError: number;
  readonly n: number;
}

/** Mean and standard error of numbers; sums run in float64. */
export function estimate(values: ArrayLike<number>): Estimate {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i] ?? 0;
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += ((values[i] ?? 0) - mean) ** 2;
  return { mean, standardError: Math.sqrt(squares / (n - 1) / n), n };
}

/** Mean and standard error of `a − b`, pair by pair. */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>): Estimate {
  return estimate(Float64Array.from({ length: a.length }, (_, i) => (a[i] ?? 0) - (b[i] ?? 0)));
}
