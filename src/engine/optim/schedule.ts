/**
 * Learning-rate schedules as parts of the graph: scalars made from the number of the step.
 * @module
 */
import { type Value, apply1, scalar } from '../graph.js';
import { add, div, mul, sub } from '../ops/elementwise.js';
import { single } from '../ops/operands.js';
import { less, where } from '../ops/compare.js';

/** How the learning rate runs over a training. */
export interface Schedule {
  readonly kind: 'constant' | 'cosine' | 'linear';
  /** Highest learning rate, reached after the warm-up. */
  readonly peak: number;
  /** Steps over which it rises from 0. */
  readonly warmup: number;
  /** Steps in all; what remains after the warm-up is the decay. */
  readonly steps: number;
  /** Share of the peak left at the end of a decay. */
  readonly floor: number;
}

const cosRule = {
  op: 'Cos',
  infer: (inputs: readonly Value[]) => {
    const x = single('Cos', inputs);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
} as const;

/**
 * The learning rate at a step.
 * @param step number of the step from 1, float32 scalar
 */
export function scheduled({ kind, peak, warmup, steps, floor }: Schedule, step: Value): Value {
  const rising = mul(step, peak / Math.max(1, warmup));
  if (kind === 'constant') return warmup > 0 ? where(less(step, warmup), rising, peak) : scalar(peak);
  const progress = div(sub(step, warmup), Math.max(1, steps - warmup));
  const bounded = where(less(progress, 1), progress, 1);
  const share =
    kind === 'linear' ? sub(1, bounded) : mul(add(apply1(cosRule, [mul(bounded, Math.PI)]), 1), 0.5);
  const falling = mul(add(mul(share, 1 - floor), floor), peak);
  return warmup > 0 ? where(less(step, warmup), rising, falling) : falling;
}
