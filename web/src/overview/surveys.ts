/**
 * The two surveys of an overview.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  BitsCell,
  BitsMapEvent,
  BitsMapRequest,
  OverviewCell,
  OverviewPlan,
  OverviewRequest,
} from '../../../src/server/contract/index.js';
import { createSurvey, type Survey } from './maps.svelte.js';

/** The axes of a map of bits. */
export type BitsPlan = Extract<BitsMapEvent, { event: 'plan' }>['data'];

/** By what a figure is made of. */
export interface Surveys {
  readonly draws: Survey<OverviewRequest, OverviewPlan, OverviewCell>;
  readonly bits: Survey<BitsMapRequest, BitsPlan, BitsCell>;
}

/** Makes both; nothing is asked before one is started. */
export const createSurveys = (client: Client): Surveys => ({
  draws: createSurvey<OverviewRequest, OverviewPlan, OverviewCell>((request, signal) =>
    client.overview(request, signal),
  ),
  // Another ε or metric looks at the same draws: its cells take the place of the old ones as they come.
  bits: createSurvey<BitsMapRequest, BitsPlan, BitsCell>(
    (request, signal) => client.bits(request, signal),
    ({ epsilon: _epsilon, metric: _metric, ...question }) => question,
  ),
});
