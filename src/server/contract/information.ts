/**
 * What an activation tells: bits and features of one reading, the bits of every site and position, and how complete the
 * decoder is. All three answer with a stream of server-sent events over `fetch`; closing the request stops the work.
 *
 *     POST /api/interpret     InterpretRequest     -> events of InterpretEvents
 *     POST /api/bits          BitsMapRequest       -> events of BitsMapEvents
 *     POST /api/completeness  CompletenessRequest  -> events of CompletenessEvents
 *
 * `queued` and `progress` come any number of times, then what was asked for; `error` ends a stream at any point. The first
 * of a request's errors comes as the HTTP status. The draws of recent questions are kept: the same question under
 * another ε or metric is answered without drawing again.
 * @module
 */
import { z } from 'zod';
import { metricSchema } from '../../inversion/kept-reading.js';
import { readoutSchema } from '../../inversion/reading.js';
import { caseIdSchema, seedSchema } from './cases.js';
import { limits } from './limits.js';
import { problemSchema } from './problems.js';
import { type EventOf, overviewPlanSchema, overviewRequestSchema, queuedEventSchema } from './read.js';

const count = z.number().int().nonnegative();

/** What is asked about, and how it is looked at; ε and metric are the task's unless given. */
const placed = {
  case: caseIdSchema,
  input: z.string().max(limits.input),
  /** Full or short name. */
  site: z.string().max(100),
  /** Place name (`=`, `A1`, `query`) or index; negative ones count from the end. */
  position: z.union([z.string().max(20), z.number().int()]),
  seed: seedSchema.default(1),
};
const looked = {
  epsilon: z.number().min(0).max(limits.epsilon).optional(),
  metric: metricSchema.optional(),
};

/** Body of `POST /api/interpret`. */
export const interpretRequestSchema = z.strictObject({
  ...placed,
  ...looked,
  /** Names of the task's features; all unless given. */
  features: z.array(z.string().max(100)).min(1).max(limits.features).optional(),
  /** Whether all inputs of the task are run, where they can be: the preimage is then known, not estimated. */
  exact: z.boolean().default(false),
  /** Inputs of the exact preimage that are sent, drawn evenly. */
  members: count.max(limits.members).default(0),
  /** Whether the features are sent as figures too. */
  figures: z.boolean().default(false),
});
/** Body of `POST /api/interpret`. */
export type InterpretRequest = z.input<typeof interpretRequestSchema>;

/** Event `progress`: what is being done, and how far it is. */
export const progressEventSchema = z.object({ what: z.string(), done: count, all: count });
/** Event `progress`. */
export type ProgressEvent = z.infer<typeof progressEventSchema>;

/** A number of bits with an interval of at least 95%; see `Estimate` of `interpret`. */
export const estimateSchema = z.object({
  /** Null where the effective sample size is too small for a number; the interval stands all the same. */
  bits: z.number().nullable(),
  low: z.number(),
  /** Null where nothing was found. */
  high: z.number().nullable(),
  effectiveSamples: z.number(),
});

/** What is known of one feature; see `FeatureBits` of `interpret`. */
export const featureBitsSchema = z.object({
  feature: z.string(),
  bits: z.number(),
  /** Entropy over all inputs, and inside the preimage. */
  before: z.number(),
  after: z.number(),
  /** Bits that as many inputs drawn blindly would seem to give; 0 of an exact preimage. */
  baseline: z.number(),
  /** Share of the preimage with the query's value, 0 … 1. */
  consistency: z.number(),
  /** The query's value. */
  value: z.union([z.string(), z.number(), z.null()]),
});

/** A figure in the colours of light and of dark pages, as SVG. */
export const figureSchema = z.object({ light: z.string(), dark: z.string() });

/** What is said of a query by everything here: a `QueryRecord` of `interpret`. */
const queryRecord = {
  task: z.string(),
  input: z.string(),
  position: count,
  place: z.string().nullable(),
  /** Full hook name. */
  site: z.string(),
  metric: metricSchema,
  epsilon: z.number(),
  seed: count,
  model: z.string(),
  decoder: z.string().nullable(),
  warnings: z.array(z.string()),
};

