/**
 * What a Hugging Face `config.json` says of a GPT-2.
 * @module
 */
import { z } from 'zod';
import { fieldProblem } from '../field-problem.js';
import { InputError } from '../input-error.js';
import { shown } from '../printable.js';
import { isRecord } from './weights/strict-json.js';

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

/** Other names that transformers takes for fields of a GPT-2 (`GPT2Config.attribute_map`). */
const aliases: Readonly<Record<string, keyof Gpt2Config>> = {
  hidden_size: 'n_embd',
  num_hidden_layers: 'n_layer',
  num_attention_heads: 'n_head',
  max_position_embeddings: 'n_positions',
};

/**
 * Reads a parsed `config.json`; aliases of fields become the fields' own names.
 * @throws InputError naming the field that is missing, wrong or asks for something not supported
 */
export function readGpt2Config(json: unknown, name = 'config.json'): Gpt2Config {
  const named = isRecord(json) ? withoutAliases(json, name) : json;
  const result = gpt2ConfigSchema.safeParse(named);
  if (!result.success) throw new InputError(`${name}: ${fieldProblem(result.error, named)}`);
  const config = result.data;
  if (config.n_embd % config.n_head !== 0) {
    throw new InputError(`${name}: n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`);
  }
  return config;
}

/** The fields under their own names. @throws InputError where one is given twice and differs */
function withoutAliases(json: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const fields = Object.entries(json).map(([given, value]) => {
    const field = Object.hasOwn(aliases, given) ? aliases[given] : undefined;
    if (field !== undefined && Object.hasOwn(json, field) && json[field] !== value) {
      throw new InputError(
        `${name}: "${given}" is another name of "${field}", and the two differ: ${shown(JSON.stringify(value))} and ${shown(JSON.stringify(json[field]))}`,
      );
    }
    return [field ?? given, value] as const;
  });
  return Object.fromEntries(fields);
}

/** Width of the hidden layer of the MLPs. */
export const innerWidth = (config: Gpt2Config): number => config.n_inner ?? 4 * config.n_embd;

/** What the attention scores of a block are multiplied by. */
export function attentionScale(config: Gpt2Config, layer: number): number {
  const scale = config.scale_attn_weights ? 1 / Math.sqrt(config.n_embd / config.n_head) : 1;
  return config.scale_attn_by_inverse_layer_idx ? scale / (layer + 1) : scale;
}

/** Name and shape of the parameters outside the blocks: those before them, and those after. */
function outerShapes(config: Gpt2Config): [Map<string, readonly number[]>, Map<string, readonly number[]>] {
  const { n_embd: width, vocab_size: vocabulary } = config;
  const before = new Map([
    ['wte.weight', [vocabulary, width]],
    ['wpe.weight', [config.n_positions, width]],
  ]);
  const after = new Map([
    ['ln_f.weight', [width]],
    ['ln_f.bias', [width]],
  ]);
  if (!config.tie_word_embeddings) after.set('lm_head.weight', [vocabulary, width]);
  return [before, after];
}

/** Name and shape of a block's parameters, without its prefix `h.0.`. */
function blockShapes(config: Gpt2Config): Map<string, readonly number[]> {
  const { n_embd: width } = config;
  const inner = innerWidth(config);
  return new Map([
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
  ]);
}

/**
 * Name and shape of each parameter, without the prefix `transformer.`, in Hugging Face's order. One after another: a
 * config may claim a million layers, and what it is compared with ends long before.
 */
export function* gpt2Parameters(config: Gpt2Config): Generator<[string, readonly number[]]> {
  const [before, after] = outerShapes(config);
  const block = blockShapes(config);
  yield* before;
  for (let layer = 0; layer < config.n_layer; layer++) {
    for (const [name, shape] of block) yield [`h.${layer}.${name}`, shape];
  }
  yield* after;
}

/** All of {@link gpt2Parameters}. */
export const gpt2ParameterShapes = (config: Gpt2Config): Map<string, readonly number[]> =>
  new Map(gpt2Parameters(config));

/** Tells whether a GPT-2 of this config has a parameter of a name, in a time that does not grow with its layers. */
export function gpt2ParameterTest(config: Gpt2Config): (name: string) => boolean {
  const outer = outerShapes(config);
  const block = blockShapes(config);
  return (name) => {
    if (outer.some((shapes) => shapes.has(name))) return true;
    const [, layer, rest] = /^h\.(0|[1-9]\d*)\.(.*)$/s.exec(name) ?? [];
    return layer !== undefined && rest !== undefined && Number(layer) < config.n_layer && block.has(rest);
  };
}
