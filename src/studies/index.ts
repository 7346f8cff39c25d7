/**
 * The studies: their tasks, experiments and recipes by name.
 * @example
 * const experiment = experimentNamed('A1-from-F1S1', 'addition');
 * const result = await runExperiment(runtime, model, experiment, { inputs: 1000, seed: 1 });
 * @module
 */
export { withDigits } from './addition/experiments.js';
export { plusCheck } from './addition/plus.js';
export { addition, additionIndex, additionPair } from './addition/task.js';
export { counting, withCount } from './counting/task.js';
export {
  type ListedExperiment,
  ablationNamed,
  experimentNamed,
  experiments,
  experimentsOf,
} from './experiments.js';
export { decoderPresets, decoderRecipe, modelPresets, modelRecipe } from './recipes.js';
export { studies, studyNamed, taskNamed, taskNames, taskOf, tasks, viewers } from './registry.js';
export { type Study } from './study.js';
