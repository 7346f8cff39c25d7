/**
 * Student's t distribution with a whole number of degrees of freedom, which intervals of means need.
 * @module
 */

/**
 * The share of the distribution within ±t: the finite sums of Abramowitz and Stegun, Handbook of Mathematical Functions,
 * 26.7.3 and 26.7.4.
 */
export function tShare(freedom: number, t: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const square = Math.cos(angle) ** 2;
  const odd = freedom % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let power = odd ? 3 : 2; power < freedom; power += 2) {
    term *= ((power - 1) / power) * square;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** The t within whose ± a share of the distribution lies. @param freedom degrees of freedom, from 1 */
export function tWithin(freedom: number, share = 0.95): number {
  let [low, high] = [0, 1];
  while (tShare(freedom, high) < share) high *= 2;
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (tShare(freedom, middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
