/**
 * Llama and those that follow its layout and names: Llama 2 and 3, TinyLlama, SmolLM2, Mistral, Qwen2, Qwen3.
 * Norms are RMS, positions rotary, MLPs gated, weights `[outputs, inputs]`.
 * @module
 */
import { quote } from '../../printable.js';
import {
  type Architecture,
  type BlockNames,
  type LinearNames,
  type ParameterNames,
} from '../architecture.js';
import { type ConfigReader, activationOf, rotaryOf } from './config.js';
import { type Family } from './family.js';

/** Where a family has biases and norms that Llama has not. */
export interface LlamaTraits {
  readonly attentionBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  readonly queryKeyNorm?: boolean;
  /** Norms after each branch, before it is added. */
  readonly branchNorms?: boolean;
}

/** Hugging Face's names. */
export function llamaNames(traits: LlamaTraits): ParameterNames {
  const map = (name: string, bias: boolean): LinearNames => ({
    weight: `${name}.weight`,
    bias: bias ? `${name}.bias` : null,
    layout: 'out-in',
  });
  return {
    prefix: 'model.',
    embed: 'embed_tokens.weight',
    positions: null,
    block(layer): BlockNames {
      const own = `layers.${layer}`;
      const attention = `${own}.self_attn`;
      return {
        ln1: `${own}.input_layernorm`,
        ...(traits.branchNorms === true
          ? {
              ln1Post: `${own}.post_attention_layernorm`,
              ln2: `${own}.pre_feedforward_layernorm`,
              ln2Post: `${own}.post_feedforward_layernorm`,
            }
          : { ln2: `${own}.post_attention_layernorm` }),
        projections: {
          kind: 'separate',
          q: map(`${attention}.q_proj`, traits.attentionBias),
          k: map(`${attention}.k_proj`, traits.attentionBias),
          v: map(`${attention}.v_proj`, traits.attentionBias),
        },
        ...(traits.queryKeyNorm === true
          ? { qNorm: `${attention}.q_norm`, kNorm: `${attention}.k_norm` }
          : {}),
        output: map(`${attention}.o_proj`, traits.outputBias),
        mlpGate: map(`${own}.mlp.gate_proj`, traits.mlpBias),
        mlpIn: map(`${own}.mlp.up_proj`, traits.mlpBias),
        mlpOut: map(`${own}.mlp.down_proj`, traits.mlpBias),
      };
    },
    finalNorm: 'norm',
    unembed: 'lm_head.weight',
  };
}

/** What families of this layout have otherwise. */
export interface LlamaDefaults {
  readonly traits: LlamaTraits;
  readonly positions: number;
  readonly base: number;
  readonly tied: boolean;
  readonly keyValueHeads?: number;
  readonly headWidth?: number;
  /** How many places back attention of each layer reaches. */
  windows(config: ConfigReader, layers: number): readonly (number | null)[];
}

/** Reads what all of the layout share. */
export function llamaArchitecture(
  family: string,
  config: ConfigReader,
  defaults: LlamaDefaults,
): Architecture {
  const layers = config.size(['num_hidden_layers']);
  const width = config.size(['hidden_size']);
  const heads = config.size(['num_attention_heads']);
  const keyValueHeads = config.size(
    ['num_key_value_heads'],
    Math.min(heads, defaults.keyValueHeads ?? heads),
  );
  const headWidth = config.size(['head_dim'], defaults.headWidth ?? width / heads);
  if (!Number.isInteger(headWidth))
    config.fail(`hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
  if (headWidth % 2 !== 0) config.fail(`heads of ${headWidth} numbers cannot be turned in pairs`);
  if (heads % keyValueHeads !== 0)
    config.fail(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${keyValueHeads}`);
  const positions = config.size(['max_position_embeddings'], defaults.positions);
  const base = config.positive(['rope_theta'], defaults.base);
  const rope = config.object('rope_parameters') ?? config.object('rope_scaling');
  const rotary = rotaryOf(config, rope, { base, dims: headWidth, positions });
  return {
    family,
    layers,
    width,
    heads,
    keyValueHeads,
    headWidth,
    inner: config.size(['intermediate_size']),
    vocabulary: config.size(['vocab_size']),
    positions,
    norm: { kind: 'rms', epsilon: config.positive(['rms_norm_eps'], 1e-6), offset: 0 },
    rotary: new Array<typeof rotary>(layers).fill(rotary),
    windows: defaults.windows(config, layers),
    attentionScales: new Array<number>(layers).fill(1 / Math.sqrt(headWidth)),
    attentionCap: null,
    logitCap: null,
    activation: activationOf(config, 'hidden_act', 'silu'),
    parallel: false,
    embeddingScale: 1,
    tied: config.flag('tie_word_embeddings', defaults.tied),
    names: llamaNames(defaults.traits),
  };
}

