/**
 * What could be known of a sum: its digits, the pairs of digits in a column with their order lost, their sums, the
 * carries, and the answer.
 * @module
 */
import { type Feature } from '../../tasks/feature.js';

const EOS = 13;
const columns = [
  { first: 'F1', second: 'S1', at: 1, about: 'the hundreds' },
  { first: 'F2', second: 'S2', at: 2, about: 'the tens' },
  { first: 'F3', second: 'S3', at: 3, about: 'the ones' },
] as const;

const digit = (ids: readonly number[], at: number): number => ids[at] ?? 0;
/** Digits of the second number stand four places behind those of the first. */
const pair = (ids: readonly number[], at: number): [number, number] => [digit(ids, at), digit(ids, at + 4)];
const carry = (ids: readonly number[]): { C2: number; C3: number } => {
  const C3 = digit(ids, 3) + digit(ids, 7) >= 10 ? 1 : 0;
  return { C2: digit(ids, 2) + digit(ids, 6) + C3 >= 10 ? 1 : 0, C3 };
};

/** The features of three-digit addition. */
export const additionFeatures: readonly Feature[] = [
  ...columns.map(({ first, at, about }): Feature => ({ name: first, about, of: (ids) => digit(ids, at) })),
  ...columns.map(({ second, at, about }): Feature => ({
    name: second,
    about,
    of: (ids) => digit(ids, at + 4),
  })),
  ...columns.map(({ first, second, at, about }): Feature => ({
    name: `{${first},${second}}`,
    about,
    phrase: `${first} and ${second}, order lost`,
    of(ids) {
      const [a, b] = pair(ids, at);
      return a < b ? `${a},${b}` : `${b},${a}`;
    },
  })),
  ...columns.map(({ first, second, at, about }): Feature => ({
    name: `${first}+${second}`,
    about,
    of(ids) {
      const [a, b] = pair(ids, at);
      return a + b;
    },
  })),
  { name: 'C2', about: 'the tens', phrase: 'C2, the carry out of the tens', of: (ids) => carry(ids).C2 },
  { name: 'C3', about: 'the ones', phrase: 'C3, the carry out of the ones', of: (ids) => carry(ids).C3 },
  {
    name: 'sum',
    about: 'the answer',
    phrase: 'the whole sum',
    of: (ids) =>
      [1, 2, 3].reduce((sum, at) => sum + (digit(ids, at) + digit(ids, at + 4)) * 10 ** (3 - at), 0),
  },
  ...[1, 2, 3, 4].map((place): Feature => ({
    name: `A${place}`,
    about: 'the answer',
    of(ids) {
      const id = ids[8 + place];
      return id === undefined || id >= EOS ? null : id;
    },
  })),
];
