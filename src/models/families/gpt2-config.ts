/**
 * What a Hugging Face `config.json` says of a GPT-2.
 * @module
 */
import { z } from 'zod';
import { fieldProblem } from '../../field-problem.js';
import { InputError } from '../../input-error.js';
import { shown } from '../../printable.js';
import { activationNames } from './config.js';
import { isRecord } from '../weights/strict-json.js';

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
  activation_function: z.enum(activationNames).default('gelu_new'),
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
