/**
 * Moving elements about without computing: transposing, cutting, joining, changing type.
 * @module
 */
import { type OpRule, type Value, apply, apply1, constant, first } from '../graph.js';
import { type DType, GraphError, axisOf, formatShape, sameShape, sizeOf } from '../shape.js';
import { single } from './operands.js';
import { int64s, readInt64s } from './reduce.js';

const permOf = (attributes: Readonly<Record<string, unknown>>): readonly number[] => {
  const perm = attributes['perm'];
  return Array.isArray(perm) ? perm.map(Number) : [];
};

const transposeRule: OpRule = {
  op: 'Transpose',
  infer(inputs, attributes) {
    const x = single('Transpose', inputs, null);
    const perm = permOf(attributes);
    if ([...perm].sort((a, b) => a - b).some((axis, at) => axis !== at) || perm.length !== x.shape.length) {
      throw new GraphError(
        `Transpose: ${formatShape(perm)} does not order the axes of ${formatShape(x.shape)}`,
      );
    }
    return [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis] ?? 0) }];
  },
  gradient(node, [dy]) {
    const perm = permOf(node.attributes);
    return [
      dy
        ? transpose(
            dy,
            perm.map((_, axis) => perm.indexOf(axis)),
          )
        : null,
    ];
  },
};
/** The axes in another order. */
export const transpose = (x: Value, perm: readonly number[]): Value => apply1(transposeRule, [x], { perm });

const concatRule: OpRule = {
  op: 'Concat',
  infer(inputs, attributes) {
    const [head] = inputs;
    if (head === undefined) throw new GraphError('Concat: takes at least 1 input');
    const axis = axisOf(head.shape, Number(attributes['axis']), 'Concat');
    let length = 0;
    for (const x of inputs) {
      const fits = x.shape.length === head.shape.length && x.dtype === head.dtype;
      if (!fits || x.shape.some((n, at) => at !== axis && n !== head.shape[at])) {
        throw new GraphError(
          `Concat: ${x.dtype}${formatShape(x.shape)} does not join ${head.dtype}${formatShape(head.shape)} along axis ${axis}`,
        );
      }
      length += x.shape[axis] ?? 0;
    }
    return [{ dtype: head.dtype, shape: head.shape.map((n, at) => (at === axis ? length : n)) }];
  },
  gradient(node, [dy]) {
    if (!dy) return node.inputs.map(() => null);
    const axis = Number(node.attributes['axis']);
    let at = 0;
    return node.inputs.map((x) => {
      const start = at;
      at += x.shape[axisOf(x.shape, axis, 'Concat')] ?? 0;
      return slice(dy, axis, start, at);
    });
  },
};
/** Values one after another along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  return values.length === 1 ? first(values) : apply1(concatRule, values, { axis });
}

const sliceRule: OpRule = {
  op: 'Slice',
  infer([x, starts, ends, axes]) {
    if (!x || !starts || !ends || !axes) throw new GraphError('Slice: takes 4 inputs');
    const axis = axisOf(x.shape, first(readInt64s(axes)), 'Slice');
    const [start, end] = [first(readInt64s(starts)), first(readInt64s(ends))];
    const length = x.shape[axis] ?? 0;
    if (start < 0 || end > length || start > end) {
      throw new GraphError(`Slice: ${start}…${end} is outside axis ${axis} of ${formatShape(x.shape)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape.map((n, at) => (at === axis ? end - start : n)) }];
  },
  gradient(node, [dy]) {
    const [x, starts, ends, axes] = node.inputs;
    if (!dy || !x || !starts || !ends || !axes) return [null, null, null, null];
    const axis = axisOf(x.shape, first(readInt64s(axes)), 'Slice');
    const [start, end] = [first(readInt64s(starts)), first(readInt64s(ends))];
    const zeros = (length: number): Value[] => {
      if (length === 0) return [];
      const shape = x.shape.map((n, at) => (at === axis ? length : n));
      return [constant({ dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)) })];
    };
    return [concat([...zeros(start), dy, ...zeros((x.shape[axis] ?? 0) - end)], axis), null, null, null];
  },
};
/** The part `start … end` (end not included) of an axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const at = axisOf(x.shape, axis, 'Slice');
  if (start === 0 && end === x.shape[at]) return x;
  return apply1(sliceRule, [x, int64s('Slice', [start]), int64s('Slice', [end]), int64s('Slice', [at])]);
}

const splitRule: OpRule = {
  op: 'Split',
  infer([x, lengths], attributes) {
    if (!x || !lengths) throw new GraphError('Split: takes 2 inputs');
    const axis = axisOf(x.shape, Number(attributes['axis']), 'Split');
    const parts = readInt64s(lengths);
    if (parts.reduce((sum, n) => sum + n, 0) !== x.shape[axis]) {
      throw new GraphError(
        `Split: parts ${formatShape(parts)} do not fill axis ${axis} of ${formatShape(x.shape)}`,
      );
    }
    return parts.map((length) => ({
      dtype: x.dtype,
      shape: x.shape.map((n, at) => (at === axis ? length : n)),
    }));
  },
  gradient(node, upstream) {
    const axis = Number(node.attributes['axis']);
    const parts = node.outputs.map(
      (y, index) =>
        upstream[index] ??
        constant({ dtype: 'float32', shape: y.shape, data: new Float32Array(sizeOf(y.shape)) }),
    );
    return [concat(parts, axis), null];
  },
};
/** Cuts an axis into parts of the given lengths. */
export function split(x: Value, axis: number, lengths: readonly number[]): readonly Value[] {
  if (sameShape(lengths, [x.shape[axisOf(x.shape, axis, 'Split')] ?? 0])) return [x];
  return apply(splitRule, [x, int64s('Split', lengths)], { axis });
}

/** ONNX's numbers for element types (TensorProto.DataType). */
export const onnxTypes: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  uint32: 12,
};

const castRule: OpRule = {
  op: 'Cast',
  infer(inputs, attributes) {
    const x = single('Cast', inputs, null);
    const dtype = (Object.keys(onnxTypes) as DType[]).find((name) => onnxTypes[name] === attributes['to']);
    if (dtype === undefined) throw new GraphError(`Cast: unknown type ${String(attributes['to'])}`);
    return [{ dtype, shape: x.shape }];
  },
  gradient: () => [null],
};
/** The elements as another type; gradients do not pass. */
export const cast = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : apply1(castRule, [x], { to: onnxTypes[dtype] });
