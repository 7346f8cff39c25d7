/**
 * The parts that blocks are made of: linear maps as they are stored, norms with their hooks, activation functions.
 * @module
 */
import {
  type Value,
  GraphError,
  add,
  div,
  erfGelu,
  gelu,
  gemm,
  layerNorm,
  mul,
  reduceMean,
  relu,
  reshape,
  rmsNorm,
  rootMeanSquare,
  silu,
  sub,
  tanh,
} from '../engine/index.js';
import { type Activation, type Architecture, type LinearNames, type Norm } from './architecture.js';
import { type HookPoints } from './hook-points.js';

/** Gives a parameter by its name without the prefix of the file. */
export type Parameters = (name: string) => Value | null;

/** @throws GraphError for a parameter that is not there */
export function need(parameter: Parameters, name: string): Value {
  const value = parameter(name);
  if (value === null) throw new GraphError(`parameter "${name}" is missing`);
  return value;
}

/** A linear map over the last axis of `[batch, place, inputs]`. */
export function linear(parameter: Parameters, x: Value, { weight, bias, layout }: LinearNames): Value {
  const flat = reshape(x, [-1, x.shape.at(-1) ?? 0]);
  const offset = bias === null ? null : need(parameter, bias);
  const y = gemm(flat, need(parameter, weight), offset, layout === 'in-out' ? {} : { transB: true });
  return reshape(y, [...x.shape.slice(0, -1), -1]);
}

/** The names under which a norm's hooks go. */
export interface NormHooks {
  readonly scale: string;
  readonly normalized: string;
}

/**
 * A norm over the last axis. As in TransformerLens, `hook_scale` is what the input is divided by, and
 * `hook_normalized` is before gain and shift.
 */
export function normalised(
  parameter: Parameters,
  x: Value,
  name: string,
  { kind, epsilon, offset }: Norm,
  hooks: HookPoints,
  { scale: scaleHook, normalized: normalHook }: NormHooks,
): Value {
  const stored = need(parameter, `${name}.weight`);
  const gain = offset === 0 ? stored : add(stored, offset);
  const shift = kind === 'layer' ? need(parameter, `${name}.bias`) : null;
  const scaled = (y: Value): Value => (shift === null ? mul(y, gain) : add(mul(y, gain), shift));
  const { output, divisor, centred } = normOf(x, gain, shift, epsilon);
  const scale = hooks.at(scaleHook, divisor);
  const ownNormal = div(centred, scale);
  const normal = hooks.at(normalHook, ownNormal);
  // The operator does all of it at once where nobody steps in.
  return scale === divisor && normal === ownNormal ? output : scaled(normal);
}

/** A norm's operator, and what it divides by what: a layer norm has a shift, and takes its mean away first. */
function normOf(
  x: Value,
  gain: Value,
  shift: Value | null,
  epsilon: number,
): { readonly output: Value; readonly divisor: Value; readonly centred: Value } {
  if (shift === null)
    return { output: rmsNorm(x, gain, epsilon), divisor: rootMeanSquare(x, epsilon), centred: x };
  const { output, mean, inverse } = layerNorm(x, gain, shift, epsilon);
  return { output, divisor: div(1, inverse), centred: sub(x, mean) };
}

/** The activation function of an MLP. */
export function activated(x: Value, activation: Activation): Value {
  switch (activation) {
    case 'gelu':
      return erfGelu(x);
    case 'gelu_tanh':
      return gelu(x);
    case 'relu':
      return relu(x);
    case 'silu':
      return silu(x);
  }
}

/**
 * Logits `[row, vocabulary]` of activations `[row, width]` that the final norm has gone over.
 * @param bias false leaves the unembedding's bias out: what is asked is then a part of the logits
 */
export function unembed(
  architecture: Architecture,
  parameter: Parameters,
  normal: Value,
  bias = true,
): Value {
  const { names, tied } = architecture;
  const head = parameter(names.unembed) ?? need(parameter, tied ? names.embed : names.unembed);
  return gemm(normal, head, bias ? parameter(unembedBias(architecture)) : null, { transB: true });
}

/** The logits `[row, vocabulary]` of a run, capped where the architecture caps them; see {@link unembed}. */
export function logitsOf(architecture: Architecture, parameter: Parameters, normal: Value): Value {
  const { logitCap } = architecture;
  const raw = unembed(architecture, parameter, normal);
  return logitCap === null ? raw : mul(tanh(div(raw, logitCap)), logitCap);
}

/** The name of the unembedding's bias, which processing makes. */
export const unembedBias = ({ names }: Architecture): string => names.unembed.replace(/\.weight$/, '.bias');

/**
 * What a part of the residual stream `[row, width]` becomes under the final norm with its scale `[row, 1]` held
 * fixed, so that parts add up; the shift belongs to none.
 */
export function throughFinalNorm(
  { norm, names }: Architecture,
  parameter: Parameters,
  part: Value,
  scale: Value,
): Value {
  const stored = need(parameter, `${names.finalNorm}.weight`);
  const gain = norm.offset === 0 ? stored : add(stored, norm.offset);
  const level = norm.kind === 'layer' ? sub(part, reduceMean(part, [1], true)) : part;
  return mul(div(level, scale), gain);
}
