/**
 * Fields that requests and events of several verbs share.
 * @module
 */
import { z } from 'zod';
import { limits, namePattern } from './limits.js';
import { problemSchema } from './problems.js';

/** A count of things, or an index. */
export const count = z.number().int().nonnegative();

/** Whole numbers that seed a generator. */
export const seedSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/**
 * The id of a case: a task with the shipped model and decoder (`addition`), or a task with directories by their refs,
 * `addition~models/mine~runs/addition-decoder`, where an empty ref stands for the shipped one and `search` for no decoder:
 * the model searches by itself. Template tasks take any model of the list of models, and a token before texts where its
 * files name none: `ioi~models/SmolLM2.gguf~~<|endoftext|>`.
 */
export const caseIdSchema = z.string().min(1).max(500);

/** Text of an input. */
export const inputSchema = z.string().max(limits.input);

/** A site by its full or short name. */
export const siteNameSchema = z.string().max(100);

/** Place name (`=`, `A1`, `query`) or index; negative ones count from the end. */
export const placeSchema = z.union([z.string().max(20), z.number().int()]);

/** What is asked about. */
export const asked = {
  case: caseIdSchema,
  input: inputSchema,
  site: siteNameSchema,
  position: placeSchema,
};

/** The name of a saved reading or a training. */
export const nameSchema = z
  .string()
  .regex(
    namePattern,
    'give letters, digits, spaces and . _ + = -, beginning with a letter or digit, 100 at the most',
  );

/** Event `queued`: how many jobs are before this one; 0 when it is its turn. `preparing` says what keeps it, if anything. */
const queuedEventSchema = z.object({ ahead: count, preparing: z.string().nullable() });

/** Events of every stream that waits for its turn, which are sent for it. */
export const jobEvents = { queued: queuedEventSchema, error: problemSchema };

/** Event `progress`: what is being done, and how far it is. */
export const progressEventSchema = z.object({ what: z.string(), done: count, all: count });
export type ProgressEvent = z.infer<typeof progressEventSchema>;
