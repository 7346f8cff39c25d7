import { describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { parameterShapes, parameterTest, parametersOf } from '../architecture.js';
import { type Gpt2Config, readGpt2Config } from './gpt2-config.js';
import { readArchitecture } from './index.js';

const least = { n_layer: 2, n_head: 4, n_embd: 32, vocab_size: 15 };

/** What transformers writes for a model trained from scratch. */
const whole = {
  ...least,
  activation_function: 'gelu_new',
  architectures: ['GPT2LMHeadModel'],
  attn_pdrop: 0,
  bos_token_id: 10,
  layer_norm_epsilon: 1e-5,
  model_type: 'gpt2',
  n_inner: null,
  n_positions: 14,
  reorder_and_upcast_attn: false,
  scale_attn_by_inverse_layer_idx: false,
  scale_attn_weights: true,
  torch_dtype: 'float32',
  use_cache: true,
};

describe('readGpt2Config', () => {
  it("fills in GPT-2's defaults", () => {
    expect(readGpt2Config(least)).toEqual({
      ...least,
      model_type: 'gpt2',
      n_positions: 1024,
      layer_norm_epsilon: 1e-5,
      activation_function: 'gelu_new',
      scale_attn_weights: true,
      scale_attn_by_inverse_layer_idx: false,
      tie_word_embeddings: true,
    });
  });

  it('keeps fields that it does not know', () => {
    expect(readGpt2Config(whole)).toEqual({ ...whole, tie_word_embeddings: true });
  });

  it('takes upcast attention: in float32 it computes the same', () => {
    expect(readGpt2Config({ ...least, reorder_and_upcast_attn: true })).toMatchObject(least);
  });

  it.each([
    [
      'an activation that is not computed',
      { activation_function: 'mish' },
      /"activation_function".*"gelu_new".*"relu"/,
    ],
    ['another architecture', { model_type: 'llama' }, /"model_type".*"gpt2"/],
    ['cross-attention', { add_cross_attention: true }, /"add_cross_attention".*false/],
    ['no layers', { n_layer: 0 }, /"n_layer"/],
    ['half a head', { n_head: 1.5 }, /"n_head"/],
    ['a text for a number', { n_embd: '32' }, /"n_embd"/],
    ['more than any model has', { vocab_size: 1e9 }, /"vocab_size"/],
    ['a negative epsilon', { layer_norm_epsilon: -1e-5 }, /"layer_norm_epsilon"/],
    ['a missing field', { n_embd: undefined }, /: "n_embd" is missing$/],
    ['a flag that is none', { scale_attn_weights: 'yes' }, /"scale_attn_weights".*boolean/],
    ['heads that do not divide the width', { n_head: 5 }, /n_embd 32 is not a multiple of n_head 5/],
  ])('refuses %s in one line that names the file', (_, change, message) => {
    const read = (): unknown => readGpt2Config({ ...whole, ...change }, 'mine/config.json');
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^mine\/config\.json: [^\n]*$/);
  });

  it.each([null, [], 'gpt2', 7, undefined])('refuses %j', (json) => {
    expect(() => readGpt2Config(json)).toThrow(InputError);
  });

  it.each(['n_layer', 'n_head', 'n_embd', 'vocab_size'])('says that %s is missing', (field) => {
    const { [field]: _, ...rest } = { ...least } as Record<string, number>;
    expect(() => readGpt2Config(rest, 'mine/config.json')).toThrow(
      new InputError(`mine/config.json: "${field}" is missing`),
    );
  });

  const aliases = [
    ['hidden_size', 'n_embd', 32],
    ['num_hidden_layers', 'n_layer', 2],
    ['num_attention_heads', 'n_head', 4],
    ['max_position_embeddings', 'n_positions', 14],
  ] as const;
  it.each(aliases)('takes %s for %s, as transformers does', (alias, field, value) => {
    const { [field]: _, ...rest } = whole;
    const config = readGpt2Config({ ...rest, [alias]: value });
    expect(config).toEqual({ ...whole, tie_word_embeddings: true });
    // Both are accepted where they agree.
    expect(readGpt2Config({ ...whole, [alias]: value })).toEqual(config);
    expect(() => readGpt2Config({ ...whole, [alias]: 7 }, 'mine/config.json')).toThrow(
      new InputError(
        `mine/config.json: "${alias}" is another name of "${field}", and the two differ: 7 and ${value}`,
      ),
    );
  });
});

