/**
 * GPT-NeoX: Pythia and its like. Layer norms, rotary positions on a share of each head, attention and MLP side by
 * side unless the config says otherwise, queries, keys and values in one map head by head.
 * @module
 */
import { activationOf, rotaryOf } from './config.js';
import { type Family } from './family.js';
import { type LinearNames } from '../architecture.js';

const map = (name: string, bias = true): LinearNames => ({
  weight: `${name}.weight`,
  bias: bias ? `${name}.bias` : null,
  layout: 'out-in',
});

/** The GPT-NeoX family. */
export const gptNeox: Family = {
  type: 'gpt_neox',
  what: 'a GPT-NeoX',
  about: 'Pythia, GPT-NeoX-20B',
  // Masks and frequencies that older versions of transformers stored with the weights.
  isBuffer: (name) => /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/.test(name),
  read(config) {
    const layers = config.size(['num_hidden_layers']);
    const width = config.size(['hidden_size']);
    const heads = config.size(['num_attention_heads']);
    const headWidth = width / heads;
    if (!Number.isInteger(headWidth))
      config.fail(`hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
    const positions = config.size(['max_position_embeddings'], 2048);
    const rope = config.object('rope_parameters') ?? config.object('rope_scaling');
    const given = rope?.['partial_rotary_factor'];
    const share = typeof given === 'number' ? given : config.positive(['rotary_pct'], 0.25);
    const dims = Math.floor(headWidth * share);
    if (dims % 2 !== 0 || dims > headWidth)
      config.fail(`${dims} of ${headWidth} numbers of a head cannot be turned in pairs`);
    const base = config.positive(['rotary_emb_base', 'rope_theta'], 10_000);
    const rotary = rotaryOf(config, rope, { base, dims, positions });
    const attentionBias = config.flag('attention_bias', true);
    return {
      family: 'gpt_neox',
      layers,
      width,
      heads,
      keyValueHeads: heads,
      headWidth,
      inner: config.size(['intermediate_size']),
      vocabulary: config.size(['vocab_size']),
      positions,
      norm: { kind: 'layer', epsilon: config.positive(['layer_norm_eps'], 1e-5), offset: 0 },
      rotary: new Array<typeof rotary>(layers).fill(rotary),
      windows: new Array<null>(layers).fill(null),
      attentionScales: new Array<number>(layers).fill(1 / Math.sqrt(headWidth)),
      attentionCap: null,
      logitCap: null,
      activation: activationOf(config, 'hidden_act', 'gelu'),
      parallel: config.flag('use_parallel_residual', true),
      embeddingScale: 1,
      tied: config.flag('tie_word_embeddings', false),
      names: {
        prefix: 'gpt_neox.',
        embed: 'embed_in.weight',
        positions: null,
        block(layer) {
          const own = `layers.${layer}`;
          return {
            ln1: `${own}.input_layernorm`,
            ln2: `${own}.post_attention_layernorm`,
            projections: {
              kind: 'fused',
              qkv: map(`${own}.attention.query_key_value`, attentionBias),
              order: 'by-head',
            },
            output: map(`${own}.attention.dense`, attentionBias),
            mlpIn: map(`${own}.mlp.dense_h_to_4h`),
            mlpOut: map(`${own}.mlp.dense_4h_to_h`),
          };
        },
        finalNorm: 'final_layer_norm',
        unembed: 'embed_out.weight',
      },
    };
  },
};
