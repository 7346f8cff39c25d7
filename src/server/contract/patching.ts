/**
 * Causal checks of a reading: contrast inputs, sweeps, chosen sites over many contrasts, named experiments, attribution.
 *
 *     POST /api/contrast      ContrastRequest      -> Contrast
 *     GET  /api/experiments?case=ID                -> ExperimentList
 *     POST /api/sweep         SweepRequest         -> events of SweepEvents
 *     POST /api/sweep/figure  SweepFigureRequest   -> image/svg+xml
 *     POST /api/patch         PatchRequest         -> events of PatchEvents
 *     POST /api/experiment    ExperimentRequest    -> events of ExperimentEvents
 *     POST /api/attribution   AttributionRequest   -> events of AttributionEvents
 *
 * Streams are server-sent events over `fetch`; closing the request stops the work. `queued` and `progress` come any
 * number of times, `error` ends a stream at any point. The first of a request's errors comes as the HTTP status. None of
 * it needs a decoder.
 * @module
 */
import { z } from 'zod';
import { caseIdSchema, seedSchema } from './cases.js';
import { figureSchema, progressEventSchema } from './information.js';
import { limits } from './limits.js';
import {
  ablationRecordSchema,
  attributionRecordSchema,
  orderRecordSchema,
  patchMetricSchema,
  setsRecordSchema,
  sweepRecordSchema,
} from './patching-records.js';
import { problemSchema } from './problems.js';
import { type EventOf, queuedEventSchema } from './read.js';

const count = z.number().int().nonnegative();
const site = z.string().max(100);
const token = z.string().min(1).max(100);
/** Place name (`=`, `A1`, `query`) or index; negative ones count from the end. */
const place = z.union([z.string().max(20), z.number().int()]);

/** What is held against an input. */
const contrasted = {
  case: caseIdSchema,
  input: z.string().max(limits.input),
  /** Tokens that are changed: to a given one, or, where it is null, to one that is drawn. */
  changes: z
    .array(z.strictObject({ at: place, token: token.nullable() }))
    .max(limits.positions)
    .default([]),
  /** The whole contrast input, in place of changes. */
  contrast: z.string().max(limits.input).nullable().default(null),
  /** Place whose token is to be predicted; null for the first of the answer that differs. */
  answer: place.nullable().default(null),
  metric: patchMetricSchema.default('logit-difference'),
  /** Decides what is drawn. */
  seed: seedSchema.default(1),
};

/** Body of `POST /api/contrast`. */
export const contrastRequestSchema = z.strictObject(contrasted);
/** Body of `POST /api/contrast`. */
export type ContrastRequest = z.input<typeof contrastRequestSchema>;

/** A token of the contrast input, and where it comes from; null where it is the input's own. */
const contrastTokenSchema = z.object({
  text: z.string(),
  place: z.string().nullable(),
  change: z.enum(['redrawn', 'given', 'follows', 'typed']).nullable(),
});

/** Answer of `POST /api/contrast`: the contrast that the seed draws, or why there is none. */
export const contrastSchema = z.object({
  input: z.string(),
  /** The input's tokens, from BOS to EOS. `change` says what may be done with one: follows from others, be drawn or given. */
  tokens: z.array(
    z.object({
      text: z.string(),
      place: z.string().nullable(),
      may: z.enum(['stay', 'be given', 'be redrawn']),
    }),
  ),
  /** Places that can be predicted. */
  answers: z.array(z.object({ position: count, place: z.string().nullable(), token: z.string() })),
  /** What keeps the contrast from being used, and what to do; null when all is well. */
  problem: z.string().nullable(),
  /** Null where there is a problem. */
  found: z
    .object({
      text: z.string(),
      tokens: z.array(contrastTokenSchema),
      /** What is predicted, and where: the place before. */
      answer: z.object({
        position: count,
        place: z.string().nullable(),
        readAt: z.string(),
        clean: z.string(),
        contrast: z.string(),
      }),
      /** Positions that both have, up to where the answer is predicted. */
      positions: z.array(z.object({ position: count, place: z.string().nullable(), token: z.string() })),
      /** Whether it is drawn, so that there are others like it. */
      drawn: z.boolean(),
      /** What is to be known of it: that it is no input of the task, that the two differ in length. */
      notes: z.array(z.string()),
    })
    .nullable(),
});
/** Answer of `POST /api/contrast`. */
export type Contrast = z.infer<typeof contrastSchema>;

/** Contrasts that are drawn; the first is the one that `/api/contrast` shows. */
const contrasts = z.number().int().min(1).max(limits.contrasts).default(1);

/** Body of `POST /api/sweep`: all sites at all positions that both inputs have, unless some are named. */
export const sweepRequestSchema = z.strictObject({
  ...contrasted,
  contrasts,
  sites: z.array(site).min(1).max(limits.sites).optional(),
  positions: z.array(place).min(1).max(limits.positions).optional(),
});
/** Body of `POST /api/sweep`. */
export type SweepRequest = z.input<typeof sweepRequestSchema>;

/** Event `plan` of a sweep: its axes, in the order of a run. */
export const sweepPlanSchema = z.object({
  sites: z.array(z.object({ site: z.string(), short: z.string() })),
  positions: z.array(z.object({ position: count, place: z.string().nullable(), token: z.string() })),
  contrasts: count,
});
/** Event `plan` of a sweep. */
export type SweepPlan = z.infer<typeof sweepPlanSchema>;

