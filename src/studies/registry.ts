/**
 * Every study there is, and its task by name or by the form of an input.
 * @module
 */
import { InputError, suggest } from '../input-error.js';
import { type ViewerTask } from '../report/streamlit.js';
import { type Task } from '../tasks/task.js';
import { additionStudy } from './addition/index.js';
import { countingStudy } from './counting/index.js';
import { type Study } from './study.js';

/** Every study: add one here. */
export const studies: readonly Study[] = [additionStudy, countingStudy];

/** Their tasks. */
export const tasks: readonly Task[] = studies.map(({ task }) => task);

/** The names of the tasks. */
export const taskNames: readonly string[] = tasks.map(({ name }) => name);

/** What the published web app shows. */
export const viewers: readonly ViewerTask[] = studies.flatMap(({ viewer }) => viewer ?? []);

/**
 * The study of a task with a name.
 * @throws InputError with a suggestion and the accepted names
 */
export function studyNamed(name: string): Study {
  const study = studies.find(({ task }) => task.name === name);
  if (study !== undefined) return study;
  throw new InputError(`Unknown task "${name}".${suggest(name, taskNames)} Tasks: ${taskNames.join(', ')}.`);
}

/**
 * The task with a name.
 * @throws InputError with a suggestion and the accepted names
 * @example taskNamed('addition').maxLength // 14
 */
export const taskNamed = (name: string): Task => studyNamed(name).task;

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
