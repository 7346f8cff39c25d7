/**
 * Where an input's answer is predicted: the places at which what follows an activation is measured.
 * @module
 */
import { InputError } from '../input-error.js';
import { isTemplateTask } from '../tasks/template/template-task.js';
import { type Task } from '../tasks/task.js';
import { endOf } from '../tasks/tokens.js';

/** Where logits are read in one input. */
export interface AnswerReads {
  /** Positions that predict a token of the answer, rising; the last token of an input without an answer. */
  readonly positions: readonly number[];
  /** The token of the answer that follows each of them; null of an input without an answer. */
  readonly tokens: readonly (number | null)[];
  /** The right token at the first of them and the contrast answer; null for a task that names no contrast answer. */
  readonly difference: { readonly answer: number; readonly against: number } | null;
}

/**
 * The places that predict an answer, as far as an activation can reach them.
 * @param position of the activation: what stands before it never sees it
 * @throws InputError for a position after all that predicts the answer
 */
export function answerReads(task: Task, ids: readonly number[], position: number): AnswerReads {
  const answered = task.answer?.determined(ids) ?? [];
  const [first] = answered;
  const all = first === undefined ? [endOf(task, ids) - 1] : answered.map((at) => at - 1);
  const positions = all.filter((at) => at >= position);
  if (positions.length === 0) {
    const last = all.at(-1) ?? 0;
    throw new InputError(
      `Position ${position} comes after the answer of ${task.decode(ids)} has been predicted, at position ${last}: nothing that is measured sees it.`,
    );
  }
  const against = isTemplateTask(task) && positions[0] === all[0] ? task.contrastAnswer(ids) : null;
  const answer = first === undefined ? undefined : ids[first];
  return {
    positions,
    tokens: positions.map((at) => (first === undefined ? null : (ids[at + 1] ?? null))),
    difference: against === null || answer === undefined ? null : { answer, against },
  };
}
