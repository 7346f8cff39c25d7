/**
 * How a probed model is trained. Each study has its own settings: the published ones under `paper`, and faster ones.
 * @module
 */
import { z } from 'zod';

const count = z.number().int().min(1);

/** The settings of a learning rate. */
export const scheduleSchema = z.object({
  kind: z.enum(['constant', 'cosine', 'linear']),
  peak: z.number().positive(),
  warmup: z.number().int().min(0),
  steps: count,
  floor: z.number().min(0).max(1),
});

/** Everything that decides what comes out of a training of a probed model. */
export const modelRecipeSchema = z.object({
  task: z.string(),
  preset: z.string(),
  seed: z.number().int().min(0).max(0xffffffff),
  batch: count,
  schedule: scheduleSchema,
  weightDecay: z.number().min(0),
  dropout: z.number().min(0).max(0.9),
  /**
   * Tokens that the loss counts: every one, or those that follow from what came before them. `single` is
   * `determined` where that is one token an input: the last block then computes its place alone.
   */
  loss: z.enum(['every', 'determined', 'single']),
  /** Standard deviation of the weights at the start. */
  deviation: z.number().positive(),
  /** `muon` takes Muon's step for the matrices inside blocks and AdamW's for the rest. */
  optimizer: z.enum(['adamw', 'muon']),
  /** Largest norm of the gradient over all parameters; null for none, as trainings from before there was a choice. */
  clip: z.number().positive().nullable().default(null),
  /** Padding of batches, see BatchSource. */
  trim: z.number().int().min(0),
  /** Size of the model, where the task does not say it: of templates. */
  size: z.object({ layers: count, heads: count, width: count }).optional(),
  /** Of a template: the SHA-256 of what decides its texts and their split. */
  template: z.string().optional(),
});

/** The recipe of a probed model. */
export type ModelRecipe = z.infer<typeof modelRecipeSchema>;

/** What a preset decides. */
export type ModelSettings = Omit<ModelRecipe, 'task' | 'preset' | 'seed' | 'template'>;
