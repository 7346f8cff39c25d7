import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, graph, input } from '../graph.js';
import { floatsOf } from '../runtime/runtime.js';
import { type Shape, GraphError, broadcastShapes } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, sumOver, tabulate, toTensor } from '../testing/float64.js';
import { broadcasting, lengths, seeds, spreadingTo } from '../testing/shapes.js';
import { type MatmulOptions, gemm, matmul } from './matmul.js';

/** `alpha · a·b` by the definition, over the last two axes. */
function product(a: Array64, b: Array64, options: MatmulOptions): Array64 {
  const { transA = false, transB = false, alpha = 1 } = options;
  const [rows = 0, depth = 0] = transA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const columns = b.shape.at(transB ? -2 : -1) ?? 0;
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)) ?? [];
  const element = (
    x: Array64,
    place: readonly number[],
    row: number,
    column: number,
    trans: boolean,
  ): number => pick(x, [...place, ...(trans ? [column, row] : [row, column])]);
  // Axes of length 1 must not spread here: rows and columns are picked within their lengths.
  return tabulate([...batch, rows, columns], (index) => {
    const [place, row = 0, column = 0] = [index.slice(0, -2), ...index.slice(-2)];
    return (
      alpha * sumOver(depth, (i) => element(a, place, row, i, transA) * element(b, place, i, column, transB))
    );
  });
}

const matrix = (rows: number, columns: number, trans: boolean): Shape =>
  trans ? [columns, rows] : [rows, columns];
const everyTransposition = [false, true].flatMap((transA) =>
  [false, true].map((transB) => ({ transA, transB })),
);

onDevice(() => {
  describe.each(everyTransposition)('transA $transA, transB $transB', (trans) => {
    it('Gemm agrees with float64 in value and gradient, whatever the bias', async () => {
      const rest = fc
        .tuple(lengths, lengths, lengths, fc.constantFrom(1, 0.5, -2))
        .chain((sizes) => fc.tuple(fc.constant(sizes), fc.option(spreadingTo([sizes[0], sizes[2]]))));
      await fc.assert(
        fc.asyncProperty(rest, seeds, ([[rows, depth, columns, alpha], bias], seed) =>
          expectAgreement(runtime, {
            inputs: [
              random(matrix(rows, depth, trans.transA), seed),
              random(matrix(depth, columns, trans.transB), seed + 1),
              ...(bias === null ? [] : [random(bias, seed + 2)]),
            ],
            build: (a, b, c) => gemm(a, b, c ?? null, { ...trans, alpha }),
            reference: (a, b, c) => {
              const y = product(a, b, { ...trans, alpha });
              return tabulate(y.shape, (index) => pick(y, index) + (c === undefined ? 0 : pick(c, index)));
            },
          }),
        ),
        { numRuns: runs },
      );
    });

    it('FusedMatMul agrees with float64 in value and gradient, batches spread', async () => {
      const sizes = fc.tuple(lengths, lengths, lengths, fc.constantFrom(1, 0.5, -2));
      await fc.assert(
        fc.asyncProperty(broadcasting, sizes, seeds, ([left, right], [rows, depth, columns, alpha], seed) =>
          expectAgreement(runtime, {
            inputs: [
              random([...left.slice(-2), ...matrix(rows, depth, trans.transA)], seed),
              random([...right.slice(-2), ...matrix(depth, columns, trans.transB)], seed + 1),
            ],
            build: (a, b) => matmul(a, b, { ...trans, alpha }),
            reference: (a, b) => product(a, b, { ...trans, alpha }),
          }),
        ),
        { numRuns: runs },
      );
    });
  });

  it('multiplies what the heads of attention multiply: [batch, head, place, width]', async () => {
    const [q, k] = [random([3, 2, 5, 7], 1), random([3, 2, 4, 7], 2)];
    await expectAgreement(runtime, {
      inputs: [q, k],
      build: (a, b) => matmul(a, b, { transB: true, alpha: 1 / Math.sqrt(7) }),
      reference: (a, b) => product(a, b, { transB: true, alpha: 1 / Math.sqrt(7) }),
    });
  });

  it('adds nothing up where there is no depth', async () => {
    await expectAgreement(runtime, {
      inputs: [random([2, 0], 1), random([0, 3], 2), random([3], 3)],
      build: (a, b, c) => [gemm(a, b, c ?? null), matmul(a, b)],
      reference: (_a, _b, c) => [tabulate([2, 3], (index) => pick(c, index)), tabulate([2, 3], () => 0)],
      differentiable: false,
    });
  });

  it('gives no rows for no rows', async () => {
    await expectAgreement(runtime, {
      inputs: [random([0, 2], 1), random([2, 3], 2)],
      build: (a, b) => [gemm(a, b), matmul(a, b)],
      reference: () => [tabulate([0, 3], () => 0), tabulate([0, 3], () => 0)],
      differentiable: false,
    });
  });

  it('gives a batch what single runs give', async () => {
    const [a, b] = [random([6, 40, 33], 1), random([33, 50], 2)];
    const run = async (rows: Array64): Promise<Float32Array> => {
      const y = matmul(input('a', 'float32', rows.shape), input('b', 'float32', b.shape));
      const executable = await runtime.compile(graph({ y }));
      return floatsOf(await executable.run({ a: toTensor(rows), b: toTensor(b) }), 'y');
    };
    const together = await run(a);
    for (let at = 0; at < 6; at++) {
      const alone = await run({ shape: [1, 40, 33], data: a.data.subarray(at * 1320, (at + 1) * 1320) });
      const own = together.subarray(at * 2000, (at + 1) * 2000);
      expect(Math.max(...alone.map((value, i) => Math.abs(value - (own[i] ?? NaN))))).toBeLessThan(1e-4);
    }
  });
});

