/**
 * Models, before anything is run with them: which are on the server's machine, and what one is. Past the line of work: a
 * description computes nothing, and a fetch may take an hour.
 *
 * Order of a description: `fetching` as files come from the hub, `model`, and `tokens` where a text was given; `error`
 * ends the stream at any point. Closing the request stops a fetch; what came stays, and the next request goes on with it.
 * @module
 */
import { z } from 'zod';
import { count } from '../fields.js';
import { limits } from '../limits.js';
import { problemSchema } from '../problems.js';
import { type Call, type Emitted, type EventOf, verbsOf } from '../verb.js';

/** A model that is on the server's machine. */
const listedModelSchema = z.object({
  /** What `POST /api/models/describe` takes. */
  name: z.string(),
  /** Of the package, of the folder under --models, of the folder of trainings, of Hugging Face's cache. */
  origin: z.enum(['shipped', 'models', 'runs', 'hub']),
  /** The task that it was trained for, where its files say so. */
  task: z.string().nullable(),
  /** Whether its weights are all there; of the hub there may be the config alone. */
  whole: z.boolean(),
});
export type ListedModel = z.infer<typeof listedModelSchema>;

/** Answer of `GET /api/models`. */
export const modelListSchema = z.object({
  models: z.array(listedModelSchema),
  /** Whether directories and files may be named: only where the server answers its own machine alone. */
  paths: z.boolean(),
  /** Whether the server makes no request to the hub at all (`HF_HUB_OFFLINE`). */
  offline: z.boolean(),
});
export type ModelList = z.infer<typeof modelListSchema>;

/** Body of `POST /api/models/describe`. */
const modelRequestSchema = z.strictObject({
  /** A name of the list, a directory, a `.gguf` file, or `owner/name[@revision]` on the hub. */
  name: z.string().min(1).max(limits.model),
  /** Whether no request may be made to the hub. */
  offline: z.boolean().default(false),
  /** Its tokens are sent. */
  text: z.string().max(limits.text).optional(),
  /** What stands before the text: a token, an id, or `none`; what the model's files name unless given. */
  bos: z.string().max(limits.model).optional(),
});
export type ModelRequest = z.input<typeof modelRequestSchema>;

/** Event `model`: what `inversionview model NAME --json` prints, and what a page needs beside it. */
const describedModelSchema = z.object({
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
export type ModelEvent = EventOf<typeof modelEventSchemas>;

/** A request to describe a model. */
export type ParsedModelRequest = z.output<typeof modelRequestSchema>;

/** Where models come from. */
export interface ModelShelf {
  list(): Promise<ModelList>;
  /** Throws what `describe` would throw before it fetches and opens anything. */
  check(request: ParsedModelRequest): Promise<void>;
  /** Emits how a fetch goes, what the model is, and the tokens of a text. */
  describe(request: ParsedModelRequest, call: Call<Emitted<typeof modelEventSchemas>>): Promise<void>;
}

const verb = verbsOf<{ readonly shelf: ModelShelf }>();

/** See the module. */
export const modelVerbs = {
  models: verb({ answer: modelListSchema, run: (_, { shelf }) => shelf.list() }),

  describeModel: verb({
    body: modelRequestSchema,
    events: modelEventSchemas,
    open: (request, { shelf }) => shelf.check(request),
    run: (request, { shelf }, call) => shelf.describe(request, call),
  }),
};
