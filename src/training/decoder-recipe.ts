/**
 * How decoders are trained: the published settings under `paper`, and our own for two processors.
 * @module
 */
import { z } from 'zod';
import { drawnTokens, symbolsOf } from '../inversion/decoder.js';
import { type DecoderConfig, decoderConfigSchema } from '../models/decoder-config.js';
import { type Task } from '../tasks/task.js';
import { scheduleSchema } from './model-recipe.js';

const count = z.number().int().min(1);

/** The part of a decoder's architecture that a recipe chooses; the task gives the rest. */
const architectureSchema = decoderConfigSchema.pick({
  layers: true,
  heads: true,
  width: true,
  inner: true,
  activation: true,
  conditioning: true,
  additive: true,
  form: true,
});

/** Everything that decides what comes out of a decoder's training. */
export const decoderRecipeSchema = z.object({
  task: z.string(),
  preset: z.string(),
  seed: z.number().int().min(0).max(0xffffffff),
  architecture: architectureSchema,
  /** Hook names of the sites it serves; the task's unless given. */
  sites: z.array(z.string()).min(1).optional(),
  batch: count,
  schedule: scheduleSchema,
  /** `muon` takes Muon's step for the matrices inside blocks and AdamW's for the rest. */
  optimizer: z.enum(['adamw', 'muon']),
  weightDecay: z.number().min(0),
  clip: z.number().positive().nullable(),
  dropout: z.number().min(0).max(0.9),
  /** Samples (site and position) taken from each input that the probed model runs; of a pool, positions at each site. */
  perInput: count,
  /**
   * Samples of one site that stand together in a batch, which is made of whole groups; they come whitened. For decoders that
   * look at the leading directions of a site; samples of all sites are mixed where it is absent.
   */
  group: count.optional(),
  /**
   * Inputs whose activations are collected once, from which all batches are drawn in groups: where a run of the probed model
   * takes long. Without it every batch is of inputs of its own.
   */
  pool: count.optional(),
  /** Share of the symbols said so far that a decoder does not see as it learns what comes next; none where absent. */
  concealed: z.number().min(0).max(0.9).optional(),
  /** Standard deviation of what is added to each whitened direction in training; nothing where absent. */
  jitter: z.number().min(0).optional(),
  /** Share of samples whose activation is that of BOS: the condition of no information. */
  bosShare: z.number().min(0).max(1),
  /** Padding of batches: to a multiple of this many tokens; 0 pads all to the task's maximum. */
  trim: z.number().int().min(0),
  /** Strength with which sites of a low in-preimage rate are drawn more often; 0 draws evenly. */
  rebalance: z.number().min(0),
  /** Steps between evaluations; a multiple of 16. */
  evaluateEvery: count.multipleOf(16),
  /** Held-out queries a site in an evaluation during training. */
  evaluateQueries: count,
});

/** The recipe of a decoder. */
export type DecoderRecipe = z.infer<typeof decoderRecipeSchema>;
/** What a preset decides. */
export type DecoderSettings = Omit<DecoderRecipe, 'task' | 'preset' | 'seed'>;

/**
 * The published settings.
 * @param hidden width inside the blocks of the conditioning
 */
export const paperSettings = (hidden: number, steps: number, rebalance: number): DecoderSettings => ({
  architecture: {
    layers: 2,
    heads: 4,
    width: 256,
    inner: 1024,
    activation: 'gelu',
    conditioning: { kind: 'residual-mlp', blocks: 6, hidden },
    additive: false,
    form: 'plain',
  },
  batch: 256,
  schedule: { kind: 'constant', peak: 1e-4, warmup: 0, steps, floor: 1 },
  optimizer: 'adamw',
  weightDecay: 0.01,
  clip: 1,
  dropout: 0.1,
  perInput: 1,
  bosShare: 0.01,
  trim: 0,
  rebalance,
  evaluateEvery: 4096,
  evaluateQueries: 100,
});

/** Ours, for two processors. */
export const fastSettings: DecoderSettings = {
  architecture: {
    layers: 2,
    heads: 4,
    width: 256,
    inner: 1024,
    activation: 'relu2',
    conditioning: { kind: 'site-projection', width: 256, blocks: 3, hidden: 512, standardize: 'whiten' },
    additive: true,
    form: 'completion',
  },
  batch: 512,
  schedule: { kind: 'cosine', peak: 2e-3, warmup: 200, steps: 8_000, floor: 0.02 },
  optimizer: 'muon',
  weightDecay: 0.01,
  clip: 1,
  dropout: 0,
  perInput: 4,
  bosShare: 0.01,
  trim: 4,
  rebalance: 2,
  evaluateEvery: 512,
  evaluateQueries: 100,
};

/** The whole architecture of a task's decoder. */
export function decoderConfigFor(task: Task, recipe: DecoderRecipe, activationWidth: number): DecoderConfig {
  return {
    ...recipe.architecture,
    vocabulary: symbolsOf(task, recipe.architecture.form).size,
    // The last token is predicted, never read.
    places: drawnTokens(task, recipe.architecture.form),
    activation_width: activationWidth,
    sites: [...(recipe.sites ?? task.sites)],
  };
}
