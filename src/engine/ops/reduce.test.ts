import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, graph, input } from '../graph.js';
import { gradients } from '../gradients.js';
import { outputOf } from '../runtime/runtime.js';
import { type DType, type Shape, GraphError, sizeOf } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, randomIndices, tabulate, toTensor } from '../testing/float64.js';
import { lengths, seeds, shapes, spreadingTo, withAxis } from '../testing/shapes.js';
import {
  argMax,
  argMin,
  cumSum,
  expand,
  int64s,
  readInt64s,
  reduceMax,
  reduceMin,
  reduceSum,
  reshape,
  sumTo,
} from './reduce.js';
import { reduceMean } from './mean.js';

const reductions = [
  {
    op: 'ReduceSum',
    build: reduceSum,
    of: (list: number[]) => list.reduce((sum, x) => sum + x, 0),
    smooth: true,
  },
  {
    op: 'ReduceMean',
    build: reduceMean,
    of: (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length,
    smooth: true,
  },
  { op: 'ReduceMax', build: reduceMax, of: (list: number[]) => Math.max(...list), smooth: false },
  { op: 'ReduceMin', build: reduceMin, of: (list: number[]) => Math.min(...list), smooth: false },
];

/** What lies along the given axes at each place of the others. */
function reduced(
  x: Array64,
  axes: readonly number[],
  keep: boolean,
  of: (list: number[]) => number,
): Array64 {
  const gone = x.shape.map((_, axis) => axes.includes(axis) || axes.includes(axis - x.shape.length));
  const kept = x.shape.map((length, axis) => (gone[axis] ? 1 : length));
  const along = x.shape.map((length, axis) => (gone[axis] ? length : 1));
  const result = tabulate(kept, (place) => {
    const list: number[] = [];
    tabulate(along, (step) =>
      list.push(
        pick(
          x,
          place.map((at, axis) => at + (step[axis] ?? 0)),
        ),
      ),
    );
    return of(list);
  });
  return keep ? result : { ...result, shape: x.shape.filter((_, axis) => !gone[axis]) };
}

const axesOf = (shape: Shape): fc.Arbitrary<number[]> =>
  fc
    .tuple(fc.subarray(shape.map((_, axis) => axis)), fc.boolean())
    .map(([axes, back]) => (back ? axes.map((axis) => axis - shape.length) : axes));
const toReduce = shapes().chain((shape) => fc.tuple(fc.constant(shape), axesOf(shape), fc.boolean()));

onDevice(() => {
  describe.each(reductions)('$op', ({ build, of, smooth }) => {
    it('agrees with float64 over any axes, from either end, kept or not', async () => {
      await fc.assert(
        fc.asyncProperty(toReduce, seeds, ([shape, axes, keep], seed) =>
          expectAgreement(runtime, {
            inputs: [random(shape, seed)],
            build: (x) => build(x, axes, keep),
            reference: (x) => reduced(x, axes, keep, of),
            differentiable: smooth,
          }),
        ),
        { numRuns: runs },
      );
    });

    it('takes all axes where none are named, and none where the list is empty', async () => {
      const x = random([2, 1, 3], 4);
      await expectAgreement(runtime, {
        inputs: [x],
        build: (v) => [build(v), build(v, []), build(v, [], true)],
        reference: (v) => [reduced(v, [0, 1, 2], false, of), v, v],
        differentiable: false,
      });
    });

    it.each(['int32', 'int64'] as const)('takes %s', async (dtype) => {
      const x = tabulate([3, 4], ([i = 0, j = 0]) => (7 * i - 5 * j) * 4);
      await expectAgreement(runtime, {
        inputs: [toTensor(x, dtype)],
        build: (v) => build(v, [1]),
        reference: (v) => reduced(v, [1], false, (list) => Math.trunc(of(list))),
        differentiable: false,
        tolerance: 0,
      });
    });
  });

  it.each([
    ['ArgMax', argMax, Math.max],
    ['ArgMin', argMin, Math.min],
  ] as const)('%s gives the place of the extreme, the first of equals', async (_op, build, extreme) => {
    await fc.assert(
      fc.asyncProperty(withAxis(), seeds, ([shape, axis], seed) =>
        expectAgreement(runtime, {
          // Few different elements, so that equals are common.
          inputs: [randomIndices(shape, seed, 3)],
          build: (x) => build(x, axis),
          reference: (x) => reduced(x, [axis], false, (list) => list.indexOf(extreme(...list))),
          differentiable: false,
          tolerance: 0,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('CumSum adds up along an axis', async () => {
    await fc.assert(
      fc.asyncProperty(withAxis(), seeds, ([shape, axis], seed) =>
        expectAgreement(runtime, {
          inputs: [random(shape, seed)],
          build: (x) => cumSum(x, axis),
          reference: (x) => {
            const along = axis < 0 ? axis + shape.length : axis;
            return tabulate(shape, (index) => {
              let sum = 0;
              for (let i = 0; i <= (index[along] ?? 0); i++)
                sum += pick(
                  x,
                  index.map((at, a) => (a === along ? i : at)),
                );
              return sum;
            });
          },
          differentiable: false,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('Expand repeats, and its gradient sums the copies', async () => {
    const spreads = shapes().chain((to) => fc.tuple(spreadingTo(to), fc.constant(to)));
    await fc.assert(
      fc.asyncProperty(spreads, seeds, ([from, to], seed) =>
        expectAgreement(runtime, {
          inputs: [random(from, seed)],
          build: (x) => expand(x, to),
          reference: (x) => tabulate(to, (index) => pick(x, index)),
        }),
      ),
      { numRuns: runs },
    );
  });

  it('sumTo undoes broadcasting: each element gets the sum of its copies', async () => {
    const spreads = shapes().chain((from) => fc.tuple(fc.constant(from), spreadingTo(from)));
    await fc.assert(
      fc.asyncProperty(spreads, seeds, ([from, to], seed) =>
        expectAgreement(runtime, {
          inputs: [random(from, seed)],
          build: (x) => sumTo(x, to),
          reference: (x) => {
            const sums: Array64 = { shape: to, data: new Float64Array(sizeOf(to)) };
            const numbered = tabulate(to, () => 0);
            numbered.data.forEach((_, at) => (numbered.data[at] = at));
            tabulate(from, (index) => {
              const at = pick(numbered, index);
              sums.data[at] = (sums.data[at] ?? NaN) + pick(x, index);
              return 0;
            });
            return sums;
          },
        }),
      ),
      { numRuns: runs },
    );
  });

  it('Reshape keeps the order of the elements', async () => {
    const cuts = fc
      .array(lengths, { minLength: 1, maxLength: 4 })
      .chain((list) =>
        fc.tuple(
          fc.constant(list),
          fc.shuffledSubarray(list, { minLength: list.length }),
          fc.nat(list.length - 1),
        ),
      );
    await fc.assert(
      fc.asyncProperty(cuts, seeds, ([from, to, unknown], seed) =>
        expectAgreement(runtime, {
          inputs: [random(from, seed)],
          build: (x) => [
            reshape(x, to),
            reshape(x, [-1]),
            reshape(
              x,
              to.map((n, axis) => (axis === unknown ? -1 : n)),
            ),
          ],
          reference: ({ data }) => [
            { shape: to, data },
            { shape: [data.length], data },
            { shape: to, data },
          ],
        }),
      ),
      { numRuns: runs },
    );
  });

  it('gives zeros for the sum of nothing', async () => {
    await expectAgreement(runtime, {
      inputs: [random([2, 0, 3], 1)],
      build: (x) => [reduceSum(x, [1]), reduceSum(x), reshape(x, [0, 7])],
      reference: () => [tabulate([2, 3], () => 0), tabulate([], () => 0), tabulate([0, 7], () => 0)],
      differentiable: false,
    });
  });

  it('differentiates to the shape of what was reduced, where that is a scalar too', async () => {
    const x = input('x', 'float32', []);
    const [slope] = gradients(reduceMean(reduceSum(x)), [x]);
    const executable = await runtime.compile(graph({ slope: slope ?? x }));
    const outputs = await executable.run(
      executable.graph.inputs.length === 0
        ? {}
        : { x: { dtype: 'float32', shape: [], data: Float32Array.of(3) } },
    );
    expect([...outputOf(outputs, 'slope').data]).toEqual([1]);
  });
});

describe('shape rules', () => {
  const x = input('x', 'float32', [2, 6]);
  const refused = (build: () => Value, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it.each(reductions)('$op refuses axes and types that it does not have', ({ op, build }) => {
    refused(() => build(x, [2]), `${op}: axis 2 does not exist in shape [2, 6]`);
    refused(() => build(x, [0, -3]), `${op}: axis -3 does not exist in shape [2, 6]`);
    refused(() => build(x, [0.5]), `${op}: [0.5] are not whole numbers`);
    for (const dtype of ['bool', 'uint32'] satisfies DType[]) {
      refused(() => build(input('x', dtype, [2])), `${op}: needs float32, int32, int64, got ${dtype}[2]`);
    }
  });

  it.each([
    ['ArgMax', argMax],
    ['ArgMin', argMin],
    ['CumSum', cumSum],
  ] as const)('%s refuses axes and types that it does not have', (op, build) => {
    refused(() => build(x, 2), `${op}: axis 2 does not exist in shape [2, 6]`);
    refused(() => build(x, 0.5), `${op}: axis 0.5 does not exist in shape [2, 6]`);
    refused(() => build(input('x', 'bool', [2]), 0), `${op}: needs float32, int32, int64, got bool[2]`);
  });

  it('Expand refuses a shape that the operand does not spread to', () => {
    refused(() => expand(x, [2, 5]), 'Expand: [2, 6] cannot be spread to [2, 5]');
    refused(() => expand(x, [6]), 'Expand: [2, 6] cannot be spread to [6]');
    refused(() => expand(input('x', 'float32', [2, 1]), [2, 1.5]), 'Expand: [2, 1.5] are not whole numbers');
    refused(() => expand(input('x', 'float32', [1]), [-2]), 'Expand: [-2] is no shape');
  });

  it.each([[[5]], [[-1, 5]], [[-1, -1]], [[-2, -6]], [[2.5, 4.8]], [[0, -1]], [[]]])(
    'Reshape refuses %j for twelve elements',
    (shape) => {
      refused(() => reshape(x, shape), `Reshape: [2, 6] does not fill [${shape.join(', ')}]`);
    },
  );

  it('adds no node where nothing changes', () => {
    expect(reshape(x, [2, -1])).toBe(x);
    expect(expand(x, [2, 6])).toBe(x);
    expect(sumTo(x, [2, 6])).toBe(x);
  });

  it('reads back the whole numbers of a constant, of no other value', () => {
    expect(readInt64s(int64s('Test', [3, -1]))).toEqual([3, -1]);
    refused(() => int64s('Test', readInt64s(x)), 'expected an int64 constant');
  });
});
