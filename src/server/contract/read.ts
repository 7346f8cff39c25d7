/**
 * Sampling: one reading, and the overview of all sites and positions of an input. Both answer with a stream of
 * server-sent events over `fetch`; closing the request stops the work.
 *
 *     POST /api/read      ReadRequest      -> events of ReadEvents
 *     POST /api/judge     JudgeRequest     -> Judgement
 *     POST /api/overview  OverviewRequest  -> events of OverviewEvents
 *
 * Order of a reading: `queued` (any number), `query`, then `candidates` and `deltas` as they come, `done`; `error` ends
 * the stream at any point. ε and metric are no part of it: every sample has its distances in both metrics, and what
 * is inside is `distance ≤ ε`. The first of a request's errors (a bad body, an unknown case) comes as the HTTP status.
 * @module
 */
import { z } from 'zod';
import {
  metricSchema,
  ownInputSchema,
  queryFactsSchema,
  readSampleSchema,
} from '../../inversion/kept-reading.js';
import { caseIdSchema, roundSchema, seedSchema } from './cases.js';
import { limits } from './limits.js';
import { problemSchema } from './problems.js';

const count = z.number().int().nonnegative();

const temperatureSchema = z.number().min(0.001).max(1000);

/** How candidates are drawn. Auto mode where neither temperature nor noise is given. */
const drawing = {
  seed: seedSchema.default(1),
  /** Of several, each has a round; each may be given once. */
  temperature: z
    .union([temperatureSchema, z.array(temperatureSchema).min(1).max(limits.temperatures)])
    .nullable()
    .default(null),
  /** Noise on the activation, in units of its standard deviation. */
  noise: z.number().min(0).max(1000).nullable().default(null),
};

/** What is asked about. */
const asked = {
  case: caseIdSchema,
  input: z.string().max(limits.input),
  /** Full or short name. */
  site: z.string().max(100),
  /** Place name (`=`, `A1`, `query`) or index; negative ones count from the end. */
  position: z.union([z.string().max(20), z.number().int()]),
};

/** Body of `POST /api/read`. */
export const readRequestSchema = z.strictObject({
  ...asked,
  /** The case's `candidates` unless given. */
  candidates: z.number().int().min(1).max(limits.candidates).optional(),
  ...drawing,
});
/** Body of `POST /api/read`. */
export type ReadRequest = z.input<typeof readRequestSchema>;

/** Body of `POST /api/judge`: a person's own inputs, to be run and held against an activation. */
export const judgeRequestSchema = z.strictObject({
  ...asked,
  inputs: z.array(z.string().max(limits.input)).min(1).max(limits.own),
});
/** Body of `POST /api/judge`. */
export type JudgeRequest = z.input<typeof judgeRequestSchema>;

/** Answer of `POST /api/judge`: the inputs in their order, equal ones once. */
export const judgementSchema = z.object({ inputs: z.array(ownInputSchema) });
/** Answer of `POST /api/judge`. */
export type Judgement = z.infer<typeof judgementSchema>;

/** Event `queued`: how many jobs are before this one; 0 when it is its turn. `preparing` says what keeps it, if anything. */
export const queuedEventSchema = z.object({ ahead: count, preparing: z.string().nullable() });

/** Event `query`: what was asked, and what is known of it before sampling. */
export const queryEventSchema = queryFactsSchema.extend({
  /** What will be drawn, in this order. */
  rounds: z.array(roundSchema),
  candidates: count,
  /** The task's, to start with. */
  epsilon: z.number(),
  metric: metricSchema,
  /** Norm of the activation, and the norm of its difference from BOS's divided by it. */
  norm: z.number(),
  fromBos: z.number(),
});
/** Event `query`. */
export type QueryEvent = z.infer<typeof queryEventSchema>;

/**
 * Event `candidates`: a batch of judged candidates. `samples` are the inputs that had not been drawn before, numbered on
 * from the last event's (the first of a reading is 0); `draws` has for each candidate the number of its input.
 */
