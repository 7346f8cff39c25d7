/**
 * Rows by number: embedding look-ups, one-hot rows and the scatter that undoes a look-up.
 * @module
 */
import { type OpRule, type Value, apply1, constant } from '../graph.js';
import { GraphError, axisOf, expectType, formatShape, indexTypes, sizeOf } from '../shape.js';
import { pair } from './operands.js';
import { cast } from './layout.js';
import { gemm } from './matmul.js';
import { reshape } from './reduce.js';

/**
 * Largest vocabulary whose gradient is a product with one-hot rows. A product runs on every provider
 * and in parallel; beyond this its zeros cost more than a scatter (which runs on one thread).
 */
const oneHotLimit = 512;

const gatherRule: OpRule = {
  op: 'Gather',
  infer(inputs, attributes) {
    const [table, ids] = pair('Gather', inputs);
    const axis = axisOf(table.shape, Number(attributes['axis']), 'Gather');
    expectType('Gather', ids, indexTypes);
    const shape = [...table.shape.slice(0, axis), ...ids.shape, ...table.shape.slice(axis + 1)];
    return [{ dtype: table.dtype, shape }];
  },
  gradient(node, [dy]) {
    const [table, ids] = pair('Gather', node.inputs);
    if (!dy) return [null, null];
    const [rows, ...rest] = table.shape;
    const axis = axisOf(table.shape, Number(node.attributes['axis']), 'Gather');
    if (axis !== 0 || rows === undefined) {
      throw new GraphError(
        `Gather: only look-ups along axis 0 can be differentiated, not along ${axis} of ${formatShape(table.shape)}`,
      );
    }
    const count = sizeOf(ids.shape);
    const width = sizeOf(rest);
    const flatIds = reshape(ids, [count]);
    const flat = reshape(dy, [count, width]);
    const summed =
      rows <= oneHotLimit
        ? gemm(oneHot(flatIds, rows), flat, null, { transA: true })
        : scatterAdd(rows, flatIds, flat);
    return [reshape(summed, table.shape), null];
  },
};
/** Slices of `table` by number along an axis: `[…before, …ids, …after]`. */
export const gather = (table: Value, ids: Value, axis = 0): Value =>
  apply1(gatherRule, [table, ids], { axis });

const oneHotRule: OpRule = {
  op: 'OneHot',
  infer([ids, depth, values]) {
    if (!ids || !depth || !values) throw new GraphError('OneHot: takes 3 inputs');
    expectType('OneHot', ids, indexTypes);
    const length = depth.node.data === null ? undefined : Number(depth.node.data[0]);
    if (length === undefined) throw new GraphError('OneHot: depth must be a constant');
    return [{ dtype: values.dtype, shape: [...ids.shape, length] }];
  },
};
/** For each id a row of `depth` with a 1 at it: `[…ids, depth]`, float32. */
export function oneHot(ids: Value, depth: number): Value {
  if (!Number.isInteger(depth) || depth < 1) {
    throw new GraphError(`OneHot: the depth must be a whole number from 1, got ${depth}`);
  }
  // ONNX has it for a list of ids alone.
  if (ids.shape.length === 0) return reshape(oneHot(reshape(ids, [1]), depth), [depth]);
  // ONNX Runtime has kernels only for a depth of the ids' own type.
  const length = constant(
    ids.dtype === 'int32'
      ? { dtype: 'int32', shape: [1], data: Int32Array.of(depth) }
      : { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(depth)) },
  );
  const values = constant({ dtype: 'float32', shape: [2], data: Float32Array.of(0, 1) });
  return apply1(oneHotRule, [ids, length, values], { axis: -1 });
}

const scatterRule: OpRule = {
  op: 'ScatterND',
  infer([zeros, ids, updates]) {
    if (!zeros || !ids || !updates) throw new GraphError('ScatterND: takes 3 inputs');
    return [{ dtype: zeros.dtype, shape: zeros.shape }];
  },
};
/** Adds rows `[count, width]` into a zero table `[rows, width]` at the given row numbers `[count]`. */
export function scatterAdd(rows: number, ids: Value, updates: Value): Value {
  const [count, width] = updates.shape;
  expectType('ScatterND', ids, indexTypes);
  expectType('ScatterND', updates, ['float32']);
  if (
    count === undefined ||
    width === undefined ||
    updates.shape.length !== 2 ||
    sizeOf(ids.shape) !== count
  ) {
    throw new GraphError(
      `ScatterND: ids ${formatShape(ids.shape)} do not number the rows of ${formatShape(updates.shape)}`,
    );
  }
  const shape = [rows, width];
  const zeros = constant({ dtype: 'float32', shape, data: new Float32Array(rows * width) });
  return apply1(scatterRule, [zeros, reshape(cast(ids, 'int64'), [count, 1]), updates], { reduction: 'add' });
}

const gatherElementsRule: OpRule = {
  op: 'GatherElements',
  infer(inputs, attributes) {
    const [x, ids] = pair('GatherElements', inputs);
    const axis = axisOf(x.shape, Number(attributes['axis']), 'GatherElements');
    expectType('GatherElements', ids, indexTypes);
    const fits = ids.shape.every((length, at) => at === axis || length <= (x.shape[at] ?? 0));
    if (x.shape.length !== ids.shape.length || !fits) {
      throw new GraphError(
        `GatherElements: ${formatShape(ids.shape)} does not pick from ${formatShape(x.shape)}`,
      );
    }
    return [{ dtype: x.dtype, shape: ids.shape }];
  },
};
/** One element a row: `x[i, …, ids[i, …]]` along an axis; not differentiable. */
export const gatherElements = (x: Value, ids: Value, axis: number): Value =>
  apply1(gatherElementsRule, [x, ids], { axis });
