/**
 * What a Hugging Face `config.json` says of a GPT-2.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';

const positive = z.number().int().min(1).max(1_000_000);

/** The fields of `config.json` that decide what is computed; the rest is kept as it is. */
export const gpt2ConfigSchema = z.looseObject({
  model_type: z.literal('gpt2').default('gpt2'),
  n_layer: positive,
  n_head: positive,
  n_embd: positive,
  n_positions: positive.default(1024),
  n_inner: positive.nullish(),
  vocab_size: positive,
  layer_norm_epsilon: z.number().positive().default(1e-5),
  /** The first three are one function under three names. */
  activation_function: z.enum(['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast', 'relu']).default('gelu_new'),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  add_cross_attention: z.literal(false).optional(),
});

/** A GPT-2's dimensions under Hugging Face's names. */
export type Gpt2Config = z.infer<typeof gpt2ConfigSchema>;

/**
 * Reads a parsed `config.json`.
 * @throws InputError naming the field that is missing, wrong or asks for something not supported
 */
export function readGpt2Config(json: unknown, name = 'config.json'): Gpt2Config {
  const result = gpt2ConfigSchema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new InputError(
      `${name}: ${field === '' ? '' : `"${field}": `}${issue?.message ?? 'not a GPT-2 config'}`,
    );
  }
  const config = result.data;
  if (config.n_embd % config.n_head !== 0) {
    throw new InputError(`${name}: n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`);
  }
  return config;
}

/** Width of the hidden layer of the MLPs. */
export const innerWidth = (config: Gpt2Config): number => config.n_inner ?? 4 * config.n_embd;

/** What the attention scores of a block are multiplied by. */
export function attentionScale(config: Gpt2Config, layer: number): number {
  const scale = config.scale_attn_weights ? 1 / Math.sqrt(config.n_embd / config.n_head) : 1;
  return config.scale_attn_by_inverse_layer_idx ? scale / (layer + 1) : scale;
}

/** Name and shape of each parameter, without the prefix `transformer.`, in Hugging Face's order. */
export function gpt2ParameterShapes(config: Gpt2Config): Map<string, readonly number[]> {
  const { n_embd: width, n_layer: layers } = config;
  const inner = innerWidth(config);
  const shapes = new Map<string, readonly number[]>([
    ['wte.weight', [config.vocab_size, width]],
    ['wpe.weight', [config.n_positions, width]],
  ]);
  for (let layer = 0; layer < layers; layer++) {
    const own: [string, readonly number[]][] = [
      ['ln_1.weight', [width]],
      ['ln_1.bias', [width]],
      ['attn.c_attn.weight', [width, 3 * width]],
      ['attn.c_attn.bias', [3 * width]],
      ['attn.c_proj.weight', [width, width]],
      ['attn.c_proj.bias', [width]],
      ['ln_2.weight', [width]],
      ['ln_2.bias', [width]],
      ['mlp.c_fc.weight', [width, inner]],
      ['mlp.c_fc.bias', [inner]],
      ['mlp.c_proj.weight', [inner, width]],
      ['mlp.c_proj.bias', [width]],
    ];
    for (const [name, shape] of own) shapes.set(`h.${layer}.${name}`, shape);
  }
  shapes.set('ln_f.weight', [width]);
  shapes.set('ln_f.bias', [width]);
  if (!config.tie_word_embeddings) shapes.set('lm_head.weight', [config.vocab_size, width]);
  return shapes;
}
