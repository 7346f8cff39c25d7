import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Tensor, graph, input } from '../graph.js';
import { floatsOf } from '../runtime/runtime.js';
import { expectAgreement, expectClose } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, sumOver, tabulate, toTensor } from '../testing/float64.js';
import { seeds } from '../testing/shapes.js';
import { muon, orthogonalize } from './muon.js';

/** Rows made orthonormal, one after another. */
function orthonormalRows({ shape: [rows = 0, columns = 0], data }: Array64): Float64Array[] {
  const made: Float64Array[] = [];
  for (let row = 0; row < rows; row++) {
    let vector = data.slice(row * columns, (row + 1) * columns);
    // Twice, or what rounding leaves behind would show.
    for (const other of [...made, ...made]) {
      const along = sumOver(columns, (i) => (vector[i] ?? NaN) * (other[i] ?? NaN));
      vector = vector.map((x, i) => x - along * (other[i] ?? NaN));
    }
    const norm = Math.sqrt(sumOver(columns, (i) => (vector[i] ?? NaN) ** 2));
    made.push(vector.map((x) => x / norm));
  }
  return made;
}

/** A matrix with given singular values, and the same with others in their place. */
function withSingularValues(
  rows: number,
  columns: number,
  seed: number,
  values: readonly number[],
): (of: (s: number) => number) => Array64 {
  const left = orthonormalRows(random([values.length, rows], seed));
  const right = orthonormalRows(random([values.length, columns], seed + 1));
  return (of) =>
    tabulate([rows, columns], ([i = 0, j = 0]) =>
      sumOver(values.length, (k) => of(values[k] ?? NaN) * (left[k]?.[i] ?? NaN) * (right[k]?.[j] ?? NaN)),
    );
}

/** What five iterations make of one singular value of a matrix whose norm is 1. */
function iterated(value: number): number {
  let s = value;
  for (let i = 0; i < 5; i++) s = 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5;
  return s;
}

const length = (values: readonly number[]): number => Math.hypot(...values);

onDevice(() => {
  describe('orthogonalize', () => {
    it('brings each singular value near one and keeps the singular vectors, tall or wide', async () => {
      const sides = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }));
      await fc.assert(
        fc.asyncProperty(sides, seeds, async ([rows, columns], seed) => {
          const values = Array.from(random([Math.min(rows, columns)], seed, 0.2, 2).data);
          const matrix = withSingularValues(rows, columns, seed, values);
          const want = matrix((s) => iterated(s / length(values)));
          await expectAgreement(runtime, {
            inputs: [matrix((s) => s)],
            build: (x) => orthogonalize(x),
            reference: () => want,
            differentiable: false,
            tolerance: 1e-4,
          });
          for (const s of values) expect(Math.abs(iterated(s / length(values)) - 1)).toBeLessThan(0.5);
        }),
        { numRuns: runs },
      );
    });

    it('is the same however long the matrix is', async () => {
      const x = random([3, 5], 2);
      const y = (scale: number): Array64 => ({
        shape: x.shape,
        data: x.data.map((v) => Math.fround(v * scale)),
      });
      const run = async (matrix: Array64): Promise<Float32Array> => {
        const executable = await runtime.compile(graph({ y: orthogonalize(input('x', 'float32', [3, 5])) }));
        return floatsOf(await executable.run({ x: toTensor(matrix) }), 'y');
      };
      const want = Array.from(await run(x));
      for (const scale of [1e-3, 64]) expectClose(await run(y(scale)), want, 2e-3, `scaled by ${scale}`);
      expect(await run(y(0))).toEqual(new Float32Array(15));
    });
  });

  it.each([
    { rows: 4, columns: 6, momentum: 0.95, weightDecay: 0 },
    { rows: 6, columns: 3, momentum: 0.9, weightDecay: 0.1 },
    { rows: 1, columns: 5, momentum: 0.5, weightDecay: 0.01 },
    { rows: 3, columns: 3, momentum: 0, weightDecay: 0 },
  ])(
    'takes steps with Nesterov momentum: $rows×$columns',
    async ({ rows, columns, momentum, weightDecay }) => {
      const shape = [rows, columns];
      const next = muon(
        { parameter: input('parameter', 'float32', shape), momentum: input('momentum', 'float32', shape) },
        input('gradient', 'float32', shape),
        { learningRate: input('rate', 'float32', []), momentum, weightDecay },
      );
      const executable = await runtime.compile(graph({ p: next.parameter, m: next.momentum }));
      let [p, m] = [random(shape, 1), { shape, data: new Float64Array(rows * columns) }];
      let [pFed, mFed]: Tensor[] = [toTensor(p), toTensor(m)];
      for (let step = 1; step <= 5; step++) {
        const gradient = random(shape, 10 + step);
        const rate = Math.fround(0.1 / step);
        const outputs = await executable.run({
          parameter: pFed as Tensor,
          momentum: mFed as Tensor,
          gradient: toTensor(gradient),
          rate: { dtype: 'float32', shape: [], data: Float32Array.of(rate) },
        });
        const g = gradient.data;
        const moved = m.data.map((v, i) => momentum * v + (1 - momentum) * (g[i] ?? NaN));
        const ahead = { shape, data: moved.map((v, i) => momentum * v + (1 - momentum) * (g[i] ?? NaN)) };
        const direction = newtonSchulz(ahead);
        const pace = rate * 0.2 * Math.sqrt(Math.max(rows, columns));
        p = {
          shape,
          data: p.data.map((v, i) => v * (1 - rate * weightDecay) - pace * (direction.data[i] ?? NaN)),
        };
        m = { shape, data: moved };
        expectClose(floatsOf(outputs, 'p'), p.data, 1e-4, `parameter after step ${step}`);
        expectClose(floatsOf(outputs, 'm'), m.data, 1e-6, `momentum after step ${step}`);
        [pFed, mFed] = [outputs['p'], outputs['m']];
      }
    },
  );
});

/** The iteration as its authors wrote it, X ← aX + (bA + cA²)X with A = XXᵀ, in float64. */
function newtonSchulz(matrix: Array64): Array64 {
  const [rows = 0, columns = 0] = matrix.shape;
  const times = (a: Array64, b: Array64): Array64 =>
    tabulate([a.shape[0] ?? 0, b.shape[1] ?? 0], ([i = 0, j = 0]) =>
      sumOver(a.shape[1] ?? 0, (k) => pickExactly(a, i, k) * pickExactly(b, k, j)),
    );
  const turned = (a: Array64): Array64 =>
    tabulate([a.shape[1] ?? 0, a.shape[0] ?? 0], ([i = 0, j = 0]) => pickExactly(a, j, i));
  const norm = length(Array.from(matrix.data)) + 1e-7;
  let x: Array64 = { shape: [rows, columns], data: matrix.data.map((v) => v / norm) };
  for (let i = 0; i < 5; i++) {
    const square = times(x, turned(x));
    const fourth = times(square, square);
    const polynomial = {
      shape: square.shape,
      data: square.data.map((v, k) => -4.775 * v + 2.0315 * (fourth.data[k] ?? NaN)),
    };
    const bent = times(polynomial, x);
    x = { shape: x.shape, data: x.data.map((v, k) => 3.4445 * v + (bent.data[k] ?? NaN)) };
  }
  return x;
}

const pickExactly = (a: Array64, i: number, j: number): number => pick(a, [i, j]);