describe('shape rules', () => {
  const float = (...shape: number[]): Value => input('x', 'float32', shape);
  const refused = (build: () => Value, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it('Gemm takes matrices', () => {
    refused(() => gemm(float(2, 3, 4), float(4, 2)), 'Gemm: needs matrices, got [2, 3, 4] and [4, 2]');
    refused(() => gemm(float(3), float(3, 2)), 'Gemm: needs matrices, got [3] and [3, 2]');
  });

  it.each([
    ['Gemm', gemm],
    ['FusedMatMul', (a: Value, b: Value, _c: null, o: MatmulOptions) => matmul(a, b, o)],
  ] as const)('%s says which shapes, transposed how, cannot be multiplied', (op, build) => {
    const cases: [Shape, Shape, MatmulOptions, string][] = [
      [[2, 3], [4, 5], {}, 'float32[2, 3] and float32[4, 5]'],
      [[3, 2], [4, 5], { transA: true }, 'float32[3, 2]ᵀ and float32[4, 5]'],
      [[2, 3], [3, 4], { transB: true }, 'float32[2, 3] and float32[3, 4]ᵀ'],
      [[2, 3], [3, 2], { transA: true, transB: true }, 'float32[2, 3]ᵀ and float32[3, 2]ᵀ'],
    ];
    for (const [a, b, o, message] of cases.slice(0, 3)) {
      refused(() => build(float(...a), float(...b), null, o), `${op}: ${message} cannot be multiplied`);
    }
    expect(build(float(2, 3), float(3, 2), null, { transA: true, transB: true }).shape).toEqual([3, 3]);
    refused(
      () => build(input('x', 'int32', [2, 3]), float(3, 2), null, {}),
      `${op}: int32[2, 3] and float32[3, 2] cannot be multiplied`,
    );
  });

  it('Gemm refuses a bias that does not spread over the product', () => {
    refused(() => gemm(float(2, 3), float(3, 4), float(3)), 'Gemm: bias [3] does not fit product [2, 4]');
    refused(
      () => gemm(float(2, 3), float(3, 4), float(1, 2, 4)),
      'Gemm: bias [1, 2, 4] does not fit product [2, 4]',
    );
    refused(() => gemm(float(2, 3), float(3, 1), float(4)), 'Gemm: bias [4] does not fit product [2, 1]');
    refused(
      () => gemm(float(2, 3), float(3, 4), input('c', 'int32', [4])),
      'Gemm: needs float32, got int32[4]',
    );
  });

  it('FusedMatMul refuses vectors, and batches that do not go together', () => {
    refused(
      () => matmul(float(3), float(3, 2)),
      'FusedMatMul: float32[3] and float32[3, 2] cannot be multiplied',
    );
    refused(
      () => matmul(float(2, 3, 4), float(5, 4, 2)),
      'FusedMatMul: the batches of [2, 3, 4] and [5, 4, 2] do not go together',
    );
  });
});
