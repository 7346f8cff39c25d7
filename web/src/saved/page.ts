/**
 * The page of saved readings.
 * @module
 */
import { definePage } from '../state/page.js';
import view from './saved-view.svelte';

/** See the module. */
export const saved = definePage({
  name: 'saved',
  key: '7',
  title: 'Saved',
  about: 'saved readings',
  view,
  query: false,
});