export const candidatesEventSchema = z.object({ samples: z.array(readSampleSchema), draws: z.array(count) });
/** Event `candidates`. */
export type CandidatesEvent = z.infer<typeof candidatesEventSchema>;

/**
 * Event `deltas`: colours of the samples numbered from `start`. One number a token, `p(token | z_q) − p(token | z_BOS)`
 * under the decoder, −1 … 1; null where it is not judged. `follows` has for each of these samples the indices of the tokens
 * that follow from others: their likelihood is that at their place over all inputs that the decoder says.
 */
export const deltasEventSchema = z.object({
  start: count,
  deltas: z.array(z.array(z.number().nullable())),
  follows: z.array(z.array(count)),
});
/** Event `deltas`. */
export type DeltasEvent = z.infer<typeof deltasEventSchema>;

/** Event `done` of a reading. */
export const doneEventSchema = z.object({
  candidates: count,
  distinct: count,
  /** Candidates that are not inputs of the task. */
  invalid: count,
  /** Milliseconds of work from the job's turn to the first batch, to the last batch, and in all. */
  milliseconds: z.object({ first: z.number(), judged: z.number(), all: z.number() }),
});
/** Event `done` of a reading. */
export type DoneEvent = z.infer<typeof doneEventSchema>;

/** Events of a reading by name. */
export const readEventSchemas = {
  queued: queuedEventSchema,
  query: queryEventSchema,
  candidates: candidatesEventSchema,
  deltas: deltasEventSchema,
  done: doneEventSchema,
  error: problemSchema,
};

/** Body of `POST /api/overview`. */
export const overviewRequestSchema = z.strictObject({
  case: caseIdSchema,
  input: z.string().max(limits.input),
  /** All of the case unless given. */
  sites: z.array(z.string().max(100)).min(1).max(1000).optional(),
  /** Indices; all but EOS unless given. */
  positions: z.array(count).min(1).max(1000).optional(),
  /** Of each cell. */
  candidates: z.number().int().min(8).max(limits.overviewCandidates).default(64),
  ...drawing,
});
/** Body of `POST /api/overview`. */
export type OverviewRequest = z.input<typeof overviewRequestSchema>;

/** Event `plan` of an overview: the axes, in order. */
export const overviewPlanSchema = z.object({
  input: z.string(),
  tokens: z.array(z.string()),
  sites: z.array(z.object({ site: z.string(), short: z.string() })),
  positions: z.array(z.object({ position: count, place: z.string().nullable(), token: z.string() })),
  candidates: count,
});
/** Event `plan` of an overview. */
export type OverviewPlan = z.infer<typeof overviewPlanSchema>;

/**
 * Event `cell`: one site and position. Distances are sorted, one a candidate, so that the share inside any ε is known:
 * the count of those ≤ ε over their number.
 */
export const overviewCellSchema = z.object({
  site: z.string(),
  position: count,
  euclidean: z.array(z.number()),
  cosine: z.array(z.number()),
  distinct: count,
  /** Candidates that are not inputs of the task. */
  invalid: count,
});
/** Event `cell`. */
export type OverviewCell = z.infer<typeof overviewCellSchema>;

/** Events of an overview by name. */
export const overviewEventSchemas = {
  queued: queuedEventSchema,
  plan: overviewPlanSchema,
  cell: overviewCellSchema,
  done: z.object({ cells: count, milliseconds: z.number() }),
  error: problemSchema,
};

/** An event of a stream whose events these schemas describe: `{ event: 'done', data: … }`. */
export type EventOf<S extends Readonly<Record<string, z.ZodType>>> = {
  [Name in keyof S & string]: { readonly event: Name; readonly data: z.output<S[Name]> };
}[keyof S & string];
/** An event of a reading. */
export type ReadEvent = EventOf<typeof readEventSchemas>;
/** An event of an overview. */
export type OverviewEvent = EventOf<typeof overviewEventSchemas>;
