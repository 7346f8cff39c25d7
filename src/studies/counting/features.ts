/**
 * What could be known of a counting: the count asked for, the letter, all three counts in the order of the alphabet or
 * of their size, and the string's length and ends.
 * @module
 */
import { type Feature } from '../../tasks/feature.js';

const BAR = 35;
const letterOf = (id: number | undefined): string | null =>
  id === undefined || id >= 26 ? null : String.fromCharCode(97 + id);

/** The string's length, its three letters in the order of the alphabet, their counts, and which is asked for. */
function parts(ids: readonly number[]): {
  length: number;
  letters: number[];
  counts: number[];
  asked: number;
} {
  const bar = ids.indexOf(BAR);
  const seen = new Map<number, number>();
  for (let at = 1; at < bar; at++) {
    const id = ids[at] ?? 0;
    seen.set(id, (seen.get(id) ?? 0) + 1);
  }
  const letters = [...seen.keys()].sort((x, y) => x - y);
  return {
    length: bar - 1,
    letters,
    counts: letters.map((letter) => seen.get(letter) ?? 0),
    asked: letters.indexOf(ids[bar + 1] ?? -1),
  };
}

const bySize = (counts: readonly number[]): number[] => [...counts].sort((x, y) => x - y);
/** Counts of the letters that are not asked for, in the order of the alphabet. */
const others = (ids: readonly number[]): number[] => {
  const { counts, asked } = parts(ids);
  return counts.filter((_, at) => at !== asked);
};

/** The features of counting. */
export const countingFeatures: readonly Feature[] = [
  {
    name: 'count',
    about: 'the answer',
    phrase: 'the count asked for',
    of(ids) {
      const { counts, asked } = parts(ids);
      return counts[asked] ?? null;
    },
  },
  {
    name: 'letter',
    about: 'the question',
    phrase: 'the letter asked for',
    of: (ids) => letterOf(ids[ids.indexOf(BAR) + 1]),
  },
  {
    name: 'letters',
    about: 'the letters',
    phrase: 'which three letters',
    of: (ids) => parts(ids).letters.map(letterOf).join(''),
  },
  { name: 'length', about: 'the length', phrase: 'the string’s length', of: (ids) => parts(ids).length },
  {
    name: 'rank',
    about: 'the counts',
    phrase: 'how many letters are rarer than the one asked for',
    of(ids) {
      const { counts, asked } = parts(ids);
      return counts.filter((count) => count < (counts[asked] ?? 0)).length;
    },
  },
  {
    name: 'rest',
    about: 'the counts',
    phrase: 'how many letters are not the one asked for',
    of: (ids) => others(ids).reduce((sum, count) => sum + count, 0),
  },
  {
    name: 'others',
    about: 'the counts',
    phrase: 'the two other counts, order lost',
    of: (ids) => bySize(others(ids)).join(),
  },
  ...[0, 1, 2].map((at): Feature => ({
    name: `n${at + 1}`,
    about: 'the counts',
    phrase: `the count of the ${['first', 'second', 'third'][at] ?? ''} letter of the alphabet`,
    of: (ids) => parts(ids).counts[at] ?? null,
  })),
  ...['least', 'middle', 'greatest'].map((name, at): Feature => ({
    name,
    about: 'the counts',
    phrase: `the ${name} count`,
    of: (ids) => bySize(parts(ids).counts)[at] ?? null,
  })),
  { name: 'first', about: 'the order', phrase: 'the string’s first letter', of: (ids) => letterOf(ids[1]) },
  {
    name: 'last',
    about: 'the order',
    phrase: 'the string’s last letter',
    of: (ids) => letterOf(ids[ids.indexOf(BAR) - 1]),
  },
];
