import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.js';
import { shareOf } from './share.js';

describe('shareOf', () => {
  it('gives the interval of the published tables', () => {
    // Brown, Cai and DasGupta 2001 and Newcombe 1998 print these.
    const { share, low, high } = shareOf(81, 263);
    expect(share).toBeCloseTo(0.308, 3);
    expect([low, high].map((end) => Number(end.toFixed(4)))).toEqual([0.2553, 0.3662]);
    const none = shareOf(0, 20);
    expect([none.low, Number(none.high.toFixed(4))]).toEqual([0, 0.1611]);
    const one = shareOf(1, 29);
    expect([one.low, one.high].map((end) => Number(end.toFixed(4)))).toEqual([0.0061, 0.1718]);
  });

  it('holds the share, lies in 0 … 1, mirrors, and narrows with more trials', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, part) => {
          const hits = Math.round(part * n);
          const { share, low, high } = shareOf(hits, n);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low <= share && share <= high && low < high).toBe(true);
          const mirrored = shareOf(n - hits, n);
          expect(mirrored.low).toBeCloseTo(1 - high, 12);
          const more = shareOf(4 * hits, 4 * n);
          expect(more.high - more.low).toBeLessThan(high - low);
        },
      ),
    );
  });

  it('holds the true share about 95 times in 100', () => {
    const random = seededRandom(3);
    for (const truth of [0.5, 0.8, 0.97]) {
      const repeats = 2000;
      let held = 0;
      for (let i = 0; i < repeats; i++) {
        let hits = 0;
        for (let trial = 0; trial < 200; trial++) if (random.next() < truth) hits += 1;
        const { low, high } = shareOf(hits, 200);
        if (low <= truth && truth <= high) held += 1;
      }
      expect(held / repeats).toBeGreaterThan(0.93);
      expect(held / repeats).toBeLessThan(0.985);
    }
  });

  it.each([
    [0, 0],
    [3, 2],
    [-1, 2],
    [NaN, 2],
  ])('refuses %d of %d', (hits, n) => {
    expect(() => shareOf(hits, n)).toThrow(RangeError);
  });
});
