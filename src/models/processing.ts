/**
 * TransformerLens' default weight processing: the same logits (up to a constant at each place), other
 * activations. LayerNorm's scale and shift move into the next linear map; everything that writes to the
 * residual stream is centred over the width; the unembedding is centred over the vocabulary; value biases
 * move into the output bias, so that a head's result carries none. What LayerNorm's shift brings through W_V
 * is no bias of the values here: it stays in the heads' results, as in the reference values that figures are
 * compared with. (TransformerLens folds the shift first and moves it too; heads and b_O together are the same.)
 *
 * Source: `fold_layer_norm`, `center_writing_weights`, `center_unembed` and `fold_value_biases` of
 * TransformerLens. The result keeps Hugging Face's names and gains `lm_head.weight` and `lm_head.bias`.
 * @module
 */
import { type Gpt2Config, innerWidth } from './gpt2-config.js';
import type { ParameterSet } from './weights/fingerprint.js';

/** How weights were processed before a run; recorded in every artifact that rests on activations. */
export type Processing = 'transformerlens' | 'none';

type Parameter = { shape: readonly number[]; data: Float32Array };

/** Gives processed copies of a GPT-2's parameters; sums run in float64. */
export function processWeights(config: Gpt2Config, raw: ParameterSet): ParameterSet {
  const { n_embd: width, n_layer: layers } = config;
  const inner = innerWidth(config);
  const out = new Map<string, Parameter>();
  const read = (name: string): Parameter => {
    const parameter = raw.get(name);
    if (parameter === undefined) throw new Error(`parameter "${name}" is missing`);
    return parameter;
  };
  const put = (name: string, shape: readonly number[], data: Float32Array): void => {
    out.set(name, { shape, data });
  };
  const identityNorm = (name: string): void => {
    put(`${name}.weight`, [width], new Float32Array(width).fill(1));
    put(`${name}.bias`, [width], new Float32Array(width));
  };
  const centred = (name: string): void => {
    const { shape, data } = read(name);
    put(name, shape, centreRows(data, width));
  };

  centred('wte.weight');
  centred('wpe.weight');
  for (let layer = 0; layer < layers; layer++) {
    const own = `h.${layer}`;
    const attention = foldNorm(
      read(`${own}.ln_1.weight`),
      read(`${own}.ln_1.bias`),
      read(`${own}.attn.c_attn.weight`),
      read(`${own}.attn.c_attn.bias`),
    );
    // The pattern sums to one, so a value bias reaches the output whole: b_O + b_V·W_O.
    const project = read(`${own}.attn.c_proj.weight`).data;
    const bias = Float64Array.from(read(`${own}.attn.c_proj.bias`).data);
    const own_bias = read(`${own}.attn.c_attn.bias`).data;
    for (let row = 2 * width; row < 3 * width; row++) {
      const value = own_bias[row] ?? 0;
      attention.bias[row] = (attention.bias[row] ?? 0) - value;
      for (let column = 0; column < width; column++) {
        bias[column] = (bias[column] ?? 0) + value * (project[(row - 2 * width) * width + column] ?? 0);
      }
    }
    put(`${own}.attn.c_attn.weight`, [width, 3 * width], attention.weight);
    put(`${own}.attn.c_attn.bias`, [3 * width], attention.bias);
    centred(`${own}.attn.c_proj.weight`);
    put(`${own}.attn.c_proj.bias`, [width], centreRows(bias, width));

    const mlp = foldNorm(
      read(`${own}.ln_2.weight`),
      read(`${own}.ln_2.bias`),
      read(`${own}.mlp.c_fc.weight`),
      read(`${own}.mlp.c_fc.bias`),
    );
    put(`${own}.mlp.c_fc.weight`, [width, inner], mlp.weight);
    put(`${own}.mlp.c_fc.bias`, [inner], mlp.bias);
    centred(`${own}.mlp.c_proj.weight`);
    centred(`${own}.mlp.c_proj.bias`);
    identityNorm(`${own}.ln_1`);
    identityNorm(`${own}.ln_2`);
  }
  const head = unembedding(
    read(config.tie_word_embeddings ? 'wte.weight' : 'lm_head.weight').data,
    read('ln_f.weight').data,
    read('ln_f.bias').data,
  );
  put('lm_head.weight', [config.vocab_size, width], head.weight);
  put('lm_head.bias', [config.vocab_size], head.bias);
  identityNorm('ln_f');
  return out;
}

/** Takes the mean of each row of `[rows, width]` away. */
function centreRows(data: Float32Array | Float64Array, width: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += data[i] ?? 0;
    for (let i = start; i < start + width; i++) out[i] = (data[i] ?? 0) - sum / width;
  }
  return out;
}

/** `LN(x)·W + b` with LN's scale and shift inside W `[width, columns]` and b. */
function foldNorm(
  scale: Parameter,
  shift: Parameter,
  weight: Parameter,
  bias: Parameter,
): { weight: Float32Array; bias: Float32Array } {
  const columns = bias.data.length;
  const folded = new Float32Array(weight.data.length);
  const sums = Float64Array.from(bias.data);
  for (let row = 0; row < scale.data.length; row++) {
    const [gain, offset] = [scale.data[row] ?? 0, shift.data[row] ?? 0];
    for (let column = 0; column < columns; column++) {
      const value = weight.data[row * columns + column] ?? 0;
      folded[row * columns + column] = gain * value;
      sums[column] = (sums[column] ?? 0) + offset * value;
    }
  }
  return { weight: folded, bias: Float32Array.from(sums) };
}

/** The unembedding `[vocabulary, width]`: final LN folded in, centred over the vocabulary. */
function unembedding(
  embedding: Float32Array,
  scale: Float32Array,
  shift: Float32Array,
): { weight: Float32Array; bias: Float32Array } {
  const width = scale.length;
  const vocabulary = embedding.length / width;
  const means = new Float64Array(width);
  const bias = new Float64Array(vocabulary);
  for (let token = 0; token < vocabulary; token++) {
    for (let i = 0; i < width; i++) {
      const value = embedding[token * width + i] ?? 0;
      means[i] = (means[i] ?? 0) + value / vocabulary;
      bias[token] = (bias[token] ?? 0) + value * (shift[i] ?? 0);
    }
  }
  const meanBias = bias.reduce((sum, value) => sum + value, 0) / vocabulary;
  const weight = new Float32Array(embedding.length);
  for (let token = 0; token < vocabulary; token++) {
    for (let i = 0; i < width; i++) {
      weight[token * width + i] = ((embedding[token * width + i] ?? 0) - (means[i] ?? 0)) * (scale[i] ?? 0);
    }
  }
  return { weight, bias: Float32Array.from(bias, (value) => value - meanBias) };
}
