/**
 * Whether an operator does what its definition says: its values against a reference in float64, its gradient
 * against central finite differences of that same reference. Differences of a float64 function are exact to ten
 * digits, so that float32 is the only error left to allow for.
 * @module
 */
import { expect } from 'vitest';
import { type Tensor, type Value, constant, graph, input, scalar } from '../graph.js';
import { gradients } from '../gradients.js';
import { add, mul } from '../ops/elementwise.js';
import { reduceSum } from '../ops/reduce.js';
import { type Runtime, outputOf } from '../runtime/runtime.js';
import { type Array64, fromTensor, random, toTensor } from './float64.js';

/** An operator, what it is applied to, and what it should give. */
export interface Claim {
  /** Arrays are fed as float32 and differentiated; tensors (indices, conditions) are fed as they are. */
  readonly inputs: readonly (Array64 | Tensor)[];
  build(...values: readonly Value[]): Value | readonly Value[];
  /** The same from the definition, in float64. */
  reference(...inputs: readonly Array64[]): Array64 | readonly Array64[];
  /** Whether the gradient is compared too; yes unless given. */
  readonly differentiable?: boolean;
  /** Largest difference over the largest magnitude; 1e-5 unless given. */
  readonly tolerance?: number;
}

/** Element `at` of a list that the reader has counted. */
export function element<T>(list: ArrayLike<T>, at: number): T {
  const found = list[at];
  if (found === undefined) throw new RangeError(`element ${at} of ${list.length}`);
  return found;
}

/** Expects numbers to be near others: within `tolerance` of the largest of them, or of 1. */
export function expectClose(
  got: ArrayLike<number | bigint>,
  want: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(got.length, `${what}: number of elements`).toBe(want.length);
  let scale = 1;
  for (let i = 0; i < want.length; i++) {
    const size = Math.abs(element(want, i));
    if (Number.isFinite(size)) scale = Math.max(scale, size);
  }
  for (let i = 0; i < want.length; i++) {
    const [x, y] = [Number(element(got, i)), element(want, i)];
    const same = Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * scale;
    if (!same) expect.fail(`${what}, element ${i}: ${x} where ${y} is right (${tolerance * scale} allowed)`);
  }
}

/** d(loss)/d(x) for each array, by central differences. */
export function finiteDifferences(
  loss: (...inputs: readonly Array64[]) => number,
  inputs: readonly Array64[],
  step = 1e-5,
): Float64Array[] {
  return inputs.map((x, which) =>
    x.data.map((value, at) => {
      const [above, below] = [value + step, value - step].map((moved) => {
        const data = x.data.slice();
        data[at] = moved;
        return loss(...inputs.map((other, i) => (i === which ? { shape: x.shape, data } : other)));
      });
      return ((above ?? NaN) - (below ?? NaN)) / (2 * step);
    }),
  );
}

const listOf = <T>(one: T | readonly T[]): readonly T[] =>
  Array.isArray(one) ? (one as readonly T[]) : [one as T];

/** Expects an operator to agree with its reference on a runtime, in values and, unless `differentiable` is false, in gradient. */
export async function expectAgreement(runtime: Runtime, claim: Claim): Promise<void> {
  const { differentiable = true, tolerance = 1e-5 } = claim;
  const tensors = claim.inputs.map((x) => ('dtype' in x ? x : toTensor(x)));
  const arrays = tensors.map(fromTensor);
  const values = tensors.map(({ dtype, shape }, i) => input(`x${i}`, dtype, shape));
  const got = listOf(claim.build(...values));
  const want = listOf(claim.reference(...arrays));
  expect(got.map(({ shape }) => shape)).toEqual(want.map(({ shape }) => shape));

  // Any loss will do that gives each element a weight of its own.
  const weights = want.map(({ shape }, i) => random(shape, 77 + i));
  const floats = values.filter((_, i) => !('dtype' in element(claim.inputs, i)));
  const outputs: Record<string, Value> = {};
  got.forEach((value, i) => (outputs[`y${i}`] = value));
  if (differentiable) {
    const loss = got
      .map((value, i) => reduceSum(mul(value, constant(toTensor(element(weights, i))))))
      .reduce((sum, part) => add(sum, part), scalar(0));
    gradients(loss, floats).forEach((slope, i) => (outputs[`d${i}`] = slope));
  }

  const built = graph(outputs);
  const executable = await runtime.compile(built);
  const feeds = Object.fromEntries(
    built.inputs.map(({ node: { name } }) => [name, element(tensors, Number(name.slice(1)))]),
  );
  const results = await executable.run(feeds);
  await executable.dispose();
  want.forEach(({ shape, data }, i) => {
    const result = outputOf(results, `y${i}`);
    expect(result.shape).toEqual(shape);
    expectClose(result.data, data, tolerance, `output ${i}`);
  });
  if (!differentiable) return;

  const lossOf = (...moved: readonly Array64[]): number => {
    let next = 0;
    const all = claim.inputs.map((x, i) => ('dtype' in x ? element(arrays, i) : element(moved, next++)));
    let sum = 0;
    listOf(claim.reference(...all)).forEach(({ data }, i) => {
      data.forEach((value, at) => (sum += value * element(element(weights, i).data, at)));
    });
    return sum;
  };
  const free = claim.inputs.flatMap((x) => ('dtype' in x ? [] : [x]));
  finiteDifferences(lossOf, free).forEach((slope, i) => {
    const result = outputOf(results, `d${i}`);
    expect(result.shape).toEqual(element(free, i).shape);
    expectClose(result.data, slope, tolerance, `gradient ${i}`);
  });
}
