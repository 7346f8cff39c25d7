/**
 * Recipes by task and name.
 * @module
 */
import { InputError, suggest } from '../input-error.js';

/** Settings by task, then by the name of a preset. */
export type Presets<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

/** The names of a task's presets. */
export const presetNames = (presets: Presets<unknown>, task: string): string[] =>
  Object.hasOwn(presets, task) ? Object.keys(presets[task] ?? {}) : [];

/**
 * The settings of a task under a name.
 * @throws InputError for a task without recipes or an unknown name, with those there are
 */
export function namedPreset<T>(presets: Presets<T>, task: string, preset: string): T {
  const names = presetNames(presets, task);
  const settings = names.includes(preset) ? presets[task]?.[preset] : undefined;
  if (settings !== undefined) return settings;
  throw new InputError(
    names.length === 0
      ? `There is no recipe for the task "${task}". Recipes: ${Object.keys(presets).join(', ')}.`
      : `Unknown preset "${preset}".${suggest(preset, names)} Presets of ${task}: ${names.join(', ')}.`,
  );
}
