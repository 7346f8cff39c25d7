/**
 * What is asked beside a reading or an exact set: whether what the activation holds is used, and what the same gives for
 * activations that hold nothing.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  ControlsAnswer,
  ControlsEvent,
  ControlsRequest,
  ExactControlsAnswer,
  ExactControlsEvent,
  ExactControlsRequest,
} from '../../../src/workbench/verbs/controls.js';
import type { UsedAnswer, UsedEvent } from '../../../src/workbench/verbs/used.js';
import { createFollow, type Follow } from '../follow.svelte.js';
import { createMemory } from '../memory.js';

/** What is asked about: a reading, or an exact set. */
export type Checked =
  | { readonly of: 'reading'; readonly request: ControlsRequest }
  | { readonly of: 'set'; readonly request: ExactControlsRequest };

/** The same with a threshold of effects; the usual one unless given. */
export type UsedQuestion = Checked & { readonly maxKl?: number };

/** Whether what is held is used. */
export type UsedJob = Follow<UsedQuestion, UsedAnswer | null>;
/** Controls of a reading, or of an exact set. */
export type ControlsJob = Follow<Checked, ControlsAnswer | ExactControlsAnswer | null>;

const memory = createMemory<UsedAnswer | null>(20);
const controlsMemory = createMemory<ControlsAnswer | ExactControlsAnswer | null>(20);

/** Makes it; no request is sent before `start`. */
export const createUsed = (client: Client): UsedJob =>
  createFollow<UsedQuestion, UsedEvent, UsedAnswer | null>({
    name: 'Patching',
    open({ of, request, maxKl }, signal) {
      const asked = { ...request, ...(maxKl === undefined ? {} : { maxKl }) };
      return of === 'reading' ? client.used(asked, signal) : client.exactUsed(asked, signal);
    },
    isLast: ({ event }) => event === 'used',
    empty: null,
    memory,
    take: (before, { event, data }) => (event === 'used' ? data : before),
  });

/** Makes it; no request is sent before `start`. */
export const createControls = (client: Client): ControlsJob =>
  createFollow<Checked, ControlsEvent | ExactControlsEvent, ControlsAnswer | ExactControlsAnswer | null>({
    name: 'The controls',
    open: ({ of, request }, signal) =>
      of === 'reading' ? client.controls(request, signal) : client.exactControls(request, signal),
    isLast: ({ event }) => event === 'controls',
    empty: null,
    memory: controlsMemory,
    take: (before, { event, data }) => (event === 'controls' ? data : before),
  });
