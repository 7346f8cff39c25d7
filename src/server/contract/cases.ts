/**
 * Case studies, and what can be asked of one without sampling: tokens and predictions of an input, attention.
 *
 *     GET  /api/cases                        -> CaseList
 *     GET  /api/cases/:id                    -> Case       (ids of directories hold slashes: encodeURIComponent)
 *     GET  /api/random?case=ID[&seed=N]      -> RandomInput
 *     POST /api/inspect    InspectRequest    -> Inspection
 *     POST /api/attention  InputRequest      -> Attention
 * @module
 */
import { z } from 'zod';
import { annotationSchema, metricSchema } from '../../inversion/kept-reading.js';
import { limits } from './limits.js';

const count = z.number().int().nonnegative();
/** Whole numbers that seed a generator. */
export const seedSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/**
 * The id of a case: a task with the shipped model and decoder (`addition`), or a task with directories by their refs,
 * `addition~models/mine~runs/addition-decoder`, where an empty ref stands for the shipped one.
 */
export const caseIdSchema = z.string().min(1).max(500);

/** A place where activations are read. */
export const siteSchema = z.object({
  /** Full hook name: `blocks.0.attn.hook_result.3`. */
  site: z.string(),
  /** Short name: `a0.3`. */
  short: z.string(),
  /** In a few words: "output of head 3 of layer 0". */
  what: z.string(),
  /** Where it stands in the diagram: column `kind`, row `layer`; `head` for heads. */
  kind: z.enum(['head', 'pre', 'mid', 'mlp', 'post']),
  layer: count,
  head: count.nullable(),
  /** The decoder's in-preimage rate there, 0 … 1, measured at the end of its training; null where unknown. */
  rate: z.number().nullable(),
});

/** A round of Auto mode. */
export const roundSchema = z.object({
  temperature: z.number(),
  noise: z.number(),
  candidates: count,
});

/** Rounds in the order in which they are drawn. */
export type RoundList = readonly z.infer<typeof roundSchema>[];

/** A named set of settings of a training. */
export const presetSchema = z.object({ name: z.string(), steps: count });

/** All that a page needs to know of a case. */
export const caseSchema = z.object({
  id: caseIdSchema,
  task: z.string(),
  /** One sentence: what the inputs are. */
  about: z.string(),
  /** How an input is written: `615+861=1476`. */
  examples: z.array(z.string()).min(1),
  /** Null when readings can be made, else the sentence that says what is missing and how to get it. */
  unavailable: z.string().nullable(),
  layers: count,
  heads: count,
  /** Width of an activation. */
  width: count,
  /** Sites the decoder knows, in the order of a run; without a decoder, those of the task. */
  sites: z.array(siteSchema),
  /** Token strings; the index is the id. */
  vocabulary: z.array(z.string()),
  bos: z.string(),
  eos: z.string(),
  pad: z.string(),
  /** Most tokens of an input, BOS and EOS included. */
  maxLength: count,
  /** The task's threshold and metric. */
  epsilon: z.number(),
  metric: metricSchema,
  /** Inputs there are, where all of them can be run to find exact preimages; else null. */
  enumerated: count.nullable(),
  /** Auto mode, and how many candidates it draws in all. */
  rounds: z.array(roundSchema),
  candidates: count,
  model: z
    .object({
      name: z.string(),
      hash: z.string(),
      processing: z.string(),
      /** Whether it is known to have trained on none of the task's test split; else the split is ours alone. */
      heldOut: z.boolean(),
      /** Share of held-out inputs with every answer token right; null where its directory does not say. */
      accuracy: z.number().nullable(),
    })
    .nullable(),
  decoder: z
    .object({
      name: z.string(),
      steps: count,
      seconds: z.number(),
      /** Mean in-preimage rate over sites, 0 … 1, and how many queries a site it rests on. */
      rate: z.number().nullable(),
      queries: count,
    })
    .nullable(),
  /** Presets of trainings. */
  trainings: z.object({ model: z.array(presetSchema), decoder: z.array(presetSchema) }),
});
/** All that a page needs to know of a case. */
export type Case = z.infer<typeof caseSchema>;
/** A place where activations are read. */
export type CaseSite = z.infer<typeof siteSchema>;