/** Figures that effects are to be compared with. `whole` is the effect of exchanging everything; null where it is 0. */
export const baselinesSchema = z.object({
  n: count,
  unit: z.string(),
  clean: z.number(),
  cleanStandardError: z.number().nullable(),
  contrast: z.number(),
  contrastStandardError: z.number().nullable(),
  whole: z.number().nullable(),
});
/** Figures that effects are to be compared with. */
export type Baselines = z.infer<typeof baselinesSchema>;

/** An effect: in the metric's unit, and as a share of the whole effect. */
const effectFields = {
  effect: z.number(),
  standardError: z.number().nullable(),
  share: z.number().nullable(),
  shareStandardError: z.number().nullable(),
  /** Share of the runs in which any logit changed, 0 … 1: at 0 the patch changed nothing. */
  changed: z.number(),
};

/** Event `cell`: indices into the plan. With many contrasts a cell comes again as more of them have been run. */
export const sweepCellSchema = z.object({
  site: count,
  position: count,
  ...effectFields,
  baselines: baselinesSchema,
});
/** Event `cell` of a sweep. */
export type SweepCell = z.infer<typeof sweepCellSchema>;

/** Events of `POST /api/sweep` by name. */
export const sweepEventSchemas = {
  queued: queuedEventSchema,
  plan: sweepPlanSchema,
  cell: sweepCellSchema,
  done: z.object({ record: sweepRecordSchema, milliseconds: z.number() }),
  error: problemSchema,
};
/** An event of a sweep. */
export type SweepEvent = EventOf<typeof sweepEventSchemas>;

/** Body of `POST /api/sweep/figure`. */
export const sweepFigureRequestSchema = z.strictObject({
  record: sweepRecordSchema,
  /** Whether effects are drawn as shares of the whole effect. */
  normalized: z.boolean().default(false),
  scheme: z.enum(['light', 'dark']).default('light'),
});
/** Body of `POST /api/sweep/figure`. */
export type SweepFigureRequest = z.input<typeof sweepFigureRequestSchema>;

/** Body of `POST /api/patch`: each of the sites at one position, and all of them together. */
export const patchRequestSchema = z.strictObject({
  ...contrasted,
  contrasts,
  sites: z.array(site).min(1).max(limits.sites),
  position: place,
});
/** Body of `POST /api/patch`. */
export type PatchRequest = z.input<typeof patchRequestSchema>;

/** Events of `POST /api/patch` by name. Of `sets`, all sites together come last where there are several. */
export const patchEventSchemas = {
  queued: queuedEventSchema,
  progress: progressEventSchema,
  result: z.object({
    record: setsRecordSchema,
    baselines: baselinesSchema,
    sets: z.array(z.object({ sites: z.array(z.string()), ...effectFields })),
    /** Distinct contrast inputs among those drawn. */
    distinct: count,
  }),
  done: z.object({ milliseconds: z.number() }),
  error: problemSchema,
};
/** An event of patching chosen sites. */
export type PatchEvent = EventOf<typeof patchEventSchemas>;

/** Answer of `GET /api/experiments`: the recipes of the case's task. */
export const experimentListSchema = z.object({
  experiments: z.array(z.object({ name: z.string(), about: z.string(), sites: z.string() })),
  /** Said where there are none. */
  note: z.string().nullable(),
});
/** Answer of `GET /api/experiments`. */
export type ExperimentList = z.infer<typeof experimentListSchema>;

/** Body of `POST /api/experiment`. */
export const experimentRequestSchema = z.strictObject({
  case: caseIdSchema,
  experiment: z.string().max(100),
  /** Held-out inputs at the most. */
  inputs: z.number().int().min(2).max(limits.experimentInputs).default(1000),
  /** Contrasts of each. */
  contrasts: z.number().int().min(1).max(64).default(4),
  metric: patchMetricSchema.default('logit-difference'),
  seed: seedSchema.default(1),
});
/** Body of `POST /api/experiment`. */
export type ExperimentRequest = z.input<typeof experimentRequestSchema>;

/** Events of `POST /api/experiment` by name: both orders with their figure, or a mean ablation. */
export const experimentEventSchemas = {
  queued: queuedEventSchema,
  progress: progressEventSchema,
  orders: z.object({ records: z.array(orderRecordSchema).readonly(), figure: figureSchema }),
  ablation: z.object({ record: ablationRecordSchema }),
  done: z.object({ milliseconds: z.number() }),
  error: problemSchema,
};
/** An event of a named experiment. */
export type ExperimentEvent = EventOf<typeof experimentEventSchemas>;

/** Body of `POST /api/attribution`. */
export const attributionRequestSchema = z.strictObject({
  case: caseIdSchema,
  input: z.string().max(limits.input),
  position: place,
  /** The token whose logit is taken apart; the one that follows unless given. */
  answer: token.nullable().default(null),
  /** The token whose logit is subtracted. */
  against: token.nullable().default(null),
  /** Tokens listed that a site raises and lowers most. */
  top: z.number().int().min(0).max(50).default(5),
});
/** Body of `POST /api/attribution`. */
export type AttributionRequest = z.input<typeof attributionRequestSchema>;

/** Events of `POST /api/attribution` by name. */
export const attributionEventSchemas = {
  queued: queuedEventSchema,
  result: z.object({ record: attributionRecordSchema, figure: figureSchema }),
  done: z.object({ milliseconds: z.number() }),
  error: problemSchema,
};
/** An event of an attribution. */
export type AttributionEvent = EventOf<typeof attributionEventSchemas>;
