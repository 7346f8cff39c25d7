/**
 * The study of three-digit addition.
 * @module
 */
import { type Study } from '../study.js';
import { additionExperiments } from './experiments.js';
import { plusCheck } from './plus.js';
import { additionRecipes } from './recipes.js';
import { addition } from './task.js';
import { additionViewer } from './viewer.js';

export const additionStudy: Study = {
  task: addition,
  summary: 'Three-digit addition: two numbers from 100 to 999 and their sum.',
  example: '535+861=1396',
  experiments: additionExperiments,
  ablations: [plusCheck],
  recipes: additionRecipes,
  viewer: additionViewer,
};
