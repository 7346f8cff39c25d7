/**
 * What a page of the workbench is: an object in a folder of its own, named in the list of `pages.ts`. The head, the keys,
 * the help and the address take what they need from that list.
 * @module
 */
import type { Component } from 'svelte';
import type { Client } from '../../../src/server/client.js';
import type { Guide } from '../guide/guide.svelte.js';
import type { Importing } from '../saved/import.svelte.js';
import type { PageAddress } from './address.js';
import type { Settings } from './settings.svelte.js';
import type { Workbench } from './workbench.svelte.js';

/** What a view is given; it takes what it needs. */
export interface ViewProps<Choice, Work> {
  readonly bench: Workbench;
  readonly settings: Settings;
  readonly guide: Guide;
  readonly importing: Importing;
  /** Pins the reading and goes on with another input at the same place. */
  readonly oncompare: () => void;
  /** What was chosen on the page: what its address fields hold. */
  readonly choice: Choice;
  /** What outlives the view, made by {@link Page.work}. */
  readonly work: Work;
}

/** See the module. */
export interface Page<Choice extends object = object, Work = unknown> extends PageAddress<Choice> {
  /** The key that opens it. */
  readonly key: string;
  /** Its name in the head. */
  readonly title: string;
  /** What its key opens, in the help. */
  readonly about: string;
  readonly view: Component<ViewProps<Choice, Work>>;
  /** Whether it is about an input: the query bar stands above it. */
  readonly query: boolean;
  /** Whether it fits a telephone; the others have diagrams that need their width. */
  readonly fluid?: boolean;
  /** Work that goes on, or answers that stay, while another page is open. Made once. */
  work?(client: Client): Work;
}

/** A page for the list, which does not know what is chosen on each. */
export const definePage = <Choice extends object = object, Work = unknown>(page: Page<Choice, Work>): Page =>
  page as unknown as Page;
