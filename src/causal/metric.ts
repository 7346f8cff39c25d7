/**
 * What a patch is measured by: a number made of the logits at the place that predicts the answer.
 * @module
 */
import { InputError, suggest } from '../input-error.js';

/** Names of the metrics. */
export type MetricName = 'logit-difference' | 'kl' | 'probability';

/** The tokens between which a case decides. */
export interface Answers {
  readonly answer: number;
  readonly contrastAnswer: number;
}

/** A way to measure a run. Logits are `[vocabulary]`. */
export interface Metric {
  readonly name: MetricName;
  /** Unit of its values, for axes and tables. */
  readonly unit: string;
  /** Of one run; `clean` are the logits of the clean run of the same case. */
  value(logits: Float32Array, clean: Float32Array, answers: Answers): number;
  /** What a patch did, given the values of clean and patched run: positive when it took from the answer. */
  effect(clean: number, patched: number): number;
}

/** Natural logarithm of the sum of `e^logit`, in float64. */
export function logSumExp(logits: Float32Array): number {
  let most = -Infinity;
  for (const logit of logits) most = Math.max(most, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}

/** `KL(clean ‖ other)` of the distributions that two rows of logits stand for, in nats. */
export function divergence(clean: Float32Array, other: Float32Array): number {
  const [a, b] = [logSumExp(clean), logSumExp(other)];
  let sum = 0;
  for (let token = 0; token < clean.length; token++) {
    const p = (clean[token] ?? 0) - a;
    sum += Math.exp(p) * (p - ((other[token] ?? 0) - b));
  }
  return sum;
}

/** The metrics by name. */
export const metrics: Readonly<Record<MetricName, Metric>> = {
  /** `logit(answer) − logit(contrast answer)`. */
  'logit-difference': {
    name: 'logit-difference',
    unit: 'logits',
    value: (logits, _, { answer, contrastAnswer }) =>
      (logits[answer] ?? NaN) - (logits[contrastAnswer] ?? NaN),
    effect: (clean, patched) => clean - patched,
  },
  /** `KL(clean ‖ patched)`: whatever changed, whether or not it touches the answer. */
  kl: {
    name: 'kl',
    unit: 'nats',
    value: (logits, clean) => divergence(clean, logits),
    effect: (clean, patched) => patched - clean,
  },
  /** Probability of the answer. */
  probability: {
    name: 'probability',
    unit: 'probability',
    value: (logits, _, { answer }) => Math.exp((logits[answer] ?? NaN) - logSumExp(logits)),
    effect: (clean, patched) => clean - patched,
  },
};

/** Their names. */
export const metricNames = Object.keys(metrics) as readonly MetricName[];

/** @throws InputError with a suggestion for an unknown name */
export function metricNamed(name: string): Metric {
  const found = metricNames.find((known) => known === name);
  if (found !== undefined) return metrics[found];
  throw new InputError(
    `Unknown metric "${name}".${suggest(name, metricNames)} Metrics: ${metricNames.join(', ')}.`,
  );
}
