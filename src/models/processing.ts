/**
 * TransformerLens' default weight processing: the same logits (up to a constant at each place), other
 * activations. Each norm's gain and shift move into the next linear map; value biases move into the output bias, so
 * that a head's result carries none; under layer norms everything that writes to the residual stream is centred over
 * the width; the unembedding is centred over the vocabulary, unless logits are capped. What a shift brings through
 * W_V is no bias of the values here: it stays in the heads' results, as in the reference values that figures are
 * compared with. (TransformerLens folds the shift first and moves it too; heads and b_O together are the same.)
 *
 * Source: `fold_layer_norm`, `center_writing_weights`, `center_unembed` and `fold_value_biases` of
 * TransformerLens. The result keeps Hugging Face's names and gains the unembedding and biases that were not there.
 * @module
 */
import { type Architecture, type BlockNames, type LinearNames } from './architecture.js';
import { unembedBias } from './layers.js';
import type { ParameterSet } from './weights/fingerprint.js';

/** How weights were processed before a run; recorded in every artifact that rests on activations. */
export type Processing = 'transformerlens' | 'none';

type Parameter = { shape: readonly number[]; data: Float32Array };

/** A linear map under work: its weight as stored, its bias in float64. */
interface LinearMap {
  readonly names: LinearNames;
  readonly weight: Float32Array;
  readonly bias: Float64Array;
  readonly inputs: number;
  readonly outputs: number;
  /** Where the weight of an input and an output lies. */
  at(input: number, output: number): number;
}

/** Parameters after processing, and the architecture that names them: biases may have come that were not there. */
export interface Processed {
  readonly architecture: Architecture;
  readonly parameters: ParameterSet;
}

/** The name of a map's bias, whether or not the family has one. */
const biasName = ({ weight, bias }: LinearNames): string => bias ?? weight.replace(/\.weight$/, '.bias');

const withBias = (names: LinearNames): LinearNames => ({ ...names, bias: biasName(names) });

/** Gives processed copies of a model's parameters; sums run in float64. */
export function processWeights(architecture: Architecture, raw: ParameterSet): Processed {
  const { layers, width, norm, names, tied, vocabulary, logitCap } = architecture;
  const centring = norm.kind === 'layer';
  const out = new Map<string, Parameter>();
  const read = (name: string): Parameter => {
    const parameter = raw.get(name);
    if (parameter === undefined) throw new Error(`parameter "${name}" is missing`);
    return parameter;
  };
  const put = (name: string, shape: readonly number[], data: Float32Array): void => {
    out.set(name, { shape, data });
  };
  const copied = (name: string | undefined): void => {
    const own = name === undefined ? undefined : raw.get(name);
    if (name !== undefined && own !== undefined) out.set(name, own);
  };
  const gainOf = (name: string): Float32Array => {
    const { data } = read(`${name}.weight`);
    return norm.offset === 0 ? data : data.map((value) => value + norm.offset);
  };
  const shiftOf = (name: string): Float32Array | null => (centring ? read(`${name}.bias`).data : null);
  /** A norm whose gain and shift have moved on. */
  const plainNorm = (name: string): void => {
    put(`${name}.weight`, [width], new Float32Array(width).fill(1 - norm.offset));
    if (centring) put(`${name}.bias`, [width], new Float32Array(width));
  };
  const table = (name: string): void => {
    const { shape, data } = read(name);
    put(name, shape, centring ? centreRows(data, width) : data);
  };
  const open = (map: LinearNames): LinearMap => openMap(map, read);
  /** Stores a map; its bias only where it has one by now. */
  const store = ({ names: map, weight, bias }: LinearMap, has: boolean): void => {
    put(map.weight, read(map.weight).shape, weight);
    if (has) put(biasName(map), [bias.length], Float32Array.from(bias));
  };
  const folded = (map: LinearMap, normName: string): LinearMap =>
    foldNorm(map, gainOf(normName), shiftOf(normName));
  const hasBias = (map: LinearNames): boolean => centring || map.bias !== null;

  table(names.embed);
  if (names.positions !== null) table(names.positions);
  for (let layer = 0; layer < layers; layer++) {
    const block = names.block(layer);
    const { projections } = block;
    const output = open(block.output);
    const values = projections.kind === 'fused' ? projections.qkv : projections.v;
    const maps = projections.kind === 'fused' ? [values] : [projections.q, projections.k, values];
    for (const map of maps) {
      const linear = folded(open(map), block.ln1);
      if (map === values && map.bias !== null)
        moveValueBias(architecture, read(map.bias).data, linear, output);
      store(linear, hasBias(map));
    }
    if (centring) centreOutputs(output);
    store(output, hasBias(block.output) || values.bias !== null);
    for (const map of block.mlpGate === undefined ? [block.mlpIn] : [block.mlpGate, block.mlpIn])
      store(folded(open(map), block.ln2), hasBias(map));
    const mlpOut = open(block.mlpOut);
    if (centring) centreOutputs(mlpOut);
    store(mlpOut, hasBias(block.mlpOut));
    plainNorm(block.ln1);
    plainNorm(block.ln2);
    // Norms after a branch and within heads have nothing linear behind them to move into.
    for (const name of [block.ln1Post, block.ln2Post, block.qNorm, block.kNorm]) {
      copied(name === undefined ? undefined : `${name}.weight`);
      copied(name === undefined ? undefined : `${name}.bias`);
    }
  }
  const head = unembedding(
    read(tied ? names.embed : names.unembed).data,
    gainOf(names.finalNorm),
    shiftOf(names.finalNorm),
    logitCap === null,
  );
  put(names.unembed, [vocabulary, width], head.weight);
  put(unembedBias(architecture), [vocabulary], head.bias);
  plainNorm(names.finalNorm);
  return {
    architecture: { ...architecture, names: { ...names, block: biased(architecture) } },
    parameters: out,
  };
}

