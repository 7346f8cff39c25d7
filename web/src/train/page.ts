/**
 * The page of trainings: they are started, watched, paused and resumed here.
 * @module
 */
import { definePage } from '../state/page.js';
import { trainingFields } from './choice.js';
import view from './train-view.svelte';

/** See the module. */
export const training = definePage({
  name: 'train',
  key: '6',
  title: 'Train',
  about: 'training',
  view,
  query: false,
  fields: trainingFields,
});
