/**
 * A reading: what a person is shown of one query, and what is saved of it.
 * @module
 */
import { z } from 'zod';

/** One shown candidate. Arrays have an entry for each token, BOS and EOS included. */
const sampleSchema = z.object({
  text: z.string(),
  tokens: z.array(z.string()),
  /** Whether it is an input of the task. */
  valid: z.boolean(),
  /** Least distance over its positions. */
  distance: z.number(),
  /** Where that is. */
  matchedPosition: z.number().int(),
  inside: z.boolean(),
  /** Distance at each position but EOS. */
  distances: z.array(z.number()),
  /** `p(token | z_q) − p(token | z_BOS)` under the decoder, −1 … 1. */
  tokenDelta: z.array(z.number()),
  /** Number of the sampling round it came from. */
  round: z.number().int(),
});

/** The data of a reading; see the fields. */
export const readingSchema = z.object({
  task: z.string(),
  query: z.object({
    input: z.string(),
    tokens: z.array(z.string()),
    position: z.number().int(),
    /** Name of the position, if it has one. */
    place: z.string().nullable(),
    site: z.string(),
  }),
  metric: z.enum(['euclidean', 'cosine']),
  epsilon: z.number(),
  seed: z.number(),
  /** Candidates judged, how many of them lie inside, how many are no input of the task. */
  candidates: z.number().int(),
  inside: z.number().int(),
  invalid: z.number().int(),
  /** Different candidates among them. */
  distinct: z.number().int(),
  /** Those shown, 100 at the most, sorted by distance. */
  samples: z.array(sampleSchema),
  /** Attention of the head at the position over the tokens; null for sites that are no head. */
  attention: z.array(z.number()).nullable(),
  warnings: z.array(z.string()),
  /** Name and hash of the probed model and of the decoder. */
  model: z.string(),
  decoder: z.string(),
});

/** One shown candidate. */
export type Sample = z.infer<typeof sampleSchema>;
/** What a person is shown of one query. */
export type Reading = z.infer<typeof readingSchema>;
