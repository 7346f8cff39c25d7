/**
 * How a model of addition and its decoder are trained: as published under `paper`, and faster.
 * @module
 */
import { fastSettings, paperSettings } from '../../training/decoder-recipe.js';
import { type Study } from '../study.js';

export const additionRecipes: Study['recipes'] = {
  model: {
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
  // Published decoders see 100 epochs of 1M samples in batches of 256.
  decoder: {
    paper: paperSettings(32, 390_625, 0),
    fast: { ...fastSettings, schedule: { ...fastSettings.schedule, steps: 12_000 } },
  },
};
