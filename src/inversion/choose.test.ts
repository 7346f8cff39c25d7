import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.js';
import { chooseShown } from './choose.js';

interface Candidate {
  readonly key: string;
  readonly distance: number;
  readonly inside: boolean;
  readonly round: number;
}

const many = (inside: number, outside: number): Candidate[] =>
  Array.from({ length: inside + outside }, (_, i) => ({
    key: String(i),
    distance: i < inside ? i / inside / 10 : 0.2 + i,
    inside: i < inside,
    round: i,
  })).toSorted((a, b) => ((a.round * 7919) % 101) - ((b.round * 7919) % 101));
const choose = (candidates: readonly Candidate[], count: number, seed = 1): Candidate[] =>
  chooseShown(candidates, ({ key }) => key, count, seededRandom(seed));
const insideOf = (shown: readonly Candidate[]): number => shown.filter(({ inside }) => inside).length;

describe('chooseShown', () => {
  it('shows 60 to 80% inside where there are enough of both', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 300 }),
        fc.integer({ min: 100, max: 300 }),
        fc.constantFrom(10, 25, 50, 100),
        fc.nat(1000),
        (inside, outside, count, seed) => {
          const shown = choose(many(inside, outside), count, seed);
          expect(shown).toHaveLength(count);
          expect(insideOf(shown) / count).toBeGreaterThanOrEqual(0.6);
          expect(insideOf(shown) / count).toBeLessThanOrEqual(0.8);
        },
      ),
    );
  });

  it('fills up with the other kind where one is short, and shows as many as it can', () => {
    fc.assert(
      fc.property(fc.nat(150), fc.nat(150), fc.nat(120), (inside, outside, count) => {
        const shown = choose(many(inside, outside), count);
        expect(shown).toHaveLength(Math.min(count, inside + outside));
        expect(new Set(shown).size).toBe(shown.length);
        // What is missing to the share of one kind is missing because there is no more of it.
        const wanted = Math.round(count * 0.7);
        if (insideOf(shown) < wanted) expect(insideOf(shown)).toBe(Math.min(inside, shown.length));
        if (shown.length - insideOf(shown) < count - wanted)
          expect(shown.length - insideOf(shown)).toBe(Math.min(outside, shown.length));
        expect(shown.map(({ distance }) => distance)).toEqual(
          shown.map(({ distance }) => distance).toSorted((a, b) => a - b),
        );
      }),
    );
  });

  it('shows one kind where there is one', () => {
    expect(insideOf(choose(many(500, 0), 100))).toBe(100);
    const outside = choose(many(0, 500), 100);
    expect([outside.length, insideOf(outside)]).toEqual([100, 0]);
    expect(choose([], 100)).toEqual([]);
    expect(choose(many(10, 10), 0)).toEqual([]);
  });

  it('draws: the nearest are not preferred, and a seed decides', () => {
    const candidates = many(400, 400);
    const shown = choose(candidates, 100, 3);
    expect(choose(candidates, 100, 3)).toEqual(shown);
    expect(choose(candidates, 100, 4)).not.toEqual(shown);
    const ranks = shown.filter(({ inside }) => inside).map(({ distance }) => distance * 10);
    const mean = ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
    // 70 ranks drawn evenly from 0 … 1: their mean has a deviation of √(1/12/70).
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / 70));
  });

  it('shows equal inputs once, by the first of them', () => {
    const [one, two] = [
      { key: 'a', distance: 0.05, inside: true, round: 0 },
      { key: 'b', distance: 0.3, inside: false, round: 0 },
    ];
    const again = [1, 2, 3].flatMap((round) => [
      { ...one, round },
      { ...two, round },
    ]);
    expect(choose([one, two, ...again], 100)).toEqual([one, two]);
  });
});
