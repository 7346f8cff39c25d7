/**
 * Features: what could be known of an input, each a name and a function of the tokens. An activation's information
 * is measured in them: how sure is the value of a feature over all inputs, and how sure inside the ε-preimage.
 *
 * A task declares its own beside its data. Anyone adds more: as an array in the library, or in a file on the command
 * line whose default export is such an array, or a function from the task to one.
 * @example
 * const doubled: Feature = { name: 'doubled', of: (ids) => (ids[1] === ids[5] ? 'yes' : 'no') };
 * @module
 */
import { InputError, suggest } from '../input-error.js';
import { type Feature, type FeatureValue, type Task } from './task.js';

export type { Feature, FeatureValue } from './task.js';

/**
 * The features of a task and those that a person added, all of them or the named ones.
 * @throws InputError for an unknown name, with a suggestion, and for a name given twice
 */
export function featuresOf(
  task: Task,
  { names, added = [] }: { readonly names?: readonly string[]; readonly added?: readonly Feature[] } = {},
): readonly Feature[] {
  const all = [...task.features, ...added];
  const known = all.map(({ name }) => name);
  const twice = known.find((name, at) => known.indexOf(name) < at);
  if (twice !== undefined) throw new InputError(`Two features are named "${twice}".`);
  if (names === undefined) return all;
  return names.map((raw) => {
    const name = raw.trim();
    const found = all.find((feature) => feature.name === name);
    if (found !== undefined) return found;
    throw new InputError(
      `Unknown feature "${name}".${suggest(name, known)} Features of ${task.name}: ${known.join(', ')}.`,
    );
  });
}

/**
 * The value of a feature, checked: features may come from anyone's file.
 * @throws InputError naming the feature and the input when it throws or gives something else
 */
export function featureValue(task: Task, feature: Feature, ids: readonly number[]): FeatureValue {
  let value: unknown;
  try {
    value = feature.of(ids);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`The feature "${feature.name}" failed on ${task.decode(ids)}: ${reason}`);
  }
  if (value === null || typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value)))
    return value;
  throw new InputError(
    `The feature "${feature.name}" gave ${value === undefined ? 'nothing' : typeof value} for ${task.decode(ids)}: a string, a number or null is needed.`,
  );
}

/**
 * Takes features from what a person's file exports: an array, or a function from the task to one.
 * @param name what to call the file in an error
 * @throws InputError naming what is wrong
 */
export function readFeatures(exported: unknown, task: Task, name: string): readonly Feature[] {
  const call = exported as (task: Task) => unknown;
  const list: unknown = typeof exported === 'function' ? call(task) : exported;
  if (!Array.isArray(list)) {
    throw new InputError(
      `${name} must export features by default: an array of { name, of(ids) }, or a function from the task to one.`,
    );
  }
  return list.map((item: unknown, at) => {
    if (!isFeature(item)) {
      throw new InputError(
        `${name}: feature ${at + 1} is not one: { name: string, of: (ids) => string | number | null } is needed.`,
      );
    }
    return item;
  });
}

function isFeature(item: unknown): item is Feature {
  if (typeof item !== 'object' || item === null) return false;
  const { name, of, phrase, about } = item as Readonly<Record<string, unknown>>;
  const text = (value: unknown): boolean => value === undefined || typeof value === 'string';
  return typeof name === 'string' && name !== '' && typeof of === 'function' && text(phrase) && text(about);
}
