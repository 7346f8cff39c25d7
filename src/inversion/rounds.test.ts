import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { addition, counting } from '../studies/index.js';
import { mostCandidates, roundsFor } from './rounds.js';

const total = (rounds: readonly { candidates: number }[]): number =>
  rounds.reduce((sum, { candidates }) => sum + candidates, 0);

describe('roundsFor', () => {
  it("takes the task's rounds in auto mode: four times (0.5, 0), (1, 0), (2, 0), (2, 0.1) with 64 candidates", () => {
    for (const task of [addition, counting]) {
      const rounds = roundsFor(task, {});
      expect(rounds).toEqual(task.rounds);
      expect(rounds.map(({ temperature, noise, candidates }) => [temperature, noise, candidates])).toEqual(
        Array.from({ length: 4 }, () => [
          [0.5, 0, 64],
          [1, 0, 64],
          [2, 0, 64],
          [2, 0.1, 64],
        ]).flat(),
      );
    }
  });

  it.each([1, 63, 64, 65, 200, 1023, 1024, 1025, 3000])(
    'cuts or repeats them to %i candidates',
    (candidates) => {
      const rounds = roundsFor(addition, { candidates });
      expect(total(rounds)).toBe(candidates);
      rounds.forEach((round, at) => {
        const own = addition.rounds[at % addition.rounds.length];
        expect(round).toEqual({ ...own, candidates: at === rounds.length - 1 ? round.candidates : 64 });
        expect(round.candidates).toBeGreaterThan(0);
      });
    },
  );

  it('takes a round for each of several temperatures, of sizes that differ by one at the most', () => {
    for (const candidates of [3, 100, 1024, 1025]) {
      const rounds = roundsFor(addition, { temperature: [0.5, 1, 2], noise: 0.1, candidates });
      expect(rounds.map(({ temperature, noise }) => [temperature, noise])).toEqual([
        [0.5, 0.1],
        [1, 0.1],
        [2, 0.1],
      ]);
      expect(total(rounds)).toBe(candidates);
      const sizes = rounds.map((round) => round.candidates);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
    expect(roundsFor(addition, { temperature: [0.7] })).toEqual(roundsFor(addition, { temperature: 0.7 }));
  });

  it.each([
    [{ temperature: [1, 0] }, /^Temperature 0 is not accepted/],
    [{ temperature: [1, 2, 1] }, /^The temperatures 1, 2, 1 have one twice/],
    [{ temperature: [1, 2, 3], candidates: 2 }, /^2 candidates are too few for 3 temperatures/],
    [{ temperature: Array.from({ length: 17 }, (_, at) => at + 1) }, /^17 temperatures are too many/],
  ])('refuses %j', (choice, message) => {
    expect(() => roundsFor(addition, choice)).toThrow(InputError);
    expect(() => roundsFor(addition, choice)).toThrow(message);
  });

  it('takes one round when temperature or noise are given', () => {
    expect(roundsFor(addition, { temperature: 0.7 })).toEqual([
      { temperature: 0.7, noise: 0, candidates: 1024 },
    ]);
    expect(roundsFor(addition, { noise: 0.2 })).toEqual([{ temperature: 1, noise: 0.2, candidates: 1024 }]);
    expect(roundsFor(addition, { noise: 0 })).toEqual([{ temperature: 1, noise: 0, candidates: 1024 }]);
    expect(roundsFor(addition, { temperature: 2, noise: 0.1, candidates: 5 })).toEqual([
      { temperature: 2, noise: 0.1, candidates: 5 },
    ]);
  });

  it('refuses what cannot be drawn', () => {
    const refuse = (choice: Parameters<typeof roundsFor>[1], message: RegExp): void => {
      expect(() => roundsFor(addition, choice)).toThrow(InputError);
      expect(() => roundsFor(addition, choice)).toThrow(message);
    };
    for (const candidates of [0, -1, 1.5, NaN, mostCandidates + 1])
      refuse({ candidates }, /candidates are not accepted: give 1 to 100000\.$/);
    for (const temperature of [0, -1, NaN, Infinity, 1e-40, 1e40])
      refuse({ temperature }, /^Temperature .* is not accepted: give a number from 0\.001 to 1000\.$/);
    for (const noise of [-0.1, NaN, Infinity, 1e40])
      refuse({ noise }, /^Noise .* is not accepted: give a number from 0 to 1000\.$/);
    expect(() => roundsFor({ ...addition, rounds: [] }, {})).toThrow(InputError);
    expect(() => roundsFor({ ...addition, rounds: [] }, { candidates: 3 })).toThrow(
      /^addition has no rounds\.$/,
    );
  });
});
