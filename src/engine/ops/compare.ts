/**
 * Comparisons, logic and choice.
 * @module
 */
import { type OpRule, type Value, apply1, scalar } from '../graph.js';
import {
  type DType,
  GraphError,
  broadcastShapes,
  expectType,
  formatShape,
  numericTypes,
  signedTypes,
} from '../shape.js';
import { type Operand, inferBroadcast, mul } from './elementwise.js';
import { cast } from './layout.js';
import { sumTo } from './reduce.js';

const lift = (operand: Operand): Value => (typeof operand === 'number' ? scalar(operand) : operand);
const compare = (op: string, accepted: readonly DType[]): ((a: Operand, b: Operand) => Value) => {
  const rule: OpRule = { op, infer: inferBroadcast(op, accepted, 'bool') };
  return (a, b) => apply1(rule, [lift(a), lift(b)]);
};

/** Whether `a = b`, element by element. */
export const equal = compare('Equal', [...numericTypes, 'bool']);
/** Whether `a < b`, element by element. */
export const less = compare('Less', numericTypes);
/** Whether `a > b`, element by element. */
export const greater = compare('Greater', numericTypes);
/** Whether both hold. */
export const and = compare('And', ['bool']);

const whereRule: OpRule = {
  op: 'Where',
  infer([condition, a, b]) {
    if (!condition || !a || !b) throw new GraphError('Where: takes 3 inputs');
    const values = broadcastShapes(a.shape, b.shape);
    const shape = values === null ? null : broadcastShapes(condition.shape, values);
    if (condition.dtype !== 'bool' || a.dtype !== b.dtype || shape === null) {
      throw new GraphError(
        `Where: ${condition.dtype}${formatShape(condition.shape)} cannot choose between ` +
          `${a.dtype}${formatShape(a.shape)} and ${b.dtype}${formatShape(b.shape)}`,
      );
    }
    expectType('Where', a, signedTypes);
    return [{ dtype: a.dtype, shape }];
  },
  gradient(node, [dy]) {
    const [condition, a, b] = node.inputs;
    if (!dy || !condition || !a || !b) return [null, null, null];
    const gate = cast(condition, 'float32');
    const da = mul(dy, gate);
    return [null, sumTo(da, a.shape), sumTo(where(condition, 0, dy), b.shape)];
  },
};
/** `a` where the condition holds, else `b`. */
export const where = (condition: Value, a: Operand, b: Operand): Value =>
  apply1(whereRule, [condition, lift(a), lift(b)]);
