/**
 * The study of counting a letter.
 * @module
 */
import { type Study } from '../study.js';
import { countingExperiments } from './experiments.js';
import { countingRecipes } from './recipes.js';
import { counting } from './task.js';
import { countingViewer } from './viewer.js';

export const countingStudy: Study = {
  task: counting,
  experiments: countingExperiments,
  ablations: [],
  recipes: countingRecipes,
  viewer: countingViewer,
};
