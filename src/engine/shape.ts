/**
 * Element types, shapes and the error that a wrong one raises while a graph is built.
 * All shapes are static: a graph is built for the question that is asked, batch size included.
 * @module
 */

/** Element types the engine carries, named as ONNX Runtime's JavaScript bindings name them. */
export type DType = 'float32' | 'int32' | 'int64' | 'uint32' | 'bool';

/** Lengths of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** A wrong shape, type or name found while a graph is built, differentiated or fed. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** `[2, 3]` as people read it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Types that can be computed with. */
export const numericTypes: readonly DType[] = ['float32', 'int32', 'int64', 'uint32'];
/** Types for operators that ONNX Runtime has no kernel of uint32 for. */
export const signedTypes: readonly DType[] = ['float32', 'int32', 'int64'];
/** Types that elements are numbered with. */
export const indexTypes: readonly DType[] = ['int32', 'int64'];

/** @throws GraphError unless the operator takes a value of this type. */
export function expectType(
  op: string,
  { dtype, shape }: { readonly dtype: DType; readonly shape: Shape },
  accepted: readonly DType[],
): void {
  if (!accepted.includes(dtype)) {
    throw new GraphError(`${op}: needs ${accepted.join(', ')}, got ${dtype}${formatShape(shape)}`);
  }
}

/** @throws GraphError unless every length is a whole number from 0. */
export function expectLengths(what: string, shape: Shape): void {
  if (shape.some((length) => !Number.isInteger(length) || length < 0)) {
    throw new GraphError(`${what}: ${formatShape(shape)} is no shape`);
  }
}

/** Whether two shapes are equal axis by axis. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/**
 * The shape two operands have together under NumPy's broadcasting, or null where they do not fit.
 * @example broadcastShapes([4, 1, 3], [2, 1]) // [4, 2, 3]
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[a.length - rank + axis] ?? 1;
    const y = b[b.length - rank + axis] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/**
 * An axis counted from the front, given one that may be negative.
 * @throws GraphError when the shape has no such axis.
 */
export function axisOf(shape: Shape, axis: number, op: string): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(positive) || positive < 0 || positive >= shape.length) {
    throw new GraphError(`${op}: axis ${axis} does not exist in shape ${formatShape(shape)}`);
  }
  return positive;
}
