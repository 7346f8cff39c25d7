/**
 * The contract between the workbench and its clients: every request, answer and event, as zod schemas and types. A page
 * that wants to stay small imports types from here (`import type`) and numbers from `limits.js`.
 *
 * Addresses are in the list of verbs (`src/workbench/verbs.ts`). Requests have JSON bodies (`Content-Type:
 * application/json`), unknown fields are refused. Responses are JSON unless the list says otherwise; a status that is not
 * 2xx comes with a {@link Failure}. Streams are `text/event-stream`: each event has a name and one line of JSON; lines
 * that begin with a colon are to be skipped.
 * @module
 */
export {
  type KeptSample,
  type OwnInput,
  type QueryFacts,
  type ReadSample,
} from '../../inversion/kept-reading.js';
export * from '../../workbench/case-study.js';
export * from '../../workbench/fields.js';
export * from '../../workbench/limits.js';
export * from '../../workbench/map-axes.js';
export * from '../../workbench/patching.js';
export * from '../../workbench/patching-records.js';
export * from '../../workbench/problems.js';
export * from '../../workbench/verbs/attribution.js';
export * from '../../workbench/verbs/bits.js';
export * from '../../workbench/verbs/cases.js';
export * from '../../workbench/verbs/completeness.js';
export * from '../../workbench/verbs/contrast.js';
export * from '../../workbench/verbs/experiments.js';
export * from '../../workbench/verbs/inspect.js';
export * from '../../workbench/verbs/interpret.js';
export * from '../../workbench/verbs/judge.js';
export * from '../../workbench/verbs/models.js';
export * from '../../workbench/verbs/overview.js';
export * from '../../workbench/verbs/patch.js';
export * from '../../workbench/verbs/read.js';
export * from '../../workbench/verbs/readings.js';
export * from '../../workbench/verbs/sweep.js';
export * from '../../workbench/verbs/trainings.js';
