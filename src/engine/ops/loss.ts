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
 * @param targets class numbers `[rows]`, int32, or a distribution over the classes for each row, `[rows, classes]`, float32
 * @param weights `[rows]`, 0 for rows that do not count
 */
export function crossEntropy(logits: Value, targets: Value, weights: Value): Value {
  const [rows, classes] = logits.shape;
  const fits = logits.shape.length === 2 && rows !== undefined && classes !== undefined;
  const soft = targets.dtype === 'float32';
  if (!fits || !sameShape(targets.shape, soft ? logits.shape : [rows]) || !sameShape(weights.shape, [rows])) {
    throw new GraphError(
      `crossEntropy: logits ${formatShape(logits.shape)}, targets ${targets.dtype}${formatShape(targets.shape)} ` +
        `and weights ${formatShape(weights.shape)} do not have the same rows`,
    );
  }
  const wanted = soft ? targets : oneHot(targets, classes);
  const likelihood = reduceSum(mul(logSoftmax(logits), wanted), [1]);
  return div(neg(reduceSum(mul(likelihood, weights))), reduceSum(weights));
}
