/**
 * Families of models as llama.cpp's converter writes them: the names it gives to tensors, what it does to their values,
 * and the `config.json` that its named values stand for.
 * Source: `convert_hf_to_gguf.py` and `gguf/tensor_mapping.py` of llama.cpp.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type HeadValues } from './head-values.js';

/** What the converter did to a tensor, and a reader undoes. */
export type Change =
  /** Rows of each head: first and second half in turn, from one half after the other. */
  | { readonly kind: 'rotary pairs'; readonly heads: number }
  /** Rows: all queries, all keys, all values, from q, k, v head by head. */
  | { readonly kind: 'by kind'; readonly heads: number }
  | { readonly kind: 'transposed' }
  /** One was added to every value. */
  | { readonly kind: 'raised' };

/** A family by its name in a file. */
export interface GgufFamily {
  /** Hugging Face's names, without `.weight` and `.bias`, by those of the file. */
  readonly names: Readonly<Record<string, string>>;
  /** The same for a block, after `blk.<layer>.`. */
  readonly blockNames: Readonly<Record<string, string>>;
  /** Before a block's names. */
  readonly blocks: string;
  /** @param name the file's name after `blk.<layer>.`, with `.weight` or `.bias` */
  change(name: string, values: HeadValues): Change | null;
  config(values: HeadValues, file: TensorFacts): Record<string, unknown>;
}

/** What the tensors of a file say of its config. */
export interface TensorFacts {
  has(name: string): boolean;
  /** Tokens of the embedding. */
  readonly vocabulary: number;
}

const llamaNames = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' };
const llamaBlock = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};
const queryKeyNorms = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' };
const llamaLike = { names: llamaNames, blocks: 'model.layers.', change: () => null };

const llama: GgufFamily = {
  ...llamaLike,
  blockNames: llamaBlock,
  change(name, values) {
    if (/^attn_q\.(weight|bias)$/.test(name)) {
      return { kind: 'rotary pairs', heads: values.number('.attention.head_count') };
    }
    if (/^attn_k\.(weight|bias)$/.test(name)) return { kind: 'rotary pairs', heads: keyValueHeads(values) };
    return null;
  },
  config(values, facts) {
    const window = values.numberOrNull('.attention.sliding_window');
    const model = window === null ? 'llama' : 'mistral';
    return {
      ...gatedConfig(model, model === 'llama' ? 'LlamaForCausalLM' : 'MistralForCausalLM', values, facts),
      ...(window === null ? {} : { sliding_window: window }),
      ...(model === 'llama'
        ? {
            attention_bias: facts.has('blk.0.attn_q.bias'),
            mlp_bias: facts.has('blk.0.ffn_up.bias'),
          }
        : {}),
    };
  },
};

const qwen2: GgufFamily = {
  ...llamaLike,
  blockNames: llamaBlock,
  config: (values, facts) => gatedConfig('qwen2', 'Qwen2ForCausalLM', values, facts),
};

const qwen3: GgufFamily = {
  ...llamaLike,
  blockNames: { ...llamaBlock, ...queryKeyNorms },
  config: (values, facts) => ({
    ...gatedConfig('qwen3', 'Qwen3ForCausalLM', values, facts),
    attention_bias: facts.has('blk.0.attn_q.bias'),
  }),
};

/** Every sixth layer attends to all places, the others to a window. */
const gemma3Pattern = 6;

const gemma3: GgufFamily = {
  ...llamaLike,
  blockNames: {
    ...llamaBlock,
    ...queryKeyNorms,
    post_attention_norm: 'post_attention_layernorm',
    ffn_norm: 'pre_feedforward_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
  },
  change: (name) => (name.endsWith('norm.weight') ? { kind: 'raised' } : null),
  config(values, facts) {
    const layers = values.number('.block_count');
    const config = gatedConfig('gemma3_text', 'Gemma3ForCausalLM', values, facts);
    const heads = values.number('.attention.head_count');
    return {
      ...config,
      hidden_activation: 'gelu_pytorch_tanh',
      rope_theta: values.numberOrNull('.rope.freq_base') ?? 1_000_000,
      rope_local_base_freq: values.numberOrNull('.rope.freq_base_swa') ?? 10_000,
      sliding_window: values.number('.attention.sliding_window'),
      sliding_window_pattern: gemma3Pattern,
      layer_types: Array.from({ length: layers }, (_, layer) =>
        (layer + 1) % gemma3Pattern === 0 ? 'full_attention' : 'sliding_attention',
      ),
      // The file does not say it: llama.cpp knows the largest model, which has 62 layers, as the one exception.
      query_pre_attn_scalar: layers === 62 ? values.number('.embedding_length') / heads : config['head_dim'],
      attn_logit_softcapping: values.numberOrNull('.attn_logit_softcapping'),
      final_logit_softcapping: values.numberOrNull('.final_logit_softcapping'),
    };
  },
};

