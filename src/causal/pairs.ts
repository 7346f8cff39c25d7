/**
 * An input and what it is held against: which token is predicted in each, and where the places of one stand in the other.
 * A task may say so itself (`Task.pairing`), for contrasts that are no inputs of it; else names of places and the answer's
 * tokens do.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { InputError } from '../input-error.js';
import { type PairedPlace, type Task } from '../tasks/task.js';
import { type PatchCase } from './patch.js';

/** The named places that both have, in the order of the input. */
export function pairedPlaces(
  task: Task,
  { clean, contrast }: Pick<PatchCase, 'clean' | 'contrast'>,
): readonly PairedPlace[] {
  if (task.pairing !== undefined) return task.pairing.places(clean, contrast);
  const theirs = new Map(task.places(contrast).map(({ name, index }) => [name, index]));
  return task.places(clean).flatMap(({ name, index }) => {
    const source = theirs.get(name);
    return source === undefined ? [] : [{ name, index, source }];
  });
}

/**
 * Two inputs with the token that is predicted, as the task says it.
 * @returns null for a task that says nothing of contrasts: its answers are then compared token by token
 * @throws InputError for a contrast that does not align with the input
 */
export function pairedByTask(
  task: Task,
  clean: readonly number[],
  contrast: readonly number[],
): PatchCase | null {
  if (task.pairing === undefined) return null;
  const fault = task.check(clean);
  if (fault !== null) throw new InputError(`${task.decode(clean)} cannot be patched: ${fault}.`);
  capability(task, 'answer', 'A contrast');
  const answers = task.pairing.answers(clean, contrast);
  if (answers === null)
    throw new InputError(
      `${task.decode(contrast)} cannot be held against ${task.decode(clean)}: it is neither a text of ${task.name} nor a contrast with fresh fillers, and has another number of tokens or no answer to be held against.`,
    );
  const { against, ...where } = answers;
  return { clean, contrast, ...where, ...(against === null ? {} : { against }) };
}