const shapesOf = (config: Gpt2Config) => parameterShapes(readArchitecture(config));
const testOf = (config: Gpt2Config) => parameterTest(readArchitecture(config));
const inner = (config: Gpt2Config): number => readArchitecture(config).inner;

describe('what a config decides', () => {
  it('names and shapes every parameter', () => {
    const shapes = shapesOf(readGpt2Config({ ...least, n_layer: 1, n_positions: 14, n_inner: 48 }));
    expect([...shapes].map(([name, shape]) => `${name} [${shape.join()}]`)).toEqual([
      'wte.weight [15,32]',
      'wpe.weight [14,32]',
      'h.0.ln_1.weight [32]',
      'h.0.ln_1.bias [32]',
      'h.0.attn.c_attn.weight [32,96]',
      'h.0.attn.c_attn.bias [96]',
      'h.0.attn.c_proj.weight [32,32]',
      'h.0.attn.c_proj.bias [32]',
      'h.0.ln_2.weight [32]',
      'h.0.ln_2.bias [32]',
      'h.0.mlp.c_fc.weight [32,48]',
      'h.0.mlp.c_fc.bias [48]',
      'h.0.mlp.c_proj.weight [48,32]',
      'h.0.mlp.c_proj.bias [32]',
      'ln_f.weight [32]',
      'ln_f.bias [32]',
    ]);
  });

  it('knows its parameters by name, however many layers it claims', () => {
    const config = readGpt2Config({ ...least, tie_word_embeddings: false });
    const has = testOf(config);
    for (const name of shapesOf(config).keys()) expect(has(name), name).toBe(true);
    const others = [
      '',
      'h',
      'h.2.ln_1.bias',
      'h.01.ln_1.bias',
      'h.-1.ln_1.bias',
      'h.0.ln_3.bias',
      'h.0.wte.weight',
    ];
    for (const name of [...others, 'ln_1.bias', 'constructor', 'h.0.constructor', 'transformer.wte.weight']) {
      expect(has(name), name).toBe(false);
    }
    expect(testOf({ ...config, tie_word_embeddings: true })('lm_head.weight')).toBe(false);
    const huge = { ...config, n_layer: 1_000_000 };
    expect(testOf(huge)('h.999999.ln_1.bias')).toBe(true);
    expect(parametersOf(readArchitecture(huge)).next().value?.[0]).toBe('wte.weight');
  });

  it('has an unembedding of its own only when it is not tied', () => {
    const untied = shapesOf(readGpt2Config({ ...least, tie_word_embeddings: false }));
    expect(untied.get('lm_head.weight')).toEqual([15, 32]);
    expect(shapesOf(readGpt2Config(least)).has('lm_head.weight')).toBe(false);
  });

  it('gives the hidden width, four times the width unless told', () => {
    expect(inner(readGpt2Config(least))).toBe(128);
    expect(inner(readGpt2Config({ ...least, n_inner: null }))).toBe(128);
    expect(inner(readGpt2Config({ ...least, n_inner: 7 }))).toBe(7);
  });

  it.each([
    [true, false, [1 / Math.sqrt(8), 1 / Math.sqrt(8)]],
    [false, false, [1, 1]],
    [true, true, [1 / Math.sqrt(8), 1 / Math.sqrt(8) / 2]],
    [false, true, [1, 1 / 2]],
  ])('scales attention: by width %s, by layer %s', (byWidth, byLayer, scales) => {
    const config = readGpt2Config({
      ...least,
      scale_attn_weights: byWidth,
      scale_attn_by_inverse_layer_idx: byLayer,
    });
    expect(readArchitecture(config).attentionScales).toEqual(scales);
  });
});
