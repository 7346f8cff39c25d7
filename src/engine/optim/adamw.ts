/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) as part of the graph: one run takes a step.
 * @module
 */
import type { Value } from '../graph.js';
import { add, div, exp, mul, sqrt, sub } from '../ops/elementwise.js';

/** Settings of AdamW; PyTorch's defaults unless given. */
export interface AdamWOptions {
  /** Learning rate of this step: a scalar of the graph, so that a schedule can be part of it. */
  readonly learningRate: Value;
  /** Number of this step, from 1, float32 scalar. */
  readonly step: Value;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/** A parameter with its two moments, before or after a step. */
export interface AdamWState {
  readonly parameter: Value;
  readonly first: Value;
  readonly second: Value;
}

/** The parts of a step that all parameters share. */
export interface AdamWScales {
  /** Learning rate over the first moment's bias correction. */
  readonly rate: Value;
  /** Square root of the second moment's bias correction. */
  readonly spread: Value;
  readonly learningRate: Value;
}

const power = (base: number, exponent: Value): Value => exp(mul(exponent, Math.log(base)));

/** Computes once a step what all parameters share. */
export function adamWScales(options: AdamWOptions): AdamWScales {
  const { learningRate, step, beta1 = 0.9, beta2 = 0.999 } = options;
  return {
    rate: div(learningRate, sub(1, power(beta1, step))),
    spread: sqrt(sub(1, power(beta2, step))),
    learningRate,
  };
}

/** One parameter's step: the new parameter and moments. Weight decay is decoupled from the gradient. */
export function adamW(
  { parameter, first, second }: AdamWState,
  gradient: Value,
  scales: AdamWScales,
  options: AdamWOptions,
): AdamWState {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = options;
  const nextFirst = add(mul(first, beta1), mul(gradient, 1 - beta1));
  const nextSecond = add(mul(second, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const update = mul(div(nextFirst, add(div(sqrt(nextSecond), scales.spread), epsilon)), scales.rate);
  const kept = weightDecay === 0 ? parameter : mul(parameter, sub(1, mul(scales.learningRate, weightDecay)));
  return { parameter: sub(kept, update), first: nextFirst, second: nextSecond };
}
