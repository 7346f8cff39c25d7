/**
 * The tasks by name.
 * @module
 */
import { InputError, suggest } from '../input-error.js';
import { addition } from './addition.js';
import { counting } from './counting.js';
import type { Task } from './task.js';

export { type Random, randomFor, seededRandom } from '../random.js';
export { addition, additionIndex, additionPair } from './addition.js';
export { counting, withCount } from './counting.js';
export { type Feature, type FeatureValue, featuresOf, readFeatures } from './features/feature.js';
export { placeName, resolvePosition } from './positions.js';
export type {
  Completion,
  Enumeration,
  Origin,
  Place,
  Redraw,
  SaidStep,
  SamplingRound,
  Split,
  Task,
  TaskData,
} from './task.js';

/** Every task there is. */
export const tasks: readonly Task[] = [addition, counting];

/** Their names. */
export const taskNames: readonly string[] = tasks.map(({ name }) => name);

/**
 * The task with a name.
 * @throws InputError with a suggestion and the accepted names
 * @example taskNamed('addition').maxLength // 14
 */
export function taskNamed(name: string): Task {
  const task = tasks.find((candidate) => candidate.name === name);
  if (task !== undefined) return task;
  throw new InputError(`Unknown task "${name}".${suggest(name, taskNames)} Tasks: ${taskNames.join(', ')}.`);
}

/**
 * The task that an input is of, by its form.
 * @throws InputError for a text that no task takes
 * @example taskOf('615+861=1476').name // 'addition'
 */
export function taskOf(input: string): Task {
  const able = tasks.flatMap((task) => {
    try {
      return [{ task, problem: task.check(task.encode(input)) }];
    } catch (error) {
      if (error instanceof InputError) return [];
      throw error;
    }
  });
  const found = able.find(({ problem }) => problem === null) ?? able[0];
  if (found !== undefined) return found.task;
  throw new InputError(`"${input}" is an input of no task: ${taskNames.join(' and ')} are known.`);
}
