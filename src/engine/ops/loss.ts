/**
 * Losses, composed from other operators.
 * @module
 */
import { type Value } from '../graph.js';
import { GraphError, formatShape, sameShape } from '../shape.js';
import { div, mul, neg } from './elementwise.js';
import { oneHot } from './lookup.js';
import { logSoftmax } from './normalize.js';
import { reduceSum } from './reduce.js';

/**
 * Mean cross-entropy in nats over the rows that count.
 * @param logits `[rows, classes]`
 * @param targets class numbers `[rows]`, int32
 * @param weights `[rows]`, 0 for rows that do not count
 */
export function crossEntropy(logits: Value, targets: Value, weights: Value): Value {
  const [rows, classes] = logits.shape;
  const fits = logits.shape.length === 2 && rows !== undefined && classes !== undefined;
  if (!fits || !sameShape(targets.shape, [rows]) || !sameShape(weights.shape, [rows])) {
    throw new GraphError(
      `crossEntropy: logits ${formatShape(logits.shape)}, targets ${targets.dtype}${formatShape(targets.shape)} ` +
        `and weights ${formatShape(weights.shape)} do not have the same rows`,
    );
  }
  const likelihood = reduceSum(mul(logSoftmax(logits), oneHot(targets, classes)), [1]);
  return div(neg(reduceSum(mul(likelihood, weights))), reduceSum(weights));
}
