import { describe, expect, it } from 'vitest';
import { decodeBfloat16, decodeFloat16, encodeFloat16 } from './float16.js';

const halves = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const one = (value: number): number => encodeFloat16(Float32Array.of(value))[0] ?? -1;

/** The float32 that follows one in the direction away from zero (+1) or towards it (-1). */
function neighbour(value: number, step: 1 | -1): number {
  const word = new Uint32Array(Float32Array.of(value).buffer);
  word[0] = (word[0] ?? 0) + step;
  return new Float32Array(word.buffer)[0] ?? NaN;
}

describe('float16', () => {
  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ])('reads 0x%s as %d', (bits, value) => {
    expect(decodeFloat16(Uint16Array.of(bits))[0]).toBe(value);
    expect(one(value)).toBe(bits);
  });

  it('gives back every value, the sign of zero included', () => {
    const numbers = halves.filter((bits) => (bits & 0x7fff) <= 0x7c00);
    expect(encodeFloat16(decodeFloat16(numbers))).toEqual(numbers);
    expect(Object.is(decodeFloat16(Uint16Array.of(0x8000))[0], -0)).toBe(true);
  });

  it('keeps NaN', () => {
    const nans = halves.filter((bits) => (bits & 0x7fff) > 0x7c00);
    expect(decodeFloat16(nans).every(Number.isNaN)).toBe(true);
    expect((one(NaN) & 0x7fff) > 0x7c00).toBe(true);
  });

  it('rounds to nearest, ties to even, between all neighbours', () => {
    // Rounding is monotonic, so the three float32 values around each midpoint settle all that lie between.
    const decoded = decodeFloat16(halves);
    const wrong: number[] = [];
    for (let bits = 0; bits < 0x7c00; bits++) {
      const next = bits === 0x7bff ? 65536 : (decoded[bits + 1] ?? NaN);
      const middle = ((decoded[bits] ?? NaN) + next) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const given = [neighbour(middle, -1), middle, neighbour(middle, 1), -middle].map(one);
      if (given.join() !== [bits, even, bits + 1, even | 0x8000].join()) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('makes what is too large infinite', () => {
    expect([65519.99609375, 65520, 1e30, -1e30].map(one)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
  });
});

describe('bfloat16', () => {
  it('is the upper half of a float32', () => {
    expect([...decodeBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x0001))]).toEqual([
      1,
      -2,
      3.140625,
      2 ** -133,
    ]);
  });
});