const gpt2: GgufFamily = {
  names: {
    token_embd: 'transformer.wte',
    position_embd: 'transformer.wpe',
    output_norm: 'transformer.ln_f',
    output: 'lm_head',
  },
  blocks: 'transformer.h.',
  blockNames: {
    attn_norm: 'ln_1',
    attn_qkv: 'attn.c_attn',
    attn_output: 'attn.c_proj',
    ffn_norm: 'ln_2',
    ffn_up: 'mlp.c_fc',
    ffn_down: 'mlp.c_proj',
  },
  change: (name) =>
    /^(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(name) ? { kind: 'transposed' } : null,
  config: (values, facts) => ({
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: facts.vocabulary,
    n_positions: values.number('.context_length'),
    n_embd: values.number('.embedding_length'),
    n_layer: values.number('.block_count'),
    n_head: values.number('.attention.head_count'),
    n_inner: values.numberOrNull('.feed_forward_length'),
    activation_function: 'gelu_new',
    layer_norm_epsilon: values.number('.attention.layer_norm_epsilon'),
    ...common(values, facts),
  }),
};

const gptNeox: GgufFamily = {
  names: { token_embd: 'gpt_neox.embed_in', output_norm: 'gpt_neox.final_layer_norm', output: 'embed_out' },
  blocks: 'gpt_neox.layers.',
  blockNames: {
    attn_norm: 'input_layernorm',
    attn_qkv: 'attention.query_key_value',
    attn_output: 'attention.dense',
    ffn_norm: 'post_attention_layernorm',
    ffn_up: 'mlp.dense_h_to_4h',
    ffn_down: 'mlp.dense_4h_to_h',
  },
  change: (name, values) =>
    name.startsWith('attn_qkv.') ? { kind: 'by kind', heads: values.number('.attention.head_count') } : null,
  config(values, facts) {
    const width = values.number('.embedding_length');
    const heads = values.number('.attention.head_count');
    const rotary = values.numberOrNull('.rope.dimension_count');
    return {
      model_type: 'gpt_neox',
      architectures: ['GPTNeoXForCausalLM'],
      vocab_size: facts.vocabulary,
      max_position_embeddings: values.number('.context_length'),
      hidden_size: width,
      num_hidden_layers: values.number('.block_count'),
      num_attention_heads: heads,
      intermediate_size: values.number('.feed_forward_length'),
      hidden_act: 'gelu',
      layer_norm_eps: values.number('.attention.layer_norm_epsilon'),
      rotary_pct: rotary === null ? 1 : rotary / (width / heads),
      rotary_emb_base: values.numberOrNull('.rope.freq_base') ?? 10_000,
      use_parallel_residual: values.truthOrNull('.use_parallel_residual') ?? true,
      attention_bias: facts.has('blk.0.attn_qkv.bias'),
      ...common(values, facts),
    };
  },
};

const families: ReadonlyMap<string, GgufFamily> = new Map([
  ['llama', llama],
  ['gpt2', gpt2],
  ['gptneox', gptNeox],
  ['qwen2', qwen2],
  ['qwen3', qwen3],
  ['gemma3', gemma3],
]);

/**
 * The family of a file.
 * @throws InputError for one that is not known, with the list of those that are, and for a mixture of experts
 */
export function familyOf(values: HeadValues): GgufFamily {
  const family = families.get(values.architecture);
  if (family === undefined) {
    throw new InputError(
      `${values.file} holds a model of architecture ${JSON.stringify(values.architecture)}; ` +
        `known are ${[...families.keys()].join(', ')}.`,
    );
  }
  if ((values.numberOrNull('.expert_count') ?? 0) > 0) {
    throw new InputError(`${values.file} holds a mixture of experts, which is not supported.`);
  }
  return family;
}

const keyValueHeads = (values: HeadValues): number =>
  values.numberOrNull('.attention.head_count_kv') ?? values.number('.attention.head_count');

/** The config of a model with RMS norms, rotary positions and a gated MLP, as transformers 4 spells it. */
function gatedConfig(
  model: string,
  architecture: string,
  values: HeadValues,
  facts: TensorFacts,
): Record<string, unknown> {
  const width = values.number('.embedding_length');
  const heads = values.number('.attention.head_count');
  return {
    model_type: model,
    architectures: [architecture],
    vocab_size: facts.vocabulary,
    max_position_embeddings: values.number('.context_length'),
    hidden_size: width,
    intermediate_size: values.number('.feed_forward_length'),
    num_hidden_layers: values.number('.block_count'),
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads(values),
    head_dim: values.numberOrNull('.attention.key_length') ?? width / heads,
    hidden_act: 'silu',
    rms_norm_eps: values.number('.attention.layer_norm_rms_epsilon'),
    rope_theta: values.numberOrNull('.rope.freq_base') ?? 10_000,
    rope_scaling: ropeScaling(values),
    ...common(values, facts),
  };
}

/** Scaling of rotary positions; Llama 3's stands in a tensor, see `rope-factors.ts`. */
function ropeScaling(values: HeadValues): Record<string, unknown> | null {
  const linear = values.numberOrNull('.rope.scale_linear');
  const type = values.textOrNull('.rope.scaling.type') ?? (linear === null ? 'none' : 'linear');
  const factor = values.numberOrNull('.rope.scaling.factor') ?? linear;
  if (type === 'none' || factor === null || (type === 'linear' && factor === 1)) return null;
  const original = values.numberOrNull('.rope.scaling.original_context_length');
  return {
    rope_type: type,
    factor,
    ...(original === null ? {} : { original_max_position_embeddings: original }),
  };
}

function common(values: HeadValues, facts: TensorFacts): Record<string, unknown> {
  return {
    tie_word_embeddings: !facts.has('output.weight'),
    bos_token_id: values.numberOrNull('tokenizer.ggml.bos_token_id'),
    eos_token_id: values.numberOrNull('tokenizer.ggml.eos_token_id'),
  };
}
