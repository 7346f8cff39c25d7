import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, constant, input, sortNodes } from '../graph.js';
import { gradients } from '../gradients.js';
import { type Shape, GraphError } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, randomIndices, tabulate, toTensor } from '../testing/float64.js';
import { lengths, seeds, shapes, withAxis } from '../testing/shapes.js';
import { mul } from './elementwise.js';
import { gather, gatherElements, oneHot, scatterAdd } from './lookup.js';
import { reduceSum } from './reduce.js';

/** `table` looked up by the definition. */
const lookedUp = (table: Array64, ids: Array64, axis: number): Array64 => {
  const [before, after] = [table.shape.slice(0, axis), table.shape.slice(axis + 1)];
  return tabulate([...before, ...ids.shape, ...after], (index) => {
    const at = pick(ids, index.slice(axis, axis + ids.shape.length));
    return pick(table, [...index.slice(0, axis), at, ...index.slice(axis + ids.shape.length)]);
  });
};

const indexTypes = fc.constantFrom('int32' as const, 'int64' as const);

onDevice(() => {
  describe('Gather', () => {
    it('looks rows up, and its gradient sums over the ids that named a row', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(1, 3), shapes(0, 3), indexTypes, seeds, (table, ids, dtype, seed) =>
          expectAgreement(runtime, {
            inputs: [random(table, seed), toTensor(randomIndices(ids, seed, table[0] ?? 1), dtype)],
            build: (x, at) => gather(x, at),
            reference: (x, at) => lookedUp(x, at, 0),
          }),
        ),
        { numRuns: runs },
      );
    });

    it('looks up along any axis', async () => {
      await fc.assert(
        fc.asyncProperty(withAxis(), shapes(0, 2), seeds, ([table, axis], ids, seed) => {
          const along = axis < 0 ? axis + table.length : axis;
          return expectAgreement(runtime, {
            inputs: [random(table, seed), toTensor(randomIndices(ids, seed, table[along] ?? 1), 'int32')],
            build: (x, at) => gather(x, at, axis),
            reference: (x, at) => lookedUp(x, at, along),
            differentiable: along === 0,
          });
        }),
        { numRuns: runs },
      );
    });

    it.each([512, 513])('has one gradient for a vocabulary of %i, by product or by scatter', async (rows) => {
      // Two rows more than once, most never.
      const ids = { shape: [2, 3], data: Float64Array.of(0, rows - 1, 7, 7, 0, 7) };
      await expectAgreement(runtime, {
        inputs: [random([rows, 2], 1), toTensor(ids, 'int32')],
        build: (x, at) => gather(x, at),
        reference: (x, at) => lookedUp(x, at, 0),
      });
      const table = input('table', 'float32', [rows, 2]);
      const looked = gather(table, constant(toTensor(ids, 'int32')));
      const ops = sortNodes(gradients(reduceSum(mul(looked, looked)), [table])).map(({ op }) => op);
      expect(ops.includes('ScatterND')).toBe(rows > 512);
      expect(ops.includes('OneHot')).toBe(rows <= 512);
    });

    it('looks nothing up for no ids', async () => {
      await expectAgreement(runtime, {
        inputs: [
          random([4, 2], 1),
          toTensor(
            tabulate([0], () => 0),
            'int32',
          ),
        ],
        build: (x, at) => gather(x, at),
        reference: () => tabulate([0, 2], () => 0),
        differentiable: false,
      });
    });
  });

  it('OneHot marks each id in a row of its own', async () => {
    await fc.assert(
      fc.asyncProperty(shapes(0, 3), lengths, indexTypes, seeds, (shape, depth, dtype, seed) =>
        expectAgreement(runtime, {
          inputs: [toTensor(randomIndices(shape, seed, depth), dtype)],
          build: (ids) => oneHot(ids, depth),
          reference: (ids) =>
            tabulate([...shape, depth], (index) => (pick(ids, index.slice(0, -1)) === index.at(-1) ? 1 : 0)),
          differentiable: false,
          tolerance: 0,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('ScatterND adds rows up where ids repeat', async () => {
    await fc.assert(
      fc.asyncProperty(lengths, lengths, fc.nat(12), indexTypes, seeds, (rows, width, count, dtype, seed) =>
        expectAgreement(runtime, {
          inputs: [random([count, width], seed), toTensor(randomIndices([count], seed, rows), dtype)],
          build: (updates, ids) => scatterAdd(rows, ids, updates),
          reference: (updates, ids) =>
            tabulate([rows, width], ([row, column = 0]) => {
              let sum = 0;
              for (let i = 0; i < count; i++) if (ids.data[i] === row) sum += pick(updates, [i, column]);
              return sum;
            }),
          differentiable: false,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('GatherElements picks one element a place', async () => {
    const picks = withAxis().chain(([shape, axis]) => {
      const along = axis < 0 ? axis + shape.length : axis;
      return fc.tuple(
        fc.constant(shape),
        fc.constant(axis),
        fc.tuple(...shape.map((n, at) => fc.integer({ min: 1, max: at === along ? 5 : n }))),
      );
    });
    await fc.assert(
      fc.asyncProperty(picks, indexTypes, seeds, ([shape, axis, taken], dtype, seed) => {
        const along = axis < 0 ? axis + shape.length : axis;
        return expectAgreement(runtime, {
          inputs: [random(shape, seed), toTensor(randomIndices(taken, seed, shape[along] ?? 1), dtype)],
          build: (x, ids) => gatherElements(x, ids, axis),
          reference: (x, ids) =>
            tabulate(taken, (index) =>
              pick(
                x,
                index.map((at, a) => (a === along ? pick(ids, index) : at)),
              ),
            ),
          differentiable: false,
          tolerance: 0,
        });
      }),
      { numRuns: runs },
    );
  });
});

describe('shape rules', () => {
  const table = input('table', 'float32', [5, 4]);
  const ids = (dtype: 'int32' | 'float32' | 'bool' | 'uint32', shape: Shape = [3]): Value =>
    input('ids', dtype, shape);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it('takes whole numbers of 32 or 64 bits alone for ids', () => {
    for (const dtype of ['float32', 'bool', 'uint32'] as const) {
      refused(() => gather(table, ids(dtype)), `Gather: needs int32, int64, got ${dtype}[3]`);
      refused(() => oneHot(ids(dtype), 3), `OneHot: needs int32, int64, got ${dtype}[3]`);
      refused(
        () => scatterAdd(5, ids(dtype), input('u', 'float32', [3, 2])),
        `ScatterND: needs int32, int64, got ${dtype}[3]`,
      );
      refused(
        () => gatherElements(table, ids(dtype, [3, 2]), 0),
        `GatherElements: needs int32, int64, got ${dtype}[3, 2]`,
      );
    }
  });

  it('Gather has an axis to look along, and a gradient along the first alone', () => {
    refused(() => gather(table, ids('int32'), 2), 'Gather: axis 2 does not exist in shape [5, 4]');
    refused(
      () => gradients(reduceSum(gather(table, ids('int32'), 1)), [table]),
      'Gather: only look-ups along axis 0 can be differentiated, not along 1 of [5, 4]',
    );
    expect(gradients(reduceSum(gather(table, ids('int32'), -2)), [table])[0]?.shape).toEqual([5, 4]);
  });

  it.each([0, -1, 1.5, NaN])('OneHot refuses a depth of %d', (depth) => {
    refused(
      () => oneHot(ids('int32'), depth),
      `OneHot: the depth must be a whole number from 1, got ${depth}`,
    );
  });

  it('ScatterND has an id for each row', () => {
    const rows = (...shape: number[]): Value => input('u', 'float32', shape);
    refused(
      () => scatterAdd(5, ids('int32'), rows(2, 4)),
      'ScatterND: ids [3] do not number the rows of [2, 4]',
    );
    refused(() => scatterAdd(5, ids('int32'), rows(3)), 'ScatterND: ids [3] do not number the rows of [3]');
    refused(
      () => scatterAdd(5, ids('int32'), rows(3, 4, 1)),
      'ScatterND: ids [3] do not number the rows of [3, 4, 1]',
    );
    refused(
      () => scatterAdd(5, ids('int32'), input('u', 'int32', [3, 4])),
      'ScatterND: needs float32, got int32[3, 4]',
    );
  });

  it('GatherElements picks within the other axes', () => {
    const pickAt = (shape: Shape, axis: number): Value => gatherElements(table, ids('int32', shape), axis);
    refused(() => pickAt([3], 0), 'GatherElements: [3] does not pick from [5, 4]');
    refused(() => pickAt([6, 1], 1), 'GatherElements: [6, 1] does not pick from [5, 4]');
    refused(() => pickAt([5, 1], 2), 'GatherElements: axis 2 does not exist in shape [5, 4]');
    expect(pickAt([5, 9], -1).shape).toEqual([5, 9]);
  });
});
