/**
 * How probed models and decoders are trained: recipes, data, the planned steps, accuracy.
 * @module
 */
export { answeredRight, heldOutWhere, modelAccuracy } from './accuracy.js';
export {
  type DecoderRecipe,
  decoderConfigFor,
  decoderPresets,
  decoderRecipe,
  decoderRecipeSchema,
} from './decoder-recipe.js';
export { type PlannedDecoderTraining, planDecoderTraining } from './decoder-training.js';
export { type ModelRecipe, modelPresets, modelRecipe, modelRecipeSchema } from './model-recipe.js';
export { type PlannedTraining, planModelTraining, probedModelConfig } from './model-training.js';
