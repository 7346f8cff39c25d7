/**
 * How models and decoders of texts are trained, of whatever template task. Decoders of whatever model: as published for
 * indirect object identification under `paper`, and ours for two processors. Models: small ones, of the words of the
 * template alone.
 * @module
 */
import { type DecoderSettings, paperSettings } from './decoder-recipe.js';
import { type ModelSettings } from './model-recipe.js';
import { type Presets } from './presets.js';

/** Of a model. Copying a name that came before is learned all at once, after some hundred steps without a sign of it. */
export const textModelSettings: Presets<ModelSettings & Required<Pick<ModelSettings, 'size'>>> = {
  fast: {
    size: { layers: 4, heads: 4, width: 128 },
    batch: 64,
    schedule: { kind: 'cosine', peak: 2e-3, warmup: 50, steps: 600, floor: 0.02 },
    weightDecay: 0.01,
    deviation: 0.02,
    optimizer: 'muon',
    clip: 1,
    dropout: 0,
    loss: 'every',
    trim: 4,
  },
};

/**
 * Of a decoder.
 * @param width of the probed model's activations
 * @param large whether a run of the probed model takes long
 */
export const textSettings = (width: number, large: boolean): Presets<DecoderSettings> => ({
  // 100 epochs of 200,000 samples in batches of 128.
  paper: { ...paperSettings(width, 156_250, 0), batch: 128 },
  fast: {
    architecture: {
      layers: 2,
      heads: 4,
      width: 128,
      inner: 512,
      activation: 'relu2',
      conditioning: {
        kind: 'site-projection',
        ...(large ? { width: 256, blocks: 3, hidden: 512 } : { width: 192, blocks: 2, hidden: 384 }),
        standardize: 'whiten',
        directions: 64,
      },
      additive: true,
      form: 'completion',
    },
    batch: 512,
    schedule: { kind: 'cosine', peak: 2e-3, warmup: 200, steps: 5_000, floor: 0.02 },
    optimizer: 'muon',
    weightDecay: 0.01,
    clip: 1,
    dropout: 0,
    group: 16,
    // A run of a large model is what takes time. Drawn from again and again, its texts must not be learned by heart: what
    // comes next is to be read from the activation, not from what was said before.
    ...(large ? { perInput: 3, pool: 12_288, concealed: 0.2, jitter: 0.1 } : { perInput: 16 }),
    bosShare: 0.01,
    trim: 0,
    rebalance: 0,
    evaluateEvery: 1008,
    evaluateQueries: 24,
  },
});