/** Event `told`: the record that `inversionview bits --json` prints, and what it rests on. */
export const toldEventSchema = z.object({
  record: z.object({
    ...queryRecord,
    exact: z.object({ bits: z.number().nullable(), size: count }).nullable(),
    /** Null without a decoder. */
    estimate: estimateSchema.nullable(),
    /** The most telling above chance first. */
    features: z.array(featureBitsSchema),
    readout: readoutSchema,
  }),
  /** Draws of the decoder and blind ones; those that are inputs of the task, those inside, and distinct ones inside. */
  draws: z.object({ decoder: count, blind: count, valid: count, inside: count, distinct: count }).nullable(),
  /** Inputs of the task, where all were run. */
  total: count.nullable(),
  /** Some of the exact preimage, sorted by distance. */
  members: z.array(z.object({ text: z.string(), distance: z.number(), matchedPosition: count })),
  figure: figureSchema.nullable(),
  milliseconds: z.number(),
});
/** Event `told`. */
export type ToldEvent = z.infer<typeof toldEventSchema>;

/** Events of `POST /api/interpret` by name. */
export const interpretEventSchemas = {
  queued: queuedEventSchema,
  progress: progressEventSchema,
  told: toldEventSchema,
  error: problemSchema,
};
/** An event of `POST /api/interpret`. */
export type InterpretEvent = EventOf<typeof interpretEventSchemas>;

/** Body of `POST /api/bits`: an overview's, without what has no density to weigh by. */
export const bitsMapRequestSchema = overviewRequestSchema
  .omit({ temperature: true, noise: true })
  .extend(looked);
/** Body of `POST /api/bits`. */
export type BitsMapRequest = z.input<typeof bitsMapRequestSchema>;

/** Event `bits`: one site and position. */
export const bitsCellSchema = estimateSchema.extend({
  site: z.string(),
  position: count,
  metric: metricSchema,
  epsilon: z.number(),
  /** Draws, and distinct inputs found inside. */
  draws: count,
  found: count,
});
/** Event `bits`. */
export type BitsCell = z.infer<typeof bitsCellSchema>;

/** Events of `POST /api/bits` by name. */
export const bitsMapEventSchemas = {
  queued: queuedEventSchema,
  plan: overviewPlanSchema.extend({
    /** Bits of the query's input alone: what an activation tells that leaves no other. */
    most: z.number(),
  }),
  bits: bitsCellSchema,
  done: z.object({ cells: count, milliseconds: z.number() }),
  error: problemSchema,
};
/** An event of `POST /api/bits`. */
export type BitsMapEvent = EventOf<typeof bitsMapEventSchemas>;

/** Body of `POST /api/completeness`. */
export const completenessRequestSchema = z.strictObject({
  ...placed,
  ...looked,
  /** Noise on the activation in units of its spread, and draws of it that a probability is averaged over. */
  noise: z.number().min(0).max(100).default(0.1),
  draws: z.number().int().min(1).max(limits.noiseDraws).default(100),
  /** Inputs outside that are scored too. */
  outside: count.max(limits.outside).default(2000),
  /** Log-probability that counts as vanishing; a hundredth of an even share of the preimage unless given. */
  floor: z.number().min(-1e6).max(0).optional(),
});
/** Body of `POST /api/completeness`. */
export type CompletenessRequest = z.input<typeof completenessRequestSchema>;

/** Event `scatter`: the record that `inversionview completeness --json` prints, drawn as well. */
export const scatterEventSchema = z.object({
  record: z.object({
    ...queryRecord,
    completeness: z.object({
      epsilon: z.number(),
      metric: metricSchema,
      noise: z.number(),
      draws: count,
      floor: z.number(),
      /** Inputs there are, those inside, and those outside that were scored. */
      total: count,
      inside: count,
      outside: count,
      /** Inputs inside whose log-probability is below the floor, and the least of them all. */
      belowFloor: count,
      least: z.number(),
      /** Share of the decoder's probability that lies inside. */
      mass: z.number(),
      points: z.array(
        z.object({
          /** Its number in the task's data. */
          input: count,
          distance: z.number(),
          logProbability: z.number(),
          inside: z.boolean(),
        }),
      ),
    }),
  }),
  /** The least likely inputs inside, likeliest last. */
  unlikely: z.array(z.object({ text: z.string(), logProbability: z.number(), distance: z.number() })),
  figure: figureSchema,
  milliseconds: z.number(),
});
/** Event `scatter`. */
export type ScatterEvent = z.infer<typeof scatterEventSchema>;

/** Events of `POST /api/completeness` by name. */
export const completenessEventSchemas = {
  queued: queuedEventSchema,
  progress: progressEventSchema,
  scatter: scatterEventSchema,
  error: problemSchema,
};
/** An event of `POST /api/completeness`. */
export type CompletenessEvent = EventOf<typeof completenessEventSchemas>;