/** A model or decoder in a configured directory. */
export const directorySchema = z.object({
  /** How requests and case ids name it: `models/mine` for one under --models, `runs/mine` for a finished training. */
  ref: z.string(),
  kind: z.enum(['model', 'decoder']),
  /** The task it was trained for, where its files say so. */
  task: z.string().nullable(),
  /** Hash of the weights of a model, or of the model that a decoder was trained on; null where no file says so. */
  modelHash: z.string().nullable(),
});

/** Answer of `GET /api/cases`. */
export const caseListSchema = z.object({
  version: z.string(),
  cases: z.array(caseSchema),
  /** What other cases can be made of. */
  directories: z.array(directorySchema),
});
/** Answer of `GET /api/cases`. */
export type CaseList = z.infer<typeof caseListSchema>;

/** Answer of `GET /api/random`: the same seed gives the same input. */
export const randomInputSchema = z.object({ input: z.string(), seed: seedSchema });
/** Answer of `GET /api/random`. */
export type RandomInput = z.infer<typeof randomInputSchema>;

/** An input of a case. */
export const inputRequestSchema = z.strictObject({
  case: caseIdSchema,
  input: z.string().max(limits.input),
});
/** An input of a case. */
export type InputRequest = z.infer<typeof inputRequestSchema>;

/** Body of `POST /api/inspect`. */
export const inspectRequestSchema = inputRequestSchema.extend({
  /** Predicted tokens a position. */
  top: z.number().int().min(1).max(20).default(5),
});
/** Body of `POST /api/inspect`. */
export type InspectRequest = z.input<typeof inspectRequestSchema>;

/** A token of an inspected input. */
export const inspectedTokenSchema = z.object({
  text: z.string(),
  /** The task's name of the place: `F1`, `=`, `query`; null where it has none. */
  place: z.string().nullable(),
  /** Whether the model is asked to answer with this token: it follows from those before it. */
  determined: z.boolean(),
  /** Probability that the model gave this very token after those before it; null at BOS. */
  probability: z.number().nullable(),
  /** What the model expects after this token, likeliest first. */
  next: z.array(z.object({ token: z.string(), probability: z.number() })),
});

/** Answer of `POST /api/inspect`. Half-typed inputs are inspected too: `ok` says that the text is made of tokens. */
export const inspectionSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    input: z.string(),
    /** From BOS to EOS. */
    tokens: z.array(inspectedTokenSchema),
    /** Null when it is an input of the task, else why not, as a sentence; it can be read all the same. */
    problem: z.string().nullable(),
    /** Whether models and decoders learnt from it (`train`) or not (`test`); null when it is not in the data. */
    split: z.enum(['train', 'test']).nullable(),
    /** Positions that the task asks about; others can be read as well. */
    positions: z.array(count),
    annotation: annotationSchema,
  }),
  z.object({
    ok: z.literal(false),
    input: z.string(),
    /** What is wrong and what is accepted. */
    problem: z.string(),
    /** Index of the first character (UTF-16) that cannot be taken; null when it is not a single one. */
    at: count.nullable(),
  }),
]);
/** Answer of `POST /api/inspect`. */
export type Inspection = z.infer<typeof inspectionSchema>;

/** Answer of `POST /api/attention`. */
export const attentionSchema = z.object({
  input: z.string(),
  tokens: z.array(z.string()),
  places: z.array(z.string().nullable()),
  /** Weights `[layer][head][query position][key position]`, 0 … 1. */
  patterns: z.array(z.array(z.array(z.array(z.number())))),
});
/** Answer of `POST /api/attention`. */
export type Attention = z.infer<typeof attentionSchema>;
