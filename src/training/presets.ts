/**
 * Recipes by name.
 * @module
 */
import { InputError, suggest } from '../input-error.js';

/** Settings by the name of a preset. */
export type Presets<T> = Readonly<Record<string, T>>;

/**
 * The settings under a name.
 * @throws InputError for a task without recipes or an unknown name, with those there are
 */
export function namedPreset<T>(presets: Presets<T>, task: string, preset: string): T {
  const names = Object.keys(presets);
  const settings = names.includes(preset) ? presets[preset] : undefined;
  if (settings !== undefined) return settings;
  throw new InputError(
    names.length === 0
      ? `There is no recipe for the task "${task}".`
      : `Unknown preset "${preset}".${suggest(preset, names)} Presets of ${task}: ${names.join(', ')}.`,
  );
}
