/**
 * How a model of counting and its decoder are trained: as published under `paper`, and faster.
 * @module
 */
import { fastSettings, paperSettings } from '../../training/decoder-recipe.js';
import { type Study } from '../study.js';

export const countingRecipes: Study['recipes'] = {
  model: {
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
  // Published decoders see 100 epochs of 1M samples in batches of 256.
  decoder: {
    paper: paperSettings(64, 390_625, 6),
    fast: fastSettings,
  },
};
