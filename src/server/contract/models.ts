/**
 * Models, before anything is run with them: which are on the server's machine, and what one is.
 *
 *     GET  /api/models                         -> ModelList
 *     POST /api/models/describe  ModelRequest  -> events of ModelEvents
 *
 * Order of a description: `fetching` as files come from the hub, `model`, and `tokens` where a text was given; `error` ends the stream at any point. Closing the request stops a fetch; what came
 * stays, and the next request goes on with it. The first of a request's errors comes as the HTTP status.
 * @module
 */
import { z } from 'zod';
import { limits } from './limits.js';
import { problemSchema } from './problems.js';
import { type EventOf } from './read.js';

const count = z.number().int().nonnegative();

/** A model that is on the server's machine. */
export const listedModelSchema = z.object({
  /** What `POST /api/models/describe` takes. */
  name: z.string(),
  /** Of the package, of the folder under --models, of the folder of trainings, of Hugging Face's cache. */
  origin: z.enum(['shipped', 'models', 'runs', 'hub']),
  /** The task that it was trained for, where its files say so. */
  task: z.string().nullable(),
  /** Whether its weights are all there; of the hub there may be the config alone. */
  whole: z.boolean(),
});
/** A model that is on the server's machine. */
export type ListedModel = z.infer<typeof listedModelSchema>;

/** Answer of `GET /api/models`. */
export const modelListSchema = z.object({
  models: z.array(listedModelSchema),
  /** Whether directories and files may be named: only where the server answers its own machine alone. */
  paths: z.boolean(),
  /** Whether the server makes no request to the hub at all (`HF_HUB_OFFLINE`). */
  offline: z.boolean(),
});
/** Answer of `GET /api/models`. */
export type ModelList = z.infer<typeof modelListSchema>;

/** Body of `POST /api/models/describe`. */
export const modelRequestSchema = z.strictObject({
  /** A name of the list, a directory, a `.gguf` file, or `owner/name[@revision]` on the hub. */
  name: z.string().min(1).max(limits.model),
  /** Whether no request may be made to the hub. */
  offline: z.boolean().default(false),
  /** Its tokens are sent. */
  text: z.string().max(limits.text).optional(),
  /** What stands before the text: a token, an id, or `none`; what the model's files name unless given. */
  bos: z.string().max(limits.model).optional(),
});
/** Body of `POST /api/models/describe`. */
export type ModelRequest = z.input<typeof modelRequestSchema>;

/** Event `model`: what `inversionview model NAME --json` prints, and what a page needs beside it. */
export const describedModelSchema = z.object({
  name: z.string(),
  /** Null where other machines reach the server: where things lie on its disk is not their business. */
  path: z.string().nullable(),
  source: z.enum(['directory', 'file', 'hub']),
  family: z.string(),
  /** The family in a few words. */
  about: z.string(),
  layers: count,
  width: count,
  heads: count,
  /** Fewer than `heads` where heads share keys and values. */
  keyValueHeads: count,
  headWidth: count,
  inner: count,
  vocabulary: count,
  positions: count,
  tied: z.boolean(),
  parameters: count,
  /** In float32. */
  bytes: count,
  stored: z.array(z.string()),
  hooks: count,
  tokenizer: z
    .object({
      tokens: count,
      specials: z.array(z.string()),
      bos: count.nullable(),
      /** The same as the vocabulary writes it. */
      bosToken: z.string().nullable(),
    })
    .nullable(),
  /** Why there is none, as a sentence; null where there is one. */
  noTokenizer: z.string().nullable(),
  /** How ids of cases name it: the empty string for a shipped model; null for what no case can be made of. */
  ref: z.string().nullable(),
  /** The task that it was trained for, where its files say so. */
  task: z.string().nullable(),
});
/** Event `model`. */
export type DescribedModel = z.infer<typeof describedModelSchema>;

/** Events of a description by name. */
export const modelEventSchemas = {
  /** Bytes of a file that are there, and all of them. */
  fetching: z.object({ file: z.string(), done: count, all: count }),
  model: describedModelSchema,
  /** Ids of the text with what stands before it, and each as it is written: `␣` for a space. */
  tokens: z.object({ ids: z.array(count), pieces: z.array(z.string()) }),
  error: problemSchema,
};
/** An event of a description. */
export type ModelEvent = EventOf<typeof modelEventSchemas>;
