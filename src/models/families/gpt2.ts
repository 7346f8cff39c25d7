/**
 * GPT-2: layer norms, learned positions, queries, keys and values in one map, weights `[inputs, outputs]`.
 * @module
 */
import { type LinearNames } from '../architecture.js';
import { activationNamed } from './config.js';
import { type Family } from './family.js';
import { readGpt2Config } from './gpt2-config.js';

const map = (name: string): LinearNames => ({
  weight: `${name}.weight`,
  bias: `${name}.bias`,
  layout: 'in-out',
});

/** The GPT-2 family. Its config goes by two names for each size, as transformers takes it. */
export const gpt2: Family = {
  type: 'gpt2',
  what: 'a GPT-2',
  about: 'GPT-2 small to XL, DistilGPT-2, and models trained here',
  // Causal masks that older versions of transformers stored with the weights.
  isBuffer: (name) => /\.attn\.(masked_)?bias$/.test(name),
  read({ json, file }) {
    const config = readGpt2Config(json, file);
    const { n_layer: layers, n_head: heads, n_embd: width } = config;
    const headWidth = width / heads;
    const scale = config.scale_attn_weights ? 1 / Math.sqrt(headWidth) : 1;
    const byLayer = config.scale_attn_by_inverse_layer_idx;
    return {
      family: 'gpt2',
      layers,
      width,
      heads,
      keyValueHeads: heads,
      headWidth,
      inner: config.n_inner ?? 4 * width,
      vocabulary: config.vocab_size,
      positions: config.n_positions,
      norm: { kind: 'layer', epsilon: config.layer_norm_epsilon, offset: 0 },
      rotary: null,
      windows: new Array<null>(layers).fill(null),
      attentionScales: Array.from({ length: layers }, (_, layer) => (byLayer ? scale / (layer + 1) : scale)),
      attentionCap: null,
      logitCap: null,
      activation: activationNamed(config.activation_function),
      parallel: false,
      embeddingScale: 1,
      tied: config.tie_word_embeddings,
      names: {
        prefix: 'transformer.',
        embed: 'wte.weight',
        positions: 'wpe.weight',
        block(layer) {
          const own = `h.${layer}`;
          return {
            ln1: `${own}.ln_1`,
            ln2: `${own}.ln_2`,
            projections: { kind: 'fused', qkv: map(`${own}.attn.c_attn`), order: 'by-kind' },
            output: map(`${own}.attn.c_proj`),
            mlpIn: map(`${own}.mlp.c_fc`),
            mlpOut: map(`${own}.mlp.c_proj`),
          };
        },
        finalNorm: 'ln_f',
        unembed: 'lm_head.weight',
      },
    };
  },
};
