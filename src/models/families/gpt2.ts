/**
 * GPT-2: layer norms, learned positions, queries, keys and values in one map, weights `[inputs, outputs]`.
 * @module
 */
import { type LinearNames } from '../architecture.js';
import { activationOf } from './config.js';
import { type Family } from './family.js';

const map = (name: string): LinearNames => ({
  weight: `${name}.weight`,
  bias: `${name}.bias`,
  layout: 'in-out',
});

/** The GPT-2 family. Its config goes by two names for each size, as transformers takes it. */
export const gpt2: Family = {
  type: 'gpt2',
  about: 'GPT-2 small to XL, DistilGPT-2, and models trained here',
  // Causal masks that older versions of transformers stored with the weights.
  isBuffer: (name) => /\.attn\.(masked_)?bias$/.test(name),
  read(config) {
    const layers = config.size(['n_layer', 'num_hidden_layers']);
    const width = config.size(['n_embd', 'hidden_size']);
    const heads = config.size(['n_head', 'num_attention_heads']);
    if (width % heads !== 0) config.fail(`n_embd ${width} is not a multiple of n_head ${heads}`);
    if (config.flag('add_cross_attention', false)) config.fail('"add_cross_attention" is true, and only decoders alone are read');
    const headWidth = width / heads;
    const scale = config.flag('scale_attn_weights', true) ? 1 / Math.sqrt(headWidth) : 1;
    const byLayer = config.flag('scale_attn_by_inverse_layer_idx', false);
    return {
      family: 'gpt2',
      layers,
      width,
      heads,
      keyValueHeads: heads,
      headWidth,
      inner: config.size(['n_inner'], 4 * width),
      vocabulary: config.size(['vocab_size']),
      positions: config.size(['n_positions', 'max_position_embeddings', 'n_ctx'], 1024),
      norm: { kind: 'layer', epsilon: config.positive(['layer_norm_epsilon'], 1e-5), offset: 0 },
      rotary: null,
      windows: new Array<null>(layers).fill(null),
      attentionScales: Array.from({ length: layers }, (_, layer) => (byLayer ? scale / (layer + 1) : scale)),
      attentionCap: null,
      logitCap: null,
      activation: activationOf(config, 'activation_function', 'gelu_new'),
      parallel: false,
      embeddingScale: 1,
      tied: config.flag('tie_word_embeddings', true),
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
