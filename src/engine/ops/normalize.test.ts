import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, constant, graph, input } from '../graph.js';
import { floatsOf } from '../runtime/runtime.js';
import { GraphError, type Shape } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { device, onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, pick, random, sumOver, tabulate, toTensor } from '../testing/float64.js';
import { seeds, shapes, withAxis } from '../testing/shapes.js';
import { layerNorm, logSoftmax, rmsNorm, rootMeanSquare, softmax } from './normalize.js';

/** Large, so that even rows nearly constant have slopes that float32 holds to five digits. */
const epsilon = 0.1;

/** Output, mean and inverse deviation by the definition. */
function normalized(x: Array64, scale: Array64, bias: Array64 | undefined): [Array64, Array64, Array64] {
  const width = x.shape.at(-1) ?? 0;
  const moments = [...x.shape.slice(0, -1), 1];
  const along = (index: readonly number[], i: number): number => pick(x, [...index.slice(0, -1), i]);
  const mean = tabulate(moments, (index) => sumOver(width, (i) => along(index, i)) / width);
  const inverse = tabulate(moments, (index) => {
    const middle = pick(mean, index);
    return 1 / Math.sqrt(sumOver(width, (i) => (along(index, i) - middle) ** 2) / width + epsilon);
  });
  const output = tabulate(x.shape, (index) => {
    const normal = (pick(x, index) - pick(mean, index)) * pick(inverse, index);
    return normal * pick(scale, index.slice(-1)) + (bias === undefined ? 0 : pick(bias, index.slice(-1)));
  });
  return [output, mean, inverse];
}

/** Output and root mean square by the definition. */
function scaledByRms(x: Array64, scale: Array64): [Array64, Array64] {
  const width = x.shape.at(-1) ?? 0;
  const divisor = tabulate([...x.shape.slice(0, -1), 1], (index) => {
    const square = (i: number): number => pick(x, [...index.slice(0, -1), i]) ** 2;
    return Math.sqrt(sumOver(width, square) / width + epsilon);
  });
  const output = tabulate(
    x.shape,
    (index) => (pick(x, index) / pick(divisor, index)) * pick(scale, index.slice(-1)),
  );
  return [output, divisor];
}

/** Softmax along an axis by the definition. */
function shares(x: Array64, axis: number): Array64 {
  const along = axis < 0 ? axis + x.shape.length : axis;
  return tabulate(x.shape, (index) => {
    const power = (i: number): number =>
      Math.exp(
        pick(
          x,
          index.map((at, a) => (a === along ? i : at)),
        ),
      );
    return Math.exp(pick(x, index)) / sumOver(x.shape[along] ?? 0, power);
  });
}

