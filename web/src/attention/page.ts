/**
 * The page of attention: patterns of every head on an input.
 * @module
 */
import { definePage } from '../state/page.js';
import view from './attention-view.svelte';

/** See the module. */
export const attention = definePage({
  name: 'attention',
  key: '2',
  title: 'Attention',
  about: 'attention',
  view,
  query: true,
});
