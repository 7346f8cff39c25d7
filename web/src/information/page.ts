/**
 * The page of information: bits, features and completeness of one activation.
 * @module
 */
import { definePage } from '../state/page.js';
import { informationFields } from './choice.js';
import view from './information-view.svelte';

/** See the module. */
export const information = definePage({
  name: 'information',
  key: '5',
  title: 'Information',
  about: 'information',
  view,
  query: true,
  fluid: true,
  fields: informationFields,
});
