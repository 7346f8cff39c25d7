/**
 * The page of patching: contrasts, sweeps, chosen sites, experiments and attribution.
 * @module
 */
import { definePage } from '../state/page.js';
import { patchFields } from './choice.js';
import view from './patch-view.svelte';
import { createPatching } from './patching.js';

/** See the module. */
export const patch = definePage({
  name: 'patch',
  key: '4',
  title: 'Patch',
  about: 'patching',
  view,
  query: true,
  fluid: true,
  fields: patchFields,
  work: createPatching,
});
