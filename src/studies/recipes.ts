/**
 * The recipes of all studies by task and name.
 * @module
 */
import { type DecoderRecipe } from '../training/decoder-recipe.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { namedPreset } from '../training/presets.js';
import { studyNamed } from './registry.js';

/** The names of a task's presets for its model. */
export const modelPresets = (task: string): string[] => Object.keys(studyNamed(task).recipes.model);

/** The names of a task's presets for its decoder. */
export const decoderPresets = (task: string): string[] => Object.keys(studyNamed(task).recipes.decoder);

/**
 * The named settings of a probed model's training.
 * @throws InputError for an unknown task or preset, with those there are
 */
export const modelRecipe = (task: string, preset = 'fast', seed = 0): ModelRecipe => ({
  task,
  preset,
  seed,
  ...namedPreset(studyNamed(task).recipes.model, task, preset),
});

/**
 * The named settings of a decoder's training.
 * @throws InputError for an unknown task or preset, with those there are
 */
export const decoderRecipe = (task: string, preset = 'fast', seed = 0): DecoderRecipe => ({
  task,
  preset,
  seed,
  ...namedPreset(studyNamed(task).recipes.decoder, task, preset),
});
