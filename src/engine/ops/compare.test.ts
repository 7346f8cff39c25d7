import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, input, scalar } from '../graph.js';
import { gradients } from '../gradients.js';
import { type DType, GraphError, broadcastShapes } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, randomIndices, tabulate, toTensor } from '../testing/float64.js';
import { broadcasting, seeds, shapes, spreadingTo } from '../testing/shapes.js';
import { mul } from './elementwise.js';
import { and, equal, greater, less, where } from './compare.js';
import { reduceSum } from './reduce.js';

const comparisons = [
  { op: 'Equal', build: equal, of: (a: number, b: number) => a === b },
  { op: 'Less', build: less, of: (a: number, b: number) => a < b },
  { op: 'Greater', build: greater, of: (a: number, b: number) => a > b },
];

const spread =
  (of: (a: number, b: number) => boolean) =>
  (a: Array64, b: Array64): Array64 =>
    tabulate(broadcastShapes(a.shape, b.shape) ?? [], (index) => Number(of(pick(a, index), pick(b, index))));

onDevice(() => {
  it.each(comparisons)('$op compares, spread, in every type', async ({ build, of }) => {
    const types = fc.constantFrom<DType[]>('float32', 'int32', 'int64', 'uint32');
    await fc.assert(
      fc.asyncProperty(broadcasting, types, seeds, ([left, right], dtype, seed) =>
        expectAgreement(runtime, {
          // Three different elements, so that equals are common.
          inputs: [
            toTensor(randomIndices(left, seed, 3), dtype),
            toTensor(randomIndices(right, seed + 1, 3), dtype),
          ],
          build,
          reference: spread(of),
          differentiable: false,
          tolerance: 0,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('takes numbers, and whole numbers beyond float32', async () => {
    await expectAgreement(runtime, {
      inputs: [{ shape: [3], data: Float64Array.of(-1, 0.5, 2) }],
      build: (x) => [less(x, 0.5), less(0.5, x), greater(x, 0.5), equal(x, 0.5)],
      reference: ({ data }) =>
        [
          (x: number) => x < 0.5,
          (x: number) => 0.5 < x,
          (x: number) => x > 0.5,
          (x: number) => x === 0.5,
        ].map((of) => ({
          shape: [3],
          data: data.map((x) => Number(of(x))),
        })),
      differentiable: false,
    });
    const [a, b] = [16777216, 16777217].map((n) => ({ shape: [], data: Float64Array.of(n) }));
    if (a === undefined || b === undefined) throw new Error('two numbers');
    for (const dtype of ['int32', 'uint32', 'int64'] as const) {
      await expectAgreement(runtime, {
        inputs: [toTensor(a, dtype), toTensor(b, dtype)],
        build: (x, y) => [less(x, y), equal(x, y)],
        reference: () => [tabulate([], () => 1), tabulate([], () => 0)],
        differentiable: false,
      });
    }
  });

  it('orders unsigned numbers as such', async () => {
    await expectAgreement(runtime, {
      inputs: [
        { dtype: 'uint32', shape: [2], data: Uint32Array.of(1, 4294967295) },
        { dtype: 'uint32', shape: [2], data: Uint32Array.of(2147483648, 2147483648) },
      ],
      build: (a, b) => [less(a, b), greater(a, b)],
      reference: (a, b) => [spread((x, y) => x < y)(a, b), spread((x, y) => x > y)(a, b)],
      differentiable: false,
    });
  });

  it('And holds where both do', async () => {
    await fc.assert(
      fc.asyncProperty(broadcasting, seeds, ([left, right], seed) =>
        expectAgreement(runtime, {
          inputs: [
            toTensor(randomIndices(left, seed, 2), 'bool'),
            toTensor(randomIndices(right, seed + 1, 2), 'bool'),
          ],
          build: and,
          reference: spread((a, b) => a === 1 && b === 1),
          differentiable: false,
          tolerance: 0,
        }),
      ),
      { numRuns: runs },
    );
  });

  describe('Where', () => {
    const choose = (condition: Array64, a: Array64, b: Array64): Array64 => {
      const values = broadcastShapes(a.shape, b.shape) ?? [];
      return tabulate(broadcastShapes(condition.shape, values) ?? [], (index) =>
        pick(pick(condition, index) === 1 ? a : b, index),
      );
    };

    it('agrees with float64 in value and gradient, whichever of the three is spread', async () => {
      const three = shapes().chain((to) => fc.tuple(spreadingTo(to), spreadingTo(to), spreadingTo(to)));
      await fc.assert(
        fc.asyncProperty(three, seeds, ([condition, a, b], seed) =>
          expectAgreement(runtime, {
            inputs: [
              toTensor(randomIndices(condition, seed, 2), 'bool'),
              random(a, seed + 1),
              random(b, seed + 2),
            ],
            build: where,
            reference: choose,
          }),
        ),
        { numRuns: runs },
      );
    });

    it('takes numbers for what it chooses from', async () => {
      const condition = toTensor(randomIndices([3, 4], 5, 2), 'bool');
      await expectAgreement(runtime, {
        inputs: [condition, random([4], 1)],
        build: (c, x) => [where(c, x, -1e9), where(c, 0.5, x)],
        reference: (c, x) => [
          choose(
            c,
            x,
            tabulate([], () => -1e9),
          ),
          choose(
            c,
            tabulate([], () => 0.5),
            x,
          ),
        ],
        // A hidden score of −10⁹ makes the loss too coarse for differences.
        differentiable: false,
      });
      await expectAgreement(runtime, {
        inputs: [condition, random([4], 1)],
        build: (c, x) => [where(c, x, -1), where(c, 0.5, x)],
        reference: (c, x) => [
          choose(
            c,
            x,
            tabulate([], () => -1),
          ),
          choose(
            c,
            tabulate([], () => 0.5),
            x,
          ),
        ],
      });
    });

    it.each(['int32', 'int64'] as const)('chooses between %s', async (dtype) => {
      await expectAgreement(runtime, {
        inputs: [
          toTensor(randomIndices([4], 1, 2), 'bool'),
          toTensor(randomIndices([4], 2, 100), dtype),
          toTensor(randomIndices([2, 1], 3, 100), dtype),
        ],
        build: where,
        reference: choose,
        differentiable: false,
        tolerance: 0,
      });
    });
  });

  it('has a slope only through what is chosen, not through the choice', async () => {
    // max(x, x²) by comparison.
    await expectAgreement(runtime, {
      inputs: [{ shape: [4], data: Float64Array.of(-2, 0.5, 0.75, 3) }],
      build: (x) => where(greater(x, mul(x, x)), x, mul(x, x)),
      reference: ({ shape, data }) => ({ shape, data: data.map((x) => Math.max(x, x * x)) }),
    });
  });
});

describe('shape rules', () => {
  const value = (dtype: DType, ...shape: number[]): Value => input(dtype, dtype, shape);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it.each([...comparisons, { op: 'And', build: and }])(
    '$op names itself and both operands',
    ({ op, build }) => {
      const dtype = op === 'And' ? 'bool' : 'int32';
      refused(
        () => build(value(dtype, 2, 3), value(dtype, 2)),
        `${op}: ${dtype}[2, 3] and ${dtype}[2] do not go together`,
      );
      refused(
        () => build(value('int64', 2), value('float32', 2)),
        `${op}: int64[2] and float32[2] do not go together`,
      );
    },
  );

  it('orders numbers alone, and joins conditions alone', () => {
    const [yes, number] = [value('bool', 2), value('float32', 2)];
    refused(() => less(yes, yes), 'Less: needs float32, int32, int64, uint32, got bool[2]');
    refused(() => greater(yes, yes), 'Greater: needs float32, int32, int64, uint32, got bool[2]');
    refused(() => and(number, number), 'And: needs bool, got float32[2]');
    expect(equal(yes, yes)).toMatchObject({ dtype: 'bool', shape: [2] });
  });

  it('Where names the condition and both choices', () => {
    const condition = value('bool', 2);
    refused(
      () => where(value('float32', 2), 1, 0),
      'Where: float32[2] cannot choose between float32[] and float32[]',
    );
    refused(
      () => where(condition, value('int32', 2), 0),
      'Where: bool[2] cannot choose between int32[2] and float32[]',
    );
    refused(
      () => where(condition, value('float32', 3), scalar(0)),
      'Where: bool[2] cannot choose between float32[3] and float32[]',
    );
    refused(() => where(condition, condition, condition), 'Where: needs float32, int32, int64, got bool[2]');
  });

  it('a loss does not rest on what is only compared', () => {
    const x = value('float32', 2);
    const loss = reduceSum(where(less(x, 0), 1, 0));
    expect(() => gradients(loss, [x])).toThrow('gradients: the loss does not rest on "float32" [2]');
  });
});
