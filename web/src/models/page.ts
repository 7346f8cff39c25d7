/**
 * The page of models: what one is before it is used, and its tokens.
 * @module
 */
import { definePage } from '../state/page.js';
import { modelFields } from './choice.js';
import view from './models-view.svelte';

/** See the module. */
export const models = definePage({
  name: 'models',
  key: '8',
  title: 'Models',
  about: 'models',
  view,
  query: false,
  fluid: true,
  fields: modelFields,
});
