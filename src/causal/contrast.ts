/**
 * Contrasts of one input as a person asks for them: some of its tokens drawn anew or given, and what follows from them
 * written out again; or another input typed whole. A task says what may be drawn and what follows (`Task.redraw`).
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { InputError } from '../input-error.js';
import { type Random, randomFor } from '../random.js';
import { placeName } from '../tasks/positions.js';
import { type Redraw, type Task } from '../tasks/task.js';
import { drawUntil } from './experiment.js';
import { pairedByTask, pairedPlaces } from './pairs.js';
import { type PatchCase, againstOf } from './patch.js';
import { type SweepPosition } from './sweep.js';

/** A token to change. */
export interface Change {
  /** Index into the input. */
  readonly at: number;
  /** Id of the token to put there; null to draw one. */
  readonly token: number | null;
}

/** What the contrasts of an input are to be. */
export interface ContrastQuestion {
  readonly changes: readonly Change[];
  /** The contrast itself, in place of changes. */
  readonly text: string | null;
  /** Index of the answer's token in the input; null for the first that differs. */
  readonly answer: number | null;
  /** Whether that token must be another one: where it is not, there is no logit difference. */
  readonly differs: boolean;
  readonly seed: number;
  /** How many contrasts. */
  readonly count: number;
}

/** Draws before a contrast counts as impossible. */
const tries = 2000;

const redrawOf = (task: Task): Redraw => capability(task, 'redraw', 'A contrast');

/** Indices of the tokens that an input answers with. @throws InputError for a task that does not say */
export const determinedIn = (task: Task, ids: readonly number[]): readonly number[] =>
  capability(task, 'answer', 'A contrast').determined(ids);

/** Whether a position may be drawn anew; none may in a task whose tokens are not changed one by one. */
export const isDrawable = (task: Task, ids: readonly number[], at: number): boolean =>
  (task.redraw?.choices(ids, at) ?? []).length > 1;

/**
 * The contrasts of an input, each a case with the answer that is asked for. The first belongs to the seed alone, however
 * many are drawn.
 * @throws InputError for changes that cannot be made, contrasts that do not change the answer, or several of what is
 *   only one
 */
export function contrastsOf(task: Task, ids: readonly number[], question: ContrastQuestion): PatchCase[] {
  const { changes, text, seed, count } = question;
  if (text === null && changes.length === 0) {
    throw new InputError('Nothing is changed yet: mark a token to be redrawn, or type a contrast input.');
  }
  if (text !== null && changes.length > 0) {
    throw new InputError('Give changes or a whole contrast input, not both.');
  }
  const drawn = text === null && changes.some(({ token }) => token === null);
  if (!drawn && count > 1) {
    throw new InputError(
      'This contrast input is one and not drawn: for many of them, mark tokens to be redrawn.',
    );
  }
  if (question.answer !== null) checkAnswer(task, ids, question.answer);
  changes.forEach((change) => checkChange(task, ids, change));
  if (!drawn) {
    const contrast =
      text === null ? changed(task, ids, changes, randomFor(seed, 'contrast')) : task.encode(text);
    return [accepted(task, ids, contrast, question)];
  }
  const cases: PatchCase[] = [];
  let { answer } = question;
  for (let number = 0; number < count; number++) {
    const random = randomFor(seed, 'contrast', number);
    const draw = (differing: boolean): PatchCase | null =>
      drawUntil(() => {
        const contrast = changed(task, ids, changes, random);
        const pair = contrast === null ? null : paired(task, ids, contrast, answer);
        return pair !== null && willDo(task, ids, changes, pair, differing) ? pair : null;
      }, tries);
    // Where the answer need not change it still does, if it can.
    const found = draw(true) ?? (question.differs ? null : draw(false));
    if (found === null) throw new InputError(refusal(task, ids, changes, answer));
    // What is predicted is the same for all.
    answer = found.answerAt;
    cases.push(found);
  }
  return cases;
}

/** Checks a contrast that is not drawn. */
function accepted(
  task: Task,
  ids: readonly number[],
  contrast: readonly number[] | null,
  { answer, differs }: ContrastQuestion,
): PatchCase {
  if (contrast === null) {
    throw new InputError(
      'No answer follows from these tokens: change others, or type the contrast input whole.',
    );
  }
  if (contrast.join() === ids.join()) {
    throw new InputError('The contrast input is the input itself: change a token.');
  }
  const pair = paired(task, ids, contrast, answer);
  if (pair === null) {
    throw new InputError(
      `${task.decode(contrast)} does not align with ${task.decode(ids)}: it has no answer token for ` +
        `${answer === null ? 'any of its answer' : nameOf(task, ids, answer)}.`,
    );
  }
  if (differs && !isOther(pair)) {
    throw new InputError(
      `${task.decode(contrast)} does not change the answer${answerText(task, ids, answer)}: another contrast, another ` +
        'predicted place or the metric KL is needed.',
    );
  }
  return pair;
}

