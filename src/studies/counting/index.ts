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
  summary: 'Counting a letter: a string of three letters, the letter asked for, and how often it occurs.',
  example: 'vvzccvczvvvzvcvc|v:8',
  experiments: countingExperiments,
  ablations: [],
  recipes: countingRecipes,
  viewer: countingViewer,
};
