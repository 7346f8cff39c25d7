/**
 * How probed models and decoders are trained: recipes, data, the planned steps, accuracy.
 * @module
 */
export { answeredRight, heldOutWhere, modelAccuracy } from './accuracy.js';
export {
  type DecoderRecipe,
  type DecoderSettings,
  decoderConfigFor,
  fastSettings,
  paperSettings,
  decoderRecipeSchema,
} from './decoder-recipe.js';
export { type PlannedDecoderTraining, planDecoderTraining } from './decoder-training.js';
export { type ModelRecipe, type ModelSettings, modelRecipeSchema } from './model-recipe.js';
export { type Presets, namedPreset } from './presets.js';
export { textModelSettings, textSettings } from './text-settings.js';
export { type PlannedTraining, planModelTraining, probedModelConfig } from './model-training.js';
