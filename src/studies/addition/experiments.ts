/**
 * Addition's eleven experiments: at the place that predicts an answer digit, do the heads carry the digits that this
 * answer is made of? The contrast input redraws the two digits of one column; every head at that place is patched.
 *
 * Digits are drawn from 0 … 9, the hundreds too, so a contrast may start with 0 and is written out in three digits at
 * the least: it need not be an input of the task. A condition such as `A1 = 1` tests the token itself. At A4 the
 * answer of a three-digit sum is E.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type Random } from '../../random.js';
import { addition } from './task.js';
import { drawUntil, type Experiment } from '../../causal/experiment.js';

/** The digits of a sum: what is added, and the first token of the answer. */
interface Digits {
  readonly F1: number;
  readonly F2: number;
  readonly F3: number;
  readonly S1: number;
  readonly S2: number;
  readonly S3: number;
  readonly A1: number;
}

/** A condition, in words and as a test. */
interface Condition {
  readonly words: string;
  holds(digits: Digits): boolean;
}

const always: Condition = { words: '', holds: () => true };
const small: Condition = { words: 'F1+S1 < 10', holds: ({ F1, S1 }) => F1 + S1 < 10 };
const large: Condition = { words: 'F1+S1 ≥ 10', holds: ({ F1, S1 }) => F1 + S1 >= 10 };
const starts: Condition = { words: 'A1 = 1', holds: ({ A1 }) => A1 === 1 };
const startsNot: Condition = { words: 'A1 ≠ 1', holds: ({ A1 }) => A1 !== 1 };
/** With both sums 9 a carry from the ones would run through to A1. */
const open: Condition = {
  words: 'not both F1+S1 = 9 and F2+S2 = 9',
  holds: ({ F1, F2, S1, S2 }) => F1 + S1 !== 9 || F2 + S2 !== 9,
};
const both = (one: Condition, other: Condition): Condition => ({
  words: `${one.words}, ${other.words}`,
  holds: (digits) => one.holds(digits) && other.holds(digits),
});

type Column = 'F1S1' | 'F2S2' | 'F3S3';
const columns: Readonly<Record<Column, readonly [number, number]>> = {
  F1S1: [1, 5],
  F2S2: [2, 6],
  F3S3: [3, 7],
};
type Answer = 'A1' | 'A2' | 'A3' | 'A4';
/** Where each answer token is predicted, and its index. */
const predicted: Readonly<Record<Answer, readonly [string, number]>> = {
  A1: ['=', 9],
  A2: ['A1', 10],
  A3: ['A2', 11],
  A4: ['A3', 12],
};

/** Name, answer place, redrawn column, condition on the input, condition on the contrast. */
const recipes: readonly (readonly [string, Answer, Column, Condition, Condition])[] = [
  ['A1-from-F1S1', 'A1', 'F1S1', always, always],
  ['A1-from-F2S2', 'A1', 'F2S2', small, always],
  ['A2-from-F1S1-A1is1', 'A2', 'F1S1', starts, starts],
  ['A2-from-F2S2-A1is1', 'A2', 'F2S2', large, starts],
  ['A2-from-F2S2-A1not1', 'A2', 'F2S2', startsNot, startsNot],
  ['A2-from-F3S3-A1not1', 'A2', 'F3S3', both(startsNot, open), startsNot],
  ['A3-from-F2S2-A1is1', 'A3', 'F2S2', starts, starts],
  ['A3-from-F3S3-A1is1', 'A3', 'F3S3', both(starts, open), starts],
  ['A3-from-F3S3-A1not1', 'A3', 'F3S3', startsNot, startsNot],
  ['A4-from-F3S3-A1is1', 'A4', 'F3S3', starts, starts],
  ['A4-from-F1S1', 'A4', 'F1S1', always, always],
];

const at = (ids: readonly number[], index: number): number => ids[index] ?? NaN;

function digitsOf(ids: readonly number[]): Digits {
  const [F1, F2, F3] = [at(ids, 1), at(ids, 2), at(ids, 3)];
  return { F1, F2, F3, S1: at(ids, 5), S2: at(ids, 6), S3: at(ids, 7), A1: at(ids, 9) };
}

/**
 * The sum with other digits in some places and the answer that follows, three digits at the least.
 * @param changed index and digit of each change
 */
export function withDigits(ids: readonly number[], changed: ReadonlyMap<number, number>): number[] {
  const drawn = ids.map((id, index) => changed.get(index) ?? id);
  const whole = addition.redraw.follow(drawn);
  if (whole === null) throw new InputError(`${addition.decode(drawn)} has no two numbers to add.`);
  return whole;
}

const heads = Array.from({ length: addition.model.layers }, (_, layer) =>
  Array.from({ length: addition.model.heads }, (__, head) => `a${layer}.${head}`),
).flat();

/** The experiments, in the order of METHOD §7. */
export const additionExperiments: readonly Experiment[] = recipes.map(
  ([name, answer, column, input, contrast]): Experiment => {
    const [place, answerAt] = predicted[answer];
    const changed = columns[column];
    return {
      name,
      task: addition,
      about: `${column.slice(0, 2)} and ${column.slice(2)} redrawn; ${answer} as predicted at ${place}`,
      inputs: input.words,
      contrasts: contrast.words,
      steps: heads.map((site) => [{ site, place }]),
      accepts: (ids) => input.holds(digitsOf(ids)),
      contrast: (ids, random) => drawUntil(() => redrawn(ids, changed, answerAt, contrast, random)),
      answerAt: () => answerAt,
    };
  },
);

function redrawn(
  ids: readonly number[],
  places: readonly number[],
  answerAt: number,
  condition: Condition,
  random: Random,
): number[] | null {
  const drawn = withDigits(ids, new Map(places.map((place) => [place, random.int(10)])));
  return drawn[answerAt] !== ids[answerAt] && condition.holds(digitsOf(drawn)) ? drawn : null;
}
