/**
 * How probed models are trained: the published settings under `paper`, and our own, faster ones.
 * @module
 */
import { z } from 'zod';
import { type Presets, namedPreset, presetNames } from './presets.js';

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
});

/** The recipe of a probed model. */
export type ModelRecipe = z.infer<typeof modelRecipeSchema>;

type Preset = Omit<ModelRecipe, 'task' | 'preset' | 'seed'>;

const presets: Presets<Preset> = {
  addition: {
    paper: {
      batch: 512,
      schedule: { kind: 'constant', peak: 1e-4, warmup: 0, steps: 59_350, floor: 1 },
      weightDecay: 0.01,
      deviation: 0.02,
      optimizer: 'adamw',
      clip: 1,
      dropout: 0.1,
      loss: 'every',
      trim: 0,
    },
    fast: {
      batch: 512,
      schedule: { kind: 'cosine', peak: 4e-3, warmup: 300, steps: 5_000, floor: 0.01 },
      weightDecay: 0.01,
      deviation: 0.02,
      optimizer: 'adamw',
      clip: null,
      dropout: 0,
      loss: 'determined',
      trim: 0,
    },
  },
  counting: {
    paper: {
      batch: 128,
      schedule: { kind: 'constant', peak: 5e-4, warmup: 0, steps: 914_100, floor: 1 },
      weightDecay: 0.01,
      deviation: 0.02,
      optimizer: 'adamw',
      clip: 1,
      dropout: 0,
      loss: 'determined',
      trim: 0,
    },
    fast: {
      batch: 256,
      schedule: { kind: 'cosine', peak: 2e-3, warmup: 500, steps: 8_000, floor: 0.01 },
      weightDecay: 0.01,
      deviation: 0.125,
      optimizer: 'muon',
      clip: null,
      dropout: 0,
      loss: 'single',
      trim: 4,
    },
  },
};

/** The names of a task's presets. */
export const modelPresets = (task: string): string[] => presetNames(presets, task);

/**
 * The named settings of a task.
 * @throws InputError for an unknown preset, with those there are
 */
export function modelRecipe(task: string, preset = 'fast', seed = 0): ModelRecipe {
  return { task, preset, seed, ...namedPreset(presets, task, preset) };
}
