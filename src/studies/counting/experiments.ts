/**
 * Counting's experiments: how does the count reach the colon? Heads at the letter asked for and at the colon are
 * patched from a contrast input with another count.
 *
 * `flip` exchanges one letter of the string, so that both inputs are equally long and only the count can tell them
 * apart. `other-count` takes any other input: its length tells of the count too, and position and token embeddings
 * are sites of their own. Of the shortest and the longest strings there is one count only; they are left out.
 * @module
 */
import { type Random } from '../../random.js';
import { counting, withCount } from './task.js';
import { placeIn, drawUntil, type Experiment } from '../../causal/experiment.js';

/** Letters of a string: 1 to 9 of each of three. */
const fewest = 1;
const most = 9;
const shortest = 3 * fewest;
const longest = 3 * most;

const place = (ids: readonly number[], name: string): number => placeIn(counting, ids, name);

function accepts(ids: readonly number[]): boolean {
  const letters = place(ids, '|') - 1;
  return letters > shortest && letters < longest;
}

/** One letter of the string exchanged for another of its three, so that the count asked for changes. */
function flipped(ids: readonly number[], random: Random): number[] | null {
  const end = place(ids, '|');
  const changed = 1 + random.int(end - 1);
  const letters = [...new Set(ids.slice(1, end))].filter((letter) => letter !== ids[changed]);
  const string = ids.slice(1, end);
  string[changed - 1] = letters[random.int(letters.length)] ?? counting.pad;
  const whole = withCount([ids[0] ?? counting.bos, ...string, ...ids.slice(end, end + 2)]);
  // Another count is another token; the task's own check keeps each letter within 1 … 9.
  if (whole === null || whole[end + 3] === ids[end + 3] || counting.check(whole) !== null) return null;
  return whole;
}

/** Any held-out input with another count. */
function other(ids: readonly number[], random: Random): number[] | null {
  const drawn = counting.sample(random, 'test');
  return drawn[place(drawn, 'count')] === ids[place(ids, 'count')] ? null : drawn;
}

const answerAt = (ids: readonly number[]): number => place(ids, 'count');

/** The experiments. */
export const countingExperiments: readonly Experiment[] = [
  {
    name: 'flip',
    task: counting,
    about: 'one letter of the string exchanged; the count as predicted at the colon',
    inputs: 'neither the shortest nor the longest length',
    contrasts: 'another count, each letter 1 to 9 times',
    steps: [
      [{ site: 'a0.0', place: ':' }],
      [{ site: 'a0.0', place: 'query' }],
      [{ site: 'a1.0', place: ':' }],
    ],
    accepts,
    contrast: (ids, random) => drawUntil(() => flipped(ids, random)),
    answerAt,
  },
  {
    name: 'other-count',
    task: counting,
    about: 'any other input; the count as predicted at the colon',
    inputs: 'neither the shortest nor the longest length',
    contrasts: 'another count',
    steps: [
      [
        { site: 'hook_pos_embed', place: 'query' },
        { site: 'hook_pos_embed', place: ':' },
      ],
      [
        { site: 'hook_embed', place: 'query' },
        { site: 'a0.0', place: 'query' },
      ],
      [{ site: 'a0.0', place: ':' }],
      [{ site: 'a1.0', place: ':' }],
    ],
    accepts,
    contrast: (ids, random) => drawUntil(() => other(ids, random)),
    answerAt,
  },
];
