/**
 * Quantiles of the gamma distribution, which intervals of weighted counts need.
 * @module
 */

/** Natural logarithm of the gamma function, by Lanczos' approximation (g = 7, nine terms); error below 1e-13. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const sum = terms.reduce((total, term, at) => total + (at === 0 ? term : term / (x - 1 + at)), 0);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * The regularized lower incomplete gamma function `P(shape, x)`: the share of a gamma distribution of scale 1 below x.
 * The series serves small x, the continued fraction (Lentz' way) the rest.
 */
export function gammaShare(shape: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n < 10_000 && Math.abs(term) > 1e-16 * Math.abs(sum); n++) {
      term *= x / (shape + n);
      sum += term;
    }
    return Math.min(1, front * sum);
  }
  const least = 1e-300;
  let b = x + 1 - shape;
  let c = 1 / least;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 10_000; n++) {
    const a = -n * (n - shape);
    b += 2;
    d = 1 / nonZero(a * d + b, least);
    c = nonZero(b + a / c, least);
    const factor = d * c;
    fraction *= factor;
    if (Math.abs(factor - 1) < 1e-15) break;
  }
  return Math.max(0, 1 - front * fraction);
}

const nonZero = (value: number, least: number): number => (Math.abs(value) < least ? least : value);

/**
 * The value below which a share of a gamma distribution lies.
 * @param share in 0 … 1
 * @param shape, scale of the distribution; its mean is their product
 */
export function gammaQuantile(share: number, shape: number, scale = 1): number {
  if (!(shape > 0) || share <= 0) return 0;
  let most = Math.max(1, shape);
  while (gammaShare(shape, most) < share) most *= 2;
  // Halved in logarithms, since quantiles of small shapes are minute; halving is slow and cannot fail.
  let [low, high] = [-745, Math.log(most)];
  while (high - low > 1e-14 * Math.max(1, Math.abs(high))) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (gammaShare(shape, Math.exp(middle)) < share) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2) * scale;
}
