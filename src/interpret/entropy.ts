/**
 * Entropies in bits.
 * @module
 */

/**
 * Shares of the values of a feature, by number.
 * @param codes number of the value in each input
 * @param shares of the inputs; null where all are alike
 */
export function histogram(codes: Int32Array, shares: Float64Array | null, values: number): Float64Array {
  const out = new Float64Array(values);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    out[code] = (out[code] ?? 0) + (shares === null ? 1 : (shares[at] ?? 0));
  }
  // Divided once, so that what all inputs have is exactly 1.
  return shares === null ? out.map((count) => count / Math.max(1, codes.length)) : out;
}

/**
 * The entropy of a distribution known from draws. The plain sum is too small for few draws; Miller and Madow's term,
 * half a nat a value over the number of draws, mends that to first order.
 * @param effective independent draws behind the shares; infinite where they are exact
 * @returns bits, never more than the logarithm of the draws' or values' number admits
 */
export function entropy(shares: Float64Array, effective = Infinity): number {
  let bits = 0;
  let met = 0;
  for (const share of shares) {
    if (share <= 0) continue;
    met += 1;
    bits -= share * Math.log2(share);
  }
  const mended = Math.max(0, bits) + (met > 1 ? (met - 1) / (2 * Math.LN2 * effective) : 0);
  return Math.max(0, Math.min(mended, Math.log2(Math.max(1, shares.length))));
}
