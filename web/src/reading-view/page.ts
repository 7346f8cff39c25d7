/**
 * The page of readings: samples of the live reading, and the pinned ones beside it.
 * @module
 */
import { definePage } from '../state/page.js';
import view from './reading-view.svelte';

/** See the module. */
export const reading = definePage({
  name: 'read',
  key: '1',
  title: 'Read',
  about: 'reading',
  view,
  query: true,
  fluid: true,
});