onDevice(() => {
  describe('SimplifiedLayerNormalization', () => {
    it('agrees with float64 in value and gradient, as its divisor does', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(1), seeds, (shape, seed) =>
          expectAgreement(runtime, {
            inputs: [random(shape, seed), random(shape.slice(-1), seed + 1)],
            build: (x, scale) => [rmsNorm(x, scale, epsilon), rootMeanSquare(x, epsilon)],
            reference: scaledByRms,
          }),
        ),
        { numRuns: runs },
      );
    });

    it('refuses a scale of another width', () => {
      const x = input('x', 'float32', [2, 3]);
      expect(() => rmsNorm(x, input('scale', 'float32', [2]), epsilon)).toThrow(GraphError);
    });
  });

  describe('LayerNormalization', () => {
    it('agrees with float64 in value and gradient, with and without a bias', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(1), fc.boolean(), seeds, (shape, biased, seed) => {
          const width = shape.slice(-1);
          return expectAgreement(runtime, {
            inputs: [
              random(shape, seed),
              random(width, seed + 1),
              ...(biased ? [random(width, seed + 2)] : []),
            ],
            build: (x, scale, bias) => layerNorm(x, scale, bias ?? null, epsilon).output,
            reference: (x, scale, bias) => normalized(x, scale, bias)[0],
          });
        }),
        { numRuns: runs },
      );
    });

    it('gives the moments it used, and gradients through each of them', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(1), seeds, (shape, seed) =>
          expectAgreement(runtime, {
            inputs: [random(shape, seed), random(shape.slice(-1), seed + 1)],
            build: (x, scale) => {
              const { output, mean, inverse } = layerNorm(x, scale, null, epsilon);
              return [output, mean, inverse];
            },
            reference: (x, scale) => normalized(x, scale, undefined),
          }),
        ),
        { numRuns: runs },
      );
    });

    it('has gradients through the moments alone', async () => {
      await expectAgreement(runtime, {
        inputs: [random([2, 3], 9)],
        build: (x) => {
          const ones = constant({ dtype: 'float32', shape: [3], data: new Float32Array(3).fill(1) });
          const { mean, inverse } = layerNorm(x, ones, null, epsilon);
          return [mean, inverse];
        },
        reference: (x) =>
          normalized(
            x,
            tabulate([3], () => 1),
            undefined,
          ).slice(1),
      });
    });

    it('takes rows far from zero', async () => {
      const x = random([3, 17], 4, 99, 101);
      await expectAgreement(runtime, {
        inputs: [x, random([17], 5), random([17], 6)],
        build: (v, scale, bias) => layerNorm(v, scale, bias, epsilon).output,
        reference: (v, scale, bias) => normalized(v, scale, bias)[0],
        // The mean is a float32 near 100: what is left of a row is only so exact. On WebGPU, ONNX Runtime takes the
        // variance as the mean of squares less the squared mean, 10,000 less 9,999.7: exact to its third digit.
        tolerance: device === 'cpu' ? 1e-4 : 1e-2,
        differentiable: false,
      });
    });
  });

  describe.each([
    ['Softmax', softmax, shares],
    [
      'LogSoftmax',
      logSoftmax,
      (x: Array64, axis: number): Array64 => {
        const { shape, data } = shares(x, axis);
        return { shape, data: data.map(Math.log) };
      },
    ],
  ] as const)('%s', (_op, build, reference) => {
    it('agrees with float64 along any axis', async () => {
      await fc.assert(
        fc.asyncProperty(withAxis(), seeds, ([shape, axis], seed) =>
          expectAgreement(runtime, {
            inputs: [random(shape, seed)],
            build: (x) => build(x, axis),
            reference: (x) => reference(x, axis),
          }),
        ),
        { numRuns: runs },
      );
    });

    it('takes the last axis unless told', async () => {
      await expectAgreement(runtime, {
        inputs: [random([3, 4], 2)],
        build: (x) => build(x),
        reference: (x) => reference(x, -1),
      });
    });
  });

  it('keeps to whole shares where scores are large or hidden', async () => {
    const data = Float32Array.of(1000, 1000, -1e9, -1e9, -1e9, -1e9);
    const x = input('x', 'float32', [2, 3]);
    const executable = await runtime.compile(graph({ share: softmax(x), log: logSoftmax(x) }));
    const outputs = await executable.run({ x: { dtype: 'float32', shape: [2, 3], data } });
    const third = Math.fround(1 / 3);
    floatsOf(outputs, 'share').forEach((share, i) => {
      expect(share).toBeCloseTo([0.5, 0.5, 0, third, third, third][i] ?? NaN, 5);
    });
    const log = floatsOf(outputs, 'log');
    expect(log[0]).toBeCloseTo(Math.log(0.5), 5);
    expect(log[3]).toBeCloseTo(Math.log(third), 5);
    expect(log[2]).toBeLessThan(-9e8);
  });

  it('gives a batch what single rows give', async () => {
    const x = random([5, 9], 3);
    const of = (v: Value): Value => softmax(v);
    const run = async (rows: Array64): Promise<Float32Array> => {
      const executable = await runtime.compile(graph({ y: of(input('x', 'float32', rows.shape)) }));
      return floatsOf(await executable.run({ x: toTensor(rows) }), 'y');
    };
    const together = await run(x);
    for (let at = 0; at < 5; at++) {
      const alone = await run({ shape: [1, 9], data: x.data.subarray(at * 9, at * 9 + 9) });
      alone.forEach((share, i) => expect(share).toBeCloseTo(together[at * 9 + i] ?? NaN, 6));
    }
  });
});

describe('shape rules', () => {
  const float = (...shape: number[]): Value => input('x', 'float32', shape);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it('LayerNormalization refuses parameters of another width, and other types', () => {
    const norm = (x: Value, scale: Value, bias: Value | null) => () => layerNorm(x, scale, bias, 1e-5);
    const unfit = (shape: Shape): string =>
      `LayerNormalization: parameter [${shape.join(', ')}] does not fit input [2, 6]`;
    refused(norm(float(2, 6), float(2), null), unfit([2]));
    refused(norm(float(2, 6), float(1), null), unfit([1]));
    refused(norm(float(2, 6), float(6), float(2, 6)), unfit([2, 6]));
    refused(norm(float(), float(6), null), 'LayerNormalization: takes 2 or 3 inputs');
    refused(
      norm(input('x', 'int32', [2, 6]), float(6), null),
      'LayerNormalization: needs float32, got int32[2, 6]',
    );
    refused(
      norm(float(2, 6), float(6), input('b', 'int32', [6])),
      'LayerNormalization: needs float32, got int32[6]',
    );
  });

  it.each([
    ['Softmax', softmax],
    ['LogSoftmax', logSoftmax],
  ] as const)('%s refuses axes and types that it does not have', (op, build) => {
    refused(() => build(float(2, 6), 2), `${op}: axis 2 does not exist in shape [2, 6]`);
    refused(() => build(float(), -1), `${op}: axis -1 does not exist in shape []`);
    refused(() => build(input('x', 'int64', [2])), `${op}: needs float32, got int64[2]`);
  });
});
