/**
 * Gemma 3's text models: gains stored as differences from 1, norms before and after each branch and on queries and
 * keys, embeddings scaled by the root of the width, windows on most layers with rotary positions of their own base.
 * @module
 */
import { type ConfigReader, activationOf, rotaryOf } from './config.js';
import { isRecord } from '../weights/strict-json.js';
import { type Family } from './family.js';
import { llamaArchitecture, windowsByKind } from './llama.js';

/** Every sixth layer sees everything, unless the config says otherwise. */
function kindsOf(config: ConfigReader, layers: number): readonly string[] {
  const pattern = config.size(['sliding_window_pattern', '_sliding_window_pattern'], 6);
  return (
    config.texts('layer_types') ??
    Array.from({ length: layers }, (_, layer) =>
      (layer + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention',
    )
  );
}

/** The Gemma 3 family. */
export const gemma3: Family = {
  type: 'gemma3_text',
  what: 'a Gemma 3',
  about: 'Gemma 3, text, also of the models that see',
  within: {
    type: 'gemma3',
    field: 'text_config',
    defaults: {
      vocab_size: 262_208,
      hidden_size: 2304,
      intermediate_size: 9216,
      num_hidden_layers: 26,
      num_attention_heads: 8,
      sliding_window: 4096,
    },
  },
  isBuffer: (name) => /(^|\.)(vision_tower|multi_modal_projector)\./.test(name),
  read(config) {
    const bias = config.flag('attention_bias', false);
    const shared = llamaArchitecture('gemma3_text', config, {
      traits: {
        attentionBias: bias,
        outputBias: bias,
        mlpBias: false,
        queryKeyNorm: true,
        branchNorms: true,
      },
      positions: 131_072,
      base: 1e6,
      tied: true,
      keyValueHeads: 4,
      headWidth: 256,
      windows: (_, layers) => windowsByKind(config, kindsOf(config, layers), layers),
    });
    if (config.flag('use_bidirectional_attention', false))
      config.fail('"use_bidirectional_attention" is true, and only causal models are read');
    const { layers, width, headWidth, positions } = shared;
    // transformers 5 has an object a kind of attention; transformers 4 a base of its own for windows, never scaled.
    const byKind = config.object('rope_parameters');
    const rotaryFor = (kind: string) => {
      const own = byKind?.[kind];
      if (isRecord(own))
        return rotaryOf(config, own, {
          base: kind === 'full_attention' ? 1e6 : 1e4,
          dims: headWidth,
          positions,
        });
      return kind === 'full_attention'
        ? rotaryOf(config, config.object('rope_scaling'), {
            base: config.positive(['rope_theta'], 1e6),
            dims: headWidth,
            positions,
          })
        : rotaryOf(config, null, {
            base: config.positive(['rope_local_base_freq'], 1e4),
            dims: headWidth,
            positions,
          });
    };
    const rotary = {
      full_attention: rotaryFor('full_attention'),
      sliding_attention: rotaryFor('sliding_attention'),
    };
    return {
      ...shared,
      norm: { ...shared.norm, offset: 1 },
      rotary: kindsOf(config, layers).map((kind) =>
        kind === 'full_attention' ? rotary.full_attention : rotary.sliding_attention,
      ),
      attentionScales: new Array<number>(layers).fill(
        1 / Math.sqrt(config.positive(['query_pre_attn_scalar'], 256)),
      ),
      attentionCap: config.optional('attn_logit_softcapping'),
      logitCap: config.optional('final_logit_softcapping'),
      activation: activationOf(config, 'hidden_activation', 'gelu_pytorch_tanh'),
      embeddingScale: Math.sqrt(width),
    };
  },
};
