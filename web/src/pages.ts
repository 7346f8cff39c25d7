/**
 * The pages of the workbench, in the order of the head; the first is opened where the address names none. A new page is a
 * folder with a `page.ts`, and a line here.
 * @module
 */
import { attention } from './attention/page.js';
import { information } from './information/page.js';
import { models } from './models/page.js';
import { overview } from './overview/page.js';
import { patch } from './patch/page.js';
import { reading } from './reading-view/page.js';
import { saved } from './saved/page.js';
import type { Page } from './state/page.js';
import { training } from './train/page.js';

/** See the module. */
export const pages: readonly [Page, ...Page[]] = [
  reading,
  attention,
  overview,
  patch,
  information,
  training,
  saved,
  models,
];
