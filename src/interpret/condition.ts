/**
 * Which inputs take part, said in features: `A1=1`, `A1!=1`, several after one another with commas.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Feature, featureValue } from '../tasks/feature.js';
import { type Task, featuresOf } from '../tasks/index.js';

/** A condition on inputs. */
export interface Condition {
  /** As it was given. */
  readonly text: string;
  holds(ids: readonly number[]): boolean;
}

/**
 * Reads a condition.
 * @throws InputError for what is none, or for a feature that the task does not have, with a suggestion
 * @example conditionOf(addition, 'A1=1,C2!=0')
 */
export function conditionOf(
  task: Task,
  text: string,
  features: readonly Feature[] = task.features,
): Condition {
  const added = features.filter((feature) => !task.features.includes(feature));
  // Names of features may hold commas: {F1,S1}.
  const parts = text.split(/,(?=[^,=!]*!?=)(?![^{]*\})/).map((part) => {
    const match = /^(.+?)(!?=)(.*)$/.exec(part.trim());
    const [, name = '', sign, value = ''] = match ?? [];
    if (match === null || value.trim() === '') {
      throw new InputError(
        `"${part.trim()}" is no condition: a feature's value is needed, as in A1=1 or A1!=1.`,
      );
    }
    const [feature] = featuresOf(task, { names: [name], added });
    if (feature === undefined) throw new RangeError('a feature was lost');
    return { feature, equal: sign === '=', value: value.trim() };
  });
  return {
    text,
    holds: (ids) =>
      parts.every(
        ({ feature, equal, value }) => (String(featureValue(task, feature, ids) ?? '–') === value) === equal,
      ),
  };
}
