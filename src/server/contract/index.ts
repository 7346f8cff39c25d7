/**
 * The contract between the server and its clients: every request, response and event, as zod schemas and types. It runs
 * in a browser; a page that wants to stay small imports types from here (`import type`) and numbers from `limits.js`.
 *
 * Requests have JSON bodies (`Content-Type: application/json`), unknown fields are refused. Responses are JSON unless a
 * stream is promised; a status that is not 2xx comes with a {@link Failure}. Streams are `text/event-stream`: each event
 * has a name and one line of JSON; lines that begin with a colon are to be skipped.
 *
 *     GET /api/status -> ServerStatus
 *
 * The other routes are named at the head of the files beside this one.
 * @module
 */
import { z } from 'zod';
import { type EventOf } from './read.js';
import { type trainingEventSchemas } from './trainings.js';

export {
  type KeptSample,
  type OwnInput,
  type QueryFacts,
  type ReadSample,
  annotationSchema,
  keptSampleSchema,
  metricSchema,
  ownInputSchema,
  queryFactsSchema,
  readSampleSchema,
} from '../../inversion/kept-reading.js';
export * from './cases.js';
export * from './information.js';
export * from './limits.js';
export * from './models.js';
export * from './patching.js';
export * from './patching-records.js';
export * from './problems.js';
export * from './read.js';
export * from './saved.js';
export * from './trainings.js';

/** An event of a watched training. */
export type TrainingEvent = EventOf<typeof trainingEventSchemas>;

/** Answer of `GET /api/status`. */
export const serverStatusSchema = z.object({
  version: z.string(),
  /** Seconds since the start. */
  uptime: z.number(),
  /** Jobs at work (0 or 1) and waiting. */
  working: z.number().int(),
  waiting: z.number().int(),
  /** Ids of cases that are loaded, and how much of what is compiled at the start has been, 0 … 1. */
  warm: z.array(z.string()),
  prepared: z.number(),
  /** Bytes of resident memory. */
  memory: z.number(),
});
/** Answer of `GET /api/status`. */
export type ServerStatus = z.infer<typeof serverStatusSchema>;
