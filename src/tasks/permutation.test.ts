import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permute, rankOf } from './permutation.js';

describe('permute', () => {
  it.each([1, 2, 3, 5, 16, 17, 729, 1000])('is a bijection on %i numbers', (size) => {
    const seen = new Set<number>();
    for (let rank = 0; rank < size; rank++) {
      const index = permute(rank, size, 77);
      expect(index >= 0 && index < size).toBe(true);
      expect(rankOf(index, size, 77)).toBe(rank);
      seen.add(index);
    }
    expect(seen.size).toBe(size);
  });

  it('is undone by rankOf at every size and key', () => {
    const sized = fc
      .integer({ min: 1, max: 2 ** 31 - 1 })
      .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size - 1 }), fc.integer()));
    fc.assert(
      fc.property(sized, ([size, rank, key]) => {
        expect(rankOf(permute(rank, size, key), size, key)).toBe(rank);
      }),
    );
  });

  it('gives other orders for other keys, and takes no account of the index: first ranks spread evenly', () => {
    const orders = new Set(Array.from({ length: 50 }, (_, key) => permute(0, 1_000_000, key)));
    expect(orders.size).toBeGreaterThan(45);
    let sum = 0;
    for (let rank = 0; rank < 2000; rank++) sum += permute(rank, 810_000, 5) / 810_000;
    expect(Math.abs(sum / 2000 - 0.5)).toBeLessThan(0.03);
  });
});
