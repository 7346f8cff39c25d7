/**
 * The two 16-bit floats that weights are stored in. A float16 has 1 sign, 5 exponent and 10 fraction bits (largest
 * 65,504, smallest step 2⁻²⁴); a bfloat16 is the upper half of a float32.
 * @module
 */

/**
 * Rounds float32 values to float16, to the nearest and in a tie to the even one, as IEEE 754 says.
 * @returns the bits; values of 65,520 and more become infinite, NaN stays NaN
 * @example encodeFloat16(Float32Array.of(1)) // Uint16Array [0x3c00]
 */
export function encodeFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i] ?? 0;
    const bits = word[0] ?? 0;
    halves[i] = ((bits >>> 16) & 0x8000) | encodeMagnitude(bits & 0x7fffffff);
  }
  return halves;
}

/** Float16 bits of a float32 without its sign bit. */
function encodeMagnitude(magnitude: number): number {
  if (magnitude > 0x7f800000) return 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return 0x7c00; // 65,520 lies halfway to 2¹⁶, and 2¹⁶ is even
  if (magnitude >= 0x38800000) return roundOff(magnitude - 0x38000000, 13); // from 2⁻¹⁴: exponents differ by 112
  const exponent = magnitude >>> 23;
  if (exponent < 102) return 0; // under 2⁻²⁵, half of the smallest step
  return roundOff((magnitude & 0x7fffff) | 0x800000, 126 - exponent); // in steps of 2⁻²⁴
}

/** Drops the lowest bits of a whole number, rounding to nearest and in a tie to even. */
function roundOff(number: number, bits: number): number {
  const odd = (number >>> bits) & 1;
  return (number + (1 << (bits - 1)) - 1 + odd) >>> bits;
}

/** Widens float16 bits to float32, exactly. */
export function decodeFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(halves.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i] ?? 0;
    const exponent = half & 0x7c00;
    if (exponent === 0) {
      values[i] = (half & 0x8000 ? -1 : 1) * (half & 0x3ff) * 2 ** -24;
    } else {
      const rebias = exponent === 0x7c00 ? 0x70000000 : 0x38000000;
      words[i] = ((half & 0x8000) << 16) | (((half & 0x7fff) << 13) + rebias);
    }
  }
  return values;
}

/** Widens bfloat16 bits to float32, exactly. */
export function decodeBfloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = (halves[i] ?? 0) << 16;
  return new Float32Array(words.buffer);
}