/** The names of a block after processing. */
const biased =
  ({ names, norm }: Architecture) =>
  (layer: number): BlockNames => {
    const block = names.block(layer);
    const { projections } = block;
    const values = projections.kind === 'fused' ? projections.qkv : projections.v;
    const centring = norm.kind === 'layer';
    const all = (map: LinearNames): LinearNames => (centring ? withBias(map) : map);
    return {
      ...block,
      projections:
        projections.kind === 'fused'
          ? { ...projections, qkv: all(projections.qkv) }
          : { kind: 'separate', q: all(projections.q), k: all(projections.k), v: all(projections.v) },
      output: centring || values.bias !== null ? withBias(block.output) : block.output,
      mlpIn: all(block.mlpIn),
      ...(block.mlpGate === undefined ? {} : { mlpGate: all(block.mlpGate) }),
      mlpOut: all(block.mlpOut),
    };
  };

function openMap(names: LinearNames, read: (name: string) => Parameter): LinearMap {
  const { shape, data } = read(names.weight);
  const [first = 0, second = 0] = shape;
  const [inputs, outputs] = names.layout === 'in-out' ? [first, second] : [second, first];
  return {
    names,
    weight: Float32Array.from(data),
    bias: names.bias === null ? new Float64Array(outputs) : Float64Array.from(read(names.bias).data),
    inputs,
    outputs,
    at: names.layout === 'in-out' ? (i, o) => i * outputs + o : (i, o) => o * inputs + i,
  };
}

/** `Norm(x)·W + b` with the norm's gain and shift inside W and b. */
function foldNorm(map: LinearMap, gain: Float32Array, shift: Float32Array | null): LinearMap {
  const { weight, bias, inputs, outputs, at } = map;
  for (let i = 0; i < inputs; i++) {
    const [scale, offset] = [gain[i] ?? 0, shift?.[i] ?? 0];
    for (let o = 0; o < outputs; o++) {
      const value = weight[at(i, o)] ?? 0;
      weight[at(i, o)] = scale * value;
      if (offset !== 0) bias[o] = (bias[o] ?? 0) + offset * value;
    }
  }
  return map;
}

/** A pattern sums to one, so a value bias reaches the output whole: b_O + b_V·W_O. */
function moveValueBias(
  architecture: Architecture,
  stored: Float32Array,
  values: LinearMap,
  output: LinearMap,
): void {
  const { heads, keyValueHeads, headWidth } = architecture;
  const { projections } = architecture.names.block(0);
  const order = projections.kind === 'separate' ? 'separate' : projections.order;
  const start = (shared: number): number => {
    if (order === 'separate') return shared * headWidth;
    return order === 'by-kind' ? (heads + keyValueHeads + shared) * headWidth : (shared * 3 + 2) * headWidth;
  };
  const group = heads / keyValueHeads;
  for (let head = 0; head < heads; head++) {
    const shared = Math.floor(head / group);
    for (let i = 0; i < headWidth; i++) {
      const value = stored[start(shared) + i] ?? 0;
      if (head % group === 0) values.bias[start(shared) + i] = (values.bias[start(shared) + i] ?? 0) - value;
      for (let o = 0; o < output.outputs; o++) {
        const weight = output.weight[output.at(head * headWidth + i, o)] ?? 0;
        output.bias[o] = (output.bias[o] ?? 0) + value * weight;
      }
    }
  }
}

/** Takes the mean of each row of `[rows, width]` away. */
function centreRows(data: Float32Array, width: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += data[i] ?? 0;
    for (let i = start; i < start + width; i++) out[i] = (data[i] ?? 0) - sum / width;
  }
  return out;
}

/** Takes the mean over outputs away from what each input writes, and from the bias. */
function centreOutputs({ weight, bias, inputs, outputs, at }: LinearMap): void {
  for (let i = 0; i < inputs; i++) {
    let sum = 0;
    for (let o = 0; o < outputs; o++) sum += weight[at(i, o)] ?? 0;
    for (let o = 0; o < outputs; o++) weight[at(i, o)] = (weight[at(i, o)] ?? 0) - sum / outputs;
  }
  const mean = bias.reduce((sum, value) => sum + value, 0) / outputs;
  bias.forEach((value, o) => (bias[o] = value - mean));
}

/** The unembedding `[vocabulary, width]`: final norm folded in, centred over the vocabulary if so asked. */
function unembedding(
  embedding: Float32Array,
  gain: Float32Array,
  shift: Float32Array | null,
  centred: boolean,
): { weight: Float32Array; bias: Float32Array } {
  const width = gain.length;
  const vocabulary = embedding.length / width;
  const means = new Float64Array(width);
  const bias = new Float64Array(vocabulary);
  for (let token = 0; token < vocabulary; token++) {
    for (let i = 0; i < width; i++) {
      const value = embedding[token * width + i] ?? 0;
      if (centred) means[i] = (means[i] ?? 0) + value / vocabulary;
      bias[token] = (bias[token] ?? 0) + value * (shift?.[i] ?? 0);
    }
  }
  const meanBias = centred ? bias.reduce((sum, value) => sum + value, 0) / vocabulary : 0;
  const weight = new Float32Array(embedding.length);
  for (let token = 0; token < vocabulary; token++) {
    for (let i = 0; i < width; i++) {
      weight[token * width + i] = ((embedding[token * width + i] ?? 0) - (means[i] ?? 0)) * (gain[i] ?? 0);
    }
  }
  return { weight, bias: Float32Array.from(bias, (value) => value - meanBias) };
}
