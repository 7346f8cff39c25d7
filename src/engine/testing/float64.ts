/**
 * Arrays in float64, element by element, for references written out from the definition of an operator.
 * @module
 */
import { type Tensor, arrayFor } from '../graph.js';
import { type DType, type Shape, sizeOf } from '../shape.js';

/** Elements in row-major order, as exact as JavaScript has them. */
export interface Array64 {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** The array whose element at each index is what the function gives for it. */
export function tabulate(shape: Shape, elementAt: (index: readonly number[]) => number): Array64 {
  const data = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = elementAt(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (index[axis] !== 0) break;
    }
  }
  return { shape, data };
}

/** The element at an index; axes of length 1 repeat and missing leading ones are passed over, as in broadcasting. */
export function pick({ shape, data }: Array64, index: readonly number[]): number {
  const lead = index.length - shape.length;
  let flat = 0;
  shape.forEach((length, axis) => {
    const at = length === 1 ? 0 : (index[axis + lead] ?? NaN);
    flat = at < length ? flat * length + at : NaN;
  });
  const element = data[flat];
  if (element === undefined) throw new RangeError(`no element [${index.join()}] in [${shape.join()}]`);
  return element;
}

/** The sum of a function over 0 … count − 1. */
export function sumOver(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

/** Pseudo-random numbers in 0 … 1, the same for the same seed: mulberry32 (Ettinger, public domain). */
export function numbersFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random elements between two bounds, each a float32 exactly, so that a graph is fed what a reference sees. */
export function random(shape: Shape, seed: number, low = -2, high = 2): Array64 {
  const next = numbersFrom(seed);
  return tabulate(shape, () => Math.fround(low + (high - low) * next()));
}

/** Random whole numbers from 0 to below a limit. */
export function randomIndices(shape: Shape, seed: number, limit: number): Array64 {
  const next = numbersFrom(seed);
  return tabulate(shape, () => Math.floor(limit * next()));
}

/** The same elements in another type, for feeding. */
export function toTensor({ shape, data }: Array64, dtype: DType = 'float32'): Tensor {
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(Array.from(data, BigInt)) };
  return { dtype, shape, data: arrayFor(dtype).from(data) };
}

/** The elements of a tensor as float64. */
export const fromTensor = ({ shape, data }: Tensor): Array64 => ({
  shape,
  data: Float64Array.from(data as Iterable<number | bigint>, Number),
});