const isOther = (pair: PatchCase): boolean => pair.clean[pair.answerAt] !== againstOf(pair);

function willDo(
  task: Task,
  ids: readonly number[],
  changes: readonly Change[],
  pair: PatchCase,
  differing: boolean,
): boolean {
  if (pair.contrast.join() === ids.join() || (differing && !isOther(pair))) return false;
  // Who gives a token of their own, or begins with another kind of input, may leave what the task would draw.
  const { accepts } = redrawOf(task);
  const own = changes.every(({ token }) => token === null) && accepts(ids);
  return !own || accepts(pair.contrast);
}

/** The input with its changes, drawn where they are, and what follows from them; null where nothing does. */
function changed(
  task: Task,
  ids: readonly number[],
  changes: readonly Change[],
  random: Random,
): number[] | null {
  const { choices, follow } = redrawOf(task);
  const out = [...ids];
  for (const { at, token } of changes) {
    const among = choices(ids, at);
    out[at] = token ?? among[random.int(Math.max(1, among.length))] ?? task.pad;
  }
  return follow(out);
}

/** @throws InputError for a position that follows from others, or has nothing to draw from */
function checkChange(task: Task, ids: readonly number[], { at, token }: Change): void {
  const name = nameOf(task, ids, at);
  if (at <= 0 || at >= ids.length || ids[at] === task.eos || determinedIn(task, ids).includes(at)) {
    throw new InputError(
      `${name} is not to be changed: it ${at <= 0 ? 'begins every input' : 'follows from what stands before it'}.`,
    );
  }
  if (token !== null || isDrawable(task, ids, at)) return;
  const drawable = ids.flatMap((_, index) =>
    isDrawable(task, ids, index) ? [nameOf(task, ids, index)] : [],
  );
  const others = drawable.length === 0 ? '' : `, or redraw ${drawable.join(', ')}`;
  throw new InputError(`There is nothing else to draw at ${name}: type a token there${others}.`);
}

/** @throws InputError for a position whose token is not answered */
function checkAnswer(task: Task, ids: readonly number[], answer: number): void {
  const own = determinedIn(task, ids);
  if (own.includes(answer)) return;
  const names = own.map((at) => nameOf(task, ids, at));
  throw new InputError(
    `${nameOf(task, ids, answer)} is no answer of ${task.decode(ids)}: predict one of ${names.join(', ')}.`,
  );
}

/** The place name of a position, or its index. */
export const nameOf = (task: Task, ids: readonly number[], at: number): string =>
  placeName(task, ids, at) ?? String(at);

/** Two inputs with the answer that is asked for: by its number among the answer's tokens, as either may be longer. */
function paired(
  task: Task,
  clean: readonly number[],
  contrast: readonly number[],
  answer: number | null,
): PatchCase | null {
  const byTask = answer === null ? pairedByTask(task, clean, contrast) : null;
  if (byTask !== null) return byTask;
  const [own, others] = [determinedIn(task, clean), determinedIn(task, contrast)];
  const differing = own.findIndex((at, k) => others[k] !== undefined && clean[at] !== contrast[others[k]]);
  const number = answer === null ? Math.max(0, differing) : own.indexOf(answer);
  const [answerAt, contrastAnswerAt] = [own[number], others[number]];
  if (answerAt === undefined || contrastAnswerAt === undefined) return null;
  return { clean, contrast, answerAt, contrastAnswerAt };
}

const answerText = (task: Task, ids: readonly number[], answer: number | null): string =>
  answer === null ? '' : ` at ${nameOf(task, ids, answer)}`;

function refusal(
  task: Task,
  ids: readonly number[],
  changes: readonly Change[],
  answer: number | null,
): string {
  const names = changes.map(({ at }) => nameOf(task, ids, at)).join(' and ');
  return (
    `Changing ${names} of ${task.decode(ids)} leaves the answer${answerText(task, ids, answer)} as it is: ` +
    'mark other tokens, predict another place, or measure KL.'
  );
}

/**
 * Positions of the input that each contrast has too, up to the one at which the answer is predicted: by name where they
 * have one, by index where neither has.
 */
export function alignedPositions(task: Task, cases: readonly PatchCase[]): SweepPosition[] {
  const [head] = cases;
  if (head === undefined) return [];
  const named = cases.map((own) => pairedPlaces(task, own));
  const positions: SweepPosition[] = [];
  for (let at = 0; at < head.answerAt; at++) {
    const place = placeName(task, head.clean, at);
    const sources = cases.map(({ contrast }, number) =>
      place === null
        ? at < contrast.length && placeName(task, contrast, at) === null
          ? at
          : -1
        : (named[number]?.find(({ name }) => name === place)?.source ?? -1),
    );
    if (sources.includes(-1)) continue;
    positions.push({ name: place ?? String(at), positions: cases.map(() => at), sources });
  }
  return positions;
}
