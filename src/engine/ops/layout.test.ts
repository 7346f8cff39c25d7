import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, apply1, graph, input } from '../graph.js';
import { gradients } from '../gradients.js';
import { type DType, type Shape, GraphError } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, tabulate, toTensor } from '../testing/float64.js';
import { lengths, seeds, shapes, withAxis } from '../testing/shapes.js';
import { mul } from './elementwise.js';
import { cast, concat, slice, split, transpose } from './layout.js';
import { reduceSum } from './reduce.js';

const types = ['float32', 'int32', 'int64', 'uint32', 'bool'] as const;
const positive = (shape: Shape, axis: number): number => (axis < 0 ? axis + shape.length : axis);
const withLength = (shape: Shape, axis: number, length: number): Shape =>
  shape.map((n, at) => (at === axis ? length : n));

/** The part of an axis by the definition. */
const part = (x: Array64, axis: number, start: number, end: number): Array64 =>
  tabulate(withLength(x.shape, axis, end - start), (index) =>
    pick(
      x,
      index.map((at, a) => (a === axis && x.shape[a] !== 1 ? at + start : at)),
    ),
  );

onDevice(() => {
  it('Transpose orders the axes anew', async () => {
    const orders = shapes().chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray(
          shape.map((_, axis) => axis),
          { minLength: shape.length },
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(orders, seeds, ([shape, perm], seed) =>
        expectAgreement(runtime, {
          inputs: [random(shape, seed)],
          build: (x) => transpose(x, perm),
          reference: (x) =>
            tabulate(
              perm.map((axis) => shape[axis] ?? 0),
              (index) =>
                pick(
                  x,
                  shape.map((_, axis) => index[perm.indexOf(axis)] ?? 0),
                ),
            ),
        }),
      ),
      { numRuns: runs },
    );
  });

  it('Concat joins along any axis, and cuts its gradient apart', async () => {
    const joins = fc.tuple(withAxis(), fc.array(lengths, { minLength: 1, maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(joins, seeds, ([[shape, axis], parts], seed) => {
        const along = positive(shape, axis);
        return expectAgreement(runtime, {
          inputs: parts.map((length, i) => random(withLength(shape, along, length), seed + i)),
          build: (...values) => concat(values, axis),
          reference: (...arrays) =>
            tabulate(
              withLength(
                shape,
                along,
                parts.reduce((sum, n) => sum + n),
              ),
              (index) => {
                let at = index[along] ?? 0;
                const which = parts.findIndex((length) => at < length || ((at -= length), false));
                const from = arrays[which];
                return from === undefined
                  ? NaN
                  : pick(
                      from,
                      index.map((i, a) => (a === along ? at : i)),
                    );
              },
            ),
        });
      }),
      { numRuns: runs },
    );
  });

  it('Slice cuts a part out, and its gradient is zero outside it', async () => {
    const cuts = withAxis().chain(([shape, axis]) => {
      const length = shape[positive(shape, axis)] ?? 0;
      return fc.tuple(
        fc.constant(shape),
        fc.constant(axis),
        fc.tuple(fc.nat(length), fc.nat(length)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      );
    });
    await fc.assert(
      fc.asyncProperty(cuts, seeds, ([shape, axis, [start, end]], seed) =>
        expectAgreement(runtime, {
          inputs: [random(shape, seed)],
          build: (x) => slice(x, axis, start, end),
          reference: (x) => part(x, positive(shape, axis), start, end),
          // What an empty part rests on cannot be told from a loss.
          differentiable: start < end,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('Split cuts an axis into parts, and joins their gradients', async () => {
    const cuts = fc.tuple(withAxis(), fc.array(lengths, { minLength: 1, maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(cuts, seeds, ([[odd, axis], parts], seed) => {
        const along = positive(odd, axis);
        const shape = withLength(
          odd,
          along,
          parts.reduce((sum, n) => sum + n),
        );
        return expectAgreement(runtime, {
          inputs: [random(shape, seed)],
          build: (x) => split(x, axis, parts),
          reference: (x) => {
            let end = 0;
            return parts.map((length) => part(x, along, end, (end += length)));
          },
        });
      }),
      { numRuns: runs },
    );
  });

  it('Split gives zeros back for parts that the loss does not rest on', async () => {
    await expectAgreement(runtime, {
      inputs: [random([2, 6], 1)],
      build: (x) => split(x, 1, [1, 2, 3])[1] ?? x,
      reference: (x) => part(x, 1, 1, 3),
    });
  });

  it.each(types)('moves elements of type %s', async (dtype) => {
    const x = tabulate([2, 4], ([i = 0, j = 0]) => (i + j) % 2);
    await expectAgreement(runtime, {
      inputs: [toTensor(x, dtype)],
      build: (v) => [transpose(v, [1, 0]), concat([v, v], 0), slice(v, 1, 1, 3), ...split(v, 1, [1, 3])],
      reference: (v) => [
        tabulate([4, 2], ([j = 0, i = 0]) => pick(v, [i, j])),
        tabulate([4, 4], ([i = 0, j = 0]) => pick(v, [i % 2, j])),
        part(v, 1, 1, 3),
        part(v, 1, 0, 1),
        part(v, 1, 1, 4),
      ],
      differentiable: false,
      tolerance: 0,
    });
  });

  describe('Cast', () => {
    it.each(types.flatMap((from) => types.map((to) => [from, to] as const)))('%s to %s', async (from, to) => {
      const x: Array64 = {
        shape: [4],
        data: from === 'bool' ? Float64Array.of(0, 1, 1, 0) : Float64Array.of(0, 1, 7, 100),
      };
      await expectAgreement(runtime, {
        inputs: [toTensor(x, from)],
        build: (v) => cast(v, to),
        reference: (v) => ({ shape: [4], data: v.data.map((n) => (to === 'bool' ? Math.sign(n) : n)) }),
        differentiable: false,
        tolerance: 0,
      });
    });

    it('cuts fractions off, towards zero', async () => {
      await expectAgreement(runtime, {
        inputs: [{ shape: [4], data: Float64Array.of(-1.75, -0.5, 0.5, 2.75) }],
        build: (v) => [cast(v, 'int32'), cast(v, 'int64'), cast(v, 'bool')],
        reference: (v) => [
          { shape: [4], data: v.data.map(Math.trunc) },
          { shape: [4], data: v.data.map(Math.trunc) },
          { shape: [4], data: v.data.map(() => 1) },
        ],
        differentiable: false,
        tolerance: 0,
      });
    });

    it('lets no gradient pass', async () => {
      // x · round(x): what goes through the cast does not count.
      const x = input('x', 'float32', [3]);
      const rounded = cast(cast(x, 'int32'), 'float32');
      const [slope] = gradients(reduceSum(mul(x, rounded)), [x]);
      const executable = await runtime.compile(graph({ slope: slope ?? x }));
      const outputs = await executable.run({
        x: { dtype: 'float32', shape: [3], data: Float32Array.of(1.5, -2.5, 3) },
      });
      expect([...(outputs['slope']?.data ?? [])]).toEqual([1, -2, 3]);
      expect(() => gradients(reduceSum(rounded), [x])).toThrow('the loss does not rest on "x" [3]');
    });
  });

  it('joins and cuts what has no length', async () => {
    await expectAgreement(runtime, {
      inputs: [random([2, 0], 1), random([2, 3], 2)],
      build: (a, b) => [concat([a, b], 1), slice(b, 1, 2, 2), transpose(a, [1, 0])],
      reference: (a, b) => [b, part(b, 1, 2, 2), { shape: [0, 2], data: a.data }],
      differentiable: false,
    });
  });
});

describe('shape rules', () => {
  const x = input('x', 'float32', [2, 6]);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it.each([[[0]], [[0, 0]], [[0, 2]], [[1, 0, 2]], [[-1, 0]], [[0.5, 1]]])(
    'Transpose refuses the order %j',
    (perm) => {
      refused(() => transpose(x, perm), `Transpose: [${perm.join(', ')}] does not order the axes of [2, 6]`);
    },
  );

  it('Concat refuses what differs along another axis, in rank or in type', () => {
    const join = (dtype: DType, shape: Shape): Value => concat([x, input('y', dtype, shape)], 1);
    refused(() => join('float32', [3, 6]), 'Concat: float32[3, 6] does not join float32[2, 6] along axis 1');
    refused(
      () => join('float32', [2, 6, 1]),
      'Concat: float32[2, 6, 1] does not join float32[2, 6] along axis 1',
    );
    refused(() => join('int32', [2, 6]), 'Concat: int32[2, 6] does not join float32[2, 6] along axis 1');
    refused(() => concat([x, x], 2), 'Concat: axis 2 does not exist in shape [2, 6]');
    refused(() => concat([], 0), 'Concat: takes at least 1 input');
  });

  it('Slice stays within the axis', () => {
    refused(() => slice(x, 1, -1, 3), 'Slice: -1…3 is outside axis 1 of [2, 6]');
    refused(() => slice(x, 1, 2, 7), 'Slice: 2…7 is outside axis 1 of [2, 6]');
    refused(() => slice(x, -1, 3, 2), 'Slice: 3…2 is outside axis 1 of [2, 6]');
    refused(() => slice(x, 2, 0, 1), 'Slice: axis 2 does not exist in shape [2, 6]');
    refused(() => slice(x, 1, 0.5, 1), 'Slice: [0.5] are not whole numbers');
  });

  it('Split fills the axis with its parts', () => {
    refused(() => split(x, 1, [2, 3]), 'Split: parts [2, 3] do not fill axis 1 of [2, 6]');
    refused(() => split(x, 1, [5]), 'Split: parts [5] do not fill axis 1 of [2, 6]');
    refused(() => split(x, 1, []), 'Split: parts [] do not fill axis 1 of [2, 6]');
    refused(() => split(x, 1, [7, -1]), 'Split: [2, -1] is no shape');
    refused(() => split(x, -3, [6]), 'Split: axis -3 does not exist in shape [2, 6]');
    refused(() => split(x, 1, [2.5, 3.5]), 'Split: [2.5, 3.5] are not whole numbers');
  });

  it('Cast refuses a type that the engine does not carry', () => {
    const rule = cast(x, 'int32').node.rule;
    if (rule === null) throw new Error('Cast has a rule');
    refused(() => apply1(rule, [x], { to: 16 }), 'Cast: unknown type 16');
    refused(() => apply1(rule, [x, x], { to: 1 }), 'Cast: takes 1 input, got 2');
  });

  it('adds no node where nothing changes', () => {
    expect(concat([x], 0)).toBe(x);
    expect(slice(x, 1, 0, 6)).toBe(x);
    expect(split(x, 1, [6])).toEqual([x]);
    expect(cast(x, 'float32')).toBe(x);
  });
});
