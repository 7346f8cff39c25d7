/**
 * An exact conditional set: what would be run, and what was found.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  ExactPlan,
  ExactPlanRequest,
  ExactSetAnswer,
  ExactSetEvent,
  ExactSetRequest,
} from '../../../src/workbench/verbs/exact.js';
import { createFollow, type Follow, once } from '../follow.svelte.js';
import { createMemory } from '../memory.js';

/** The inputs that vary, counted; nothing is run. */
export type Planning = Follow<ExactPlanRequest, ExactPlan | null>;
/** A set, or the way to it. */
export type ExactSets = Follow<ExactSetRequest, ExactSetAnswer | null>;

const memory = createMemory<ExactSetAnswer | null>(20);

/** Makes it; no request is sent before `start`. */
export const createPlanning = (client: Client): Planning =>
  createFollow(once('The plan', (request: ExactPlanRequest, signal) => client.exactPlan(request, signal)));

/** Makes it; no request is sent before `start`. */
export const createExactSets = (client: Client): ExactSets =>
  createFollow<ExactSetRequest, ExactSetEvent, ExactSetAnswer | null>({
    name: 'The exact set',
    open: (request, signal) => client.exactSet(request, signal),
    isLast: ({ event }) => event === 'set',
    empty: null,
    memory,
    take: (before, { event, data }) => (event === 'set' ? data : before),
  });

/** A time in words that are no more exact than it is: `about 40 s`, `about 3 min`. */
export const timeText = (seconds: number): string =>
  seconds < 5
    ? 'a few seconds'
    : seconds < 90
      ? `about ${Math.round(seconds / 5) * 5} s`
      : seconds < 5400
        ? `about ${Math.round(seconds / 60)} min`
        : `about ${(seconds / 3600).toFixed(1)} h`;
