/**
 * The overview: every site at every position of an input, as a map.
 * @module
 */
import { definePage } from '../state/page.js';
import { overviewFields } from './choice.js';
import { createMaps } from './maps.js';
import view from './overview-view.svelte';

/** See the module. */
export const overview = definePage({
  name: 'overview',
  key: '3',
  title: 'Overview',
  about: 'overview',
  view,
  query: true,
  fields: overviewFields,
  work: createMaps,
});