const everywhere = (_: ConfigReader, layers: number): null[] => new Array<null>(layers).fill(null);

/** Tables of frequencies that older versions of transformers stored with the weights. */
const isBuffer = (name: string): boolean => name.endsWith('.self_attn.rotary_emb.inv_freq');

/** The Llama family. */
export const llama: Family = {
  type: 'llama',
  what: 'a Llama',
  about: 'Llama 2 and 3, TinyLlama, SmolLM2',
  isBuffer,
  read(config) {
    const bias = config.flag('attention_bias', false);
    return llamaArchitecture('llama', config, {
      traits: { attentionBias: bias, outputBias: bias, mlpBias: config.flag('mlp_bias', false) },
      positions: 2048,
      base: 10_000,
      tied: false,
      windows: everywhere,
    });
  },
};

/** Windows of a list of kinds of attention, one a layer. @throws InputError for a kind that is not known */
export function windowsByKind(
  config: ConfigReader,
  kinds: readonly string[],
  layers: number,
): (number | null)[] {
  if (kinds.length !== layers) config.fail(`"layer_types" has ${kinds.length} entries for ${layers} layers`);
  return kinds.map((kind) => {
    if (kind === 'full_attention') return null;
    if (kind === 'sliding_attention') return config.size(['sliding_window']);
    return config.fail(`"layer_types" names ${quote(kind)}, which is not supported`);
  });
}

/** Mistral: a window over all layers, where the config gives one. */
export const mistral: Family = {
  type: 'mistral',
  what: 'a Mistral',
  about: 'Mistral 7B and its like',
  isBuffer,
  read: (config) =>
    llamaArchitecture('mistral', config, {
      traits: { attentionBias: false, outputBias: false, mlpBias: false },
      positions: 4096 * 32,
      base: 10_000,
      tied: false,
      keyValueHeads: 8,
      windows: (_, layers) => new Array<number | null>(layers).fill(config.optional('sliding_window')),
    }),
};

/** Qwen's windows: layers from `max_window_layers` on, where `use_sliding_window` says so. */
function qwenWindows(config: ConfigReader, layers: number): (number | null)[] {
  const kinds = config.texts('layer_types');
  if (kinds !== null) return windowsByKind(config, kinds, layers);
  const window = config.flag('use_sliding_window', false) ? config.optional('sliding_window') : null;
  const from = config.size(['max_window_layers'], 28);
  return Array.from({ length: layers }, (_, layer) => (layer >= from ? window : null));
}

/** Qwen 2 and 2.5: biases on queries, keys and values. */
export const qwen2: Family = {
  type: 'qwen2',
  what: 'a Qwen2',
  about: 'Qwen 2 and 2.5',
  read: (config) =>
    llamaArchitecture('qwen2', config, {
      traits: { attentionBias: true, outputBias: false, mlpBias: false },
      positions: 32_768,
      base: 10_000,
      tied: false,
      keyValueHeads: 32,
      windows: qwenWindows,
    }),
};

/** Qwen 3: norms of queries and keys within heads of a width of their own. */
export const qwen3: Family = {
  type: 'qwen3',
  what: 'a Qwen3',
  about: 'Qwen 3 (dense)',
  read(config) {
    const bias = config.flag('attention_bias', false);
    return llamaArchitecture('qwen3', config, {
      traits: { attentionBias: bias, outputBias: bias, mlpBias: false, queryKeyNorm: true },
      positions: 32_768,
      base: 10_000,
      tied: false,
      keyValueHeads: 32,
      headWidth: 128,
      windows: qwenWindows,
    });
  },
};
