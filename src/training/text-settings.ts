/**
 * How decoders of texts are trained, of whatever template task and model: as published for indirect object identification
 * under `paper`, and ours for two processors.
 * @module
 */
import { type DecoderSettings, paperSettings } from './decoder-recipe.js';
import { type Presets } from './presets.js';

/** @param width of the probed model's activations */
export const textSettings = (width: number): Presets<DecoderSettings> => ({
  // 100 epochs of 200,000 samples in batches of 128.
  paper: { ...paperSettings(width, 156_250, 0), batch: 128 },
  // The probed model's runs are what takes time: many sites and positions are taken from each.
  fast: {
    architecture: {
      layers: 2,
      heads: 4,
      width: 128,
      inner: 512,
      activation: 'relu2',
      conditioning: {
        kind: 'site-projection',
        width: 192,
        blocks: 2,
        hidden: 384,
        standardize: 'whiten',
        directions: 64,
      },
      additive: true,
      form: 'completion',
    },
    batch: 256,
    schedule: { kind: 'cosine', peak: 2e-3, warmup: 200, steps: 3_000, floor: 0.02 },
    optimizer: 'muon',
    weightDecay: 0.01,
    clip: 1,
    dropout: 0,
    perInput: 96,
    bosShare: 0.01,
    trim: 0,
    rebalance: 0,
    evaluateEvery: 1008,
    evaluateQueries: 24,
  },
});
