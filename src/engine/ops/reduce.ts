/**
 * Sums, means and extremes over axes, and the spreading-out that undoes them.
 * @module
 */
import { type Attributes, type OpRule, type Value, apply1, constant } from '../graph.js';
import {
  type Shape,
  GraphError,
  axisOf,
  broadcastShapes,
  expectType,
  formatShape,
  sameShape,
  signedTypes,
  sizeOf,
} from '../shape.js';
import { pair, single } from './operands.js';

/** An int64 vector, as ONNX wants axes and shapes. */
export function int64s(op: string, values: readonly number[]): Value {
  if (!values.every(Number.isInteger)) {
    throw new GraphError(`${op}: ${formatShape(values)} are not whole numbers`);
  }
  return constant({ dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
}

/** The numbers in an int64 constant. */
export function readInt64s(value: Value): number[] {
  if (!(value.node.data instanceof BigInt64Array)) throw new GraphError('expected an int64 constant');
  return Array.from(value.node.data, Number);
}

/** The shape rule of a reduction over the axes of its second input. */
export function inferReduce(op: string): OpRule['infer'] {
  return (inputs, attributes) => {
    const [x, axes] = pair(op, inputs);
    expectType(op, x, signedTypes);
    const gone = new Set(readInt64s(axes).map((axis) => axisOf(x.shape, axis, op)));
    const keep = attributes['keepdims'] === 1;
    const shape = x.shape.flatMap((length, axis) => (gone.has(axis) ? (keep ? [1] : []) : [length]));
    return [{ dtype: x.dtype, shape }];
  };
}

/** The gradient of a reduction, spread over the axes it took away. */
export function unreduce(node: { inputs: readonly Value[] }, dy: Value, op: string): Value {
  const [x, axes] = pair(op, node.inputs);
  const gone = new Set(readInt64s(axes).map((axis) => axisOf(x.shape, axis, op)));
  const kept = x.shape.map((length, axis) => (gone.has(axis) ? 1 : length));
  return expand(reshape(dy, kept), x.shape);
}

const sumRule: OpRule = {
  op: 'ReduceSum',
  infer: inferReduce('ReduceSum'),
  gradient: (node, [dy]) => [dy ? unreduce(node, dy, 'ReduceSum') : null, null],
};
const maxRule: OpRule = { op: 'ReduceMax', infer: inferReduce('ReduceMax') };
const minRule: OpRule = { op: 'ReduceMin', infer: inferReduce('ReduceMin') };

const keepdims = (keep: boolean): Attributes => ({ keepdims: keep ? 1 : 0 });

/** A reduction over axes, of a rule that takes them as an int64 vector. */
export const reduction = (rule: OpRule) => {
  return (x: Value, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Value => {
    // ONNX takes an empty list of axes for all of them; here it is none, as everywhere else.
    const over = axes.length === 0 ? [] : [int64s(rule.op, axes)];
    return over.length === 0 ? x : apply1(rule, [x, ...over], keepdims(keep));
  };
};
/** Sum over axes (all by default). */
export const reduceSum = reduction(sumRule);
/** Largest over axes; not differentiable. */
export const reduceMax = reduction(maxRule);
/** Smallest over axes; not differentiable. */
export const reduceMin = reduction(minRule);

function inferArg(op: string): OpRule['infer'] {
  return (inputs, attributes) => {
    const x = single(op, inputs, signedTypes);
    const axis = axisOf(x.shape, Number(attributes['axis']), op);
    return [{ dtype: 'int64', shape: x.shape.filter((_, at) => at !== axis) }];
  };
}
const argMaxRule: OpRule = { op: 'ArgMax', infer: inferArg('ArgMax') };
const argMinRule: OpRule = { op: 'ArgMin', infer: inferArg('ArgMin') };

/** Index of the largest element along an axis, the first of equals; int64. */
export const argMax = (x: Value, axis: number): Value => apply1(argMaxRule, [x], { axis, keepdims: 0 });
/** Index of the smallest element along an axis, the first of equals; int64. */
export const argMin = (x: Value, axis: number): Value => apply1(argMinRule, [x], { axis, keepdims: 0 });

const cumSumRule: OpRule = {
  op: 'CumSum',
  infer(inputs) {
    const [x] = pair('CumSum', inputs);
    expectType('CumSum', x, signedTypes);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
};
/** Running sum along an axis; not differentiable. */
export function cumSum(x: Value, axis: number): Value {
  const positive = BigInt(axisOf(x.shape, axis, 'CumSum'));
  const at = constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(positive) });
  return apply1(cumSumRule, [x, at]);
}

const expandRule: OpRule = {
  op: 'Expand',
  infer(inputs) {
    const [x, to] = pair('Expand', inputs);
    const shape = readInt64s(to);
    const together = broadcastShapes(x.shape, shape);
    if (together === null || !sameShape(together, shape)) {
      throw new GraphError(`Expand: ${formatShape(x.shape)} cannot be spread to ${formatShape(shape)}`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient(node, [dy]) {
    const [x] = pair('Expand', node.inputs);
    return [dy ? sumTo(dy, x.shape) : null, null];
  },
};

/** Repeats axes of length 1 until the shape is `shape`. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : apply1(expandRule, [x, int64s('Expand', shape)]);
}

const reshapeRule: OpRule = {
  op: 'Reshape',
  infer(inputs) {
    const [x, to] = pair('Reshape', inputs);
    const shape = readInt64s(to);
    return [{ dtype: x.dtype, shape }];
  },
  gradient(node, [dy]) {
    const [x] = pair('Reshape', node.inputs);
    return [dy ? reshape(dy, x.shape) : null, null];
  },
};

/** The same elements under another shape; one length may be −1. */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const filled = shape.map((length) => (length === -1 ? sizeOf(x.shape) / known : length));
  const whole = filled.every((length) => Number.isInteger(length) && length >= 0);
  if (!whole || sizeOf(filled) !== sizeOf(x.shape)) {
    throw new GraphError(`Reshape: ${formatShape(x.shape)} does not fill ${formatShape(shape)}`);
  }
  return sameShape(x.shape, filled)
    ? x
    : apply1(reshapeRule, [x, int64s('Reshape', filled)], { allowzero: 1 });
}

/** Sums a broadcast result back to the shape of the operand it came from. */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((length, axis) =>
    axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : [],
  );
  return reshape(reduceSum(x, axes, true), shape);
}
