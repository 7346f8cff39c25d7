/**
 * Arithmetic element by element, with NumPy's broadcasting. Numbers stand for float32 scalars.
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
import { pair, single } from './operands.js';
import { sumTo } from './reduce.js';

/** A value, or a number that stands for a float32 scalar. */
export type Operand = Value | number;

const lift = (operand: Operand): Value => (typeof operand === 'number' ? scalar(operand) : operand);

/** The shape rule of two operands of one type that broadcast together; the result has their type unless named. */
export function inferBroadcast(op: string, accepted: readonly DType[], result?: DType): OpRule['infer'] {
  return (inputs) => {
    const [a, b] = pair(op, inputs);
    const shape = broadcastShapes(a.shape, b.shape);
    if (a.dtype !== b.dtype || shape === null) {
      throw new GraphError(
        `${op}: ${a.dtype}${formatShape(a.shape)} and ${b.dtype}${formatShape(b.shape)} do not go together`,
      );
    }
    expectType(op, a, accepted);
    return [{ dtype: result ?? a.dtype, shape }];
  };
}

/** A rule for two broadcasting operands whose gradients are made from (a, b, y, dy). */
function binary(op: string, gradientOf: (a: Value, b: Value, y: Value, dy: Value) => [Value, Value]): OpRule {
  return {
    op,
    infer: inferBroadcast(op, numericTypes),
    gradient(node, [dy]) {
      const [a, b] = pair(op, node.inputs);
      const y = node.outputs[0];
      if (!dy || y === undefined) return [null, null];
      const [da, db] = gradientOf(a, b, y, dy);
      return [sumTo(da, a.shape), sumTo(db, b.shape)];
    },
  };
}

/** A rule for one operand whose gradient is made from (x, y, dy). */
function unary(
  op: string,
  gradientOf: (x: Value, y: Value, dy: Value) => Value | null,
  accepted: readonly DType[] = ['float32'],
): OpRule {
  return {
    op,
    infer(inputs) {
      const x = single(op, inputs, accepted);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
    gradient(node, [dy]) {
      const x = single(op, node.inputs, accepted);
      const y = node.outputs[0];
      return dy && y !== undefined ? [gradientOf(x, y, dy)] : [null];
    },
  };
}

const addRule = binary('Add', (_a, _b, _y, dy) => [dy, dy]);
const subRule = binary('Sub', (_a, _b, _y, dy) => [dy, neg(dy)]);
const mulRule = binary('Mul', (a, b, _y, dy) => [mul(dy, b), mul(dy, a)]);
const divRule = binary('Div', (_a, b, y, dy) => {
  const da = div(dy, b);
  return [da, neg(mul(da, y))];
});
const negRule = unary('Neg', (_x, _y, dy) => neg(dy), signedTypes);
const sqrtRule = unary('Sqrt', (_x, y, dy) => div(mul(dy, 0.5), y));
const expRule = unary('Exp', (_x, y, dy) => mul(dy, y));
const logRule = unary('Log', (x, _y, dy) => div(dy, x));
const tanhRule = unary('Tanh', (_x, y, dy) => mul(dy, sub(1, mul(y, y))));
const sigmoidRule = unary('Sigmoid', (_x, y, dy) => mul(dy, mul(y, sub(1, y))));
// Where the input is at or under zero the output is zero, so the sign of the output is the whole gate.
const reluRule = unary('Relu', (_x, y, dy) => mul(dy, sign(y)));
const erfRule = unary('Erf', (x, _y, dy) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
const signRule = unary('Sign', () => null, signedTypes);

/** `a + b`. */
export const add = (a: Operand, b: Operand): Value => apply1(addRule, [lift(a), lift(b)]);
/** `a − b`. */
export const sub = (a: Operand, b: Operand): Value => apply1(subRule, [lift(a), lift(b)]);
/** `a · b`. */
export const mul = (a: Operand, b: Operand): Value => apply1(mulRule, [lift(a), lift(b)]);
/** `a / b`. */
export const div = (a: Operand, b: Operand): Value => apply1(divRule, [lift(a), lift(b)]);
/** `−x`. */
export const neg = (x: Operand): Value => apply1(negRule, [lift(x)]);
/** Square root. */
export const sqrt = (x: Operand): Value => apply1(sqrtRule, [lift(x)]);
/** `e^x`. */
export const exp = (x: Operand): Value => apply1(expRule, [lift(x)]);
/** Natural logarithm. */
export const log = (x: Operand): Value => apply1(logRule, [lift(x)]);
/** Hyperbolic tangent. */
export const tanh = (x: Operand): Value => apply1(tanhRule, [lift(x)]);
/** Logistic function. */
export const sigmoid = (x: Operand): Value => apply1(sigmoidRule, [lift(x)]);
/** Error function. */
export const erf = (x: Operand): Value => apply1(erfRule, [lift(x)]);
/** `max(x, 0)`. */
export const relu = (x: Operand): Value => apply1(reluRule, [lift(x)]);
/** −1, 0 or 1; constant as far as gradients go. */
export const sign = (x: Operand): Value => apply1(signRule, [lift(x)]);
