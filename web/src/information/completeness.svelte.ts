/**
 * The completeness scatter: the one being computed, and the last one.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  CompletenessEvent,
  CompletenessRequest,
  ScatterEvent,
} from '../../../src/workbench/verbs/completeness.js';
import { createFollow, type Follow } from '../follow.svelte.js';

/** See the module. */
export type Completeness = Follow<CompletenessRequest, ScatterEvent | null>;

/** Makes it; no request is sent before `start`. */
export const createCompleteness = (client: Client): Completeness =>
  createFollow<CompletenessRequest, CompletenessEvent, ScatterEvent | null>({
    name: 'The scoring',
    open: (request, signal) => client.completeness(request, signal),
    isLast: ({ event }) => event === 'scatter',
    empty: null,
    take: (before, { event, data }) => (event === 'scatter' ? data : before),
  });
