import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, graph, input } from '../graph.js';
import { gradients } from '../gradients.js';
import { floatsOf, outputOf } from '../runtime/runtime.js';
import { GraphError, type Shape, sizeOf } from '../shape.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { random, toTensor } from '../testing/float64.js';
import { seeds, shapes } from '../testing/shapes.js';
import { dropout, hashBits } from './dropout.js';
import { reduceSum } from './reduce.js';

/** MurmurHash3's finalizer. */
function finalized(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The words that `hashBits` promises, in plain 32-bit arithmetic. */
function words(seed: number, stream: number, size: number): Uint32Array {
  const start = finalized(Math.imul(seed ^ Math.imul(stream + 1, 0x85ebca77), 0xc2b2ae3d));
  return Uint32Array.from({ length: size }, (_, i) => finalized(Math.imul(i, 0x9e3779b1) + start));
}

const seedOf = (seed: number) => ({ dtype: 'uint32', shape: [], data: Uint32Array.of(seed) }) as const;
const seedInput = (): Value => input('seed', 'uint32', []);

async function bits(seed: number, stream: number, size: number): Promise<Uint32Array> {
  const executable = await runtime.compile(graph({ bits: hashBits(seedInput(), stream, size) }));
  const { data } = outputOf(await executable.run({ seed: seedOf(seed) }), 'bits');
  await executable.dispose();
  return data as Uint32Array;
}

/** What dropout makes of ones, and the gradient of its sum. */
async function droppedOnes(
  shape: Shape,
  rate: number,
  seed: number,
  stream = 0,
): Promise<[Float32Array, Float32Array]> {
  const x = input('x', 'float32', shape);
  const y = dropout(x, rate, seedInput(), stream);
  const [slope = x] = gradients(reduceSum(y), [x]);
  const executable = await runtime.compile(graph({ y, slope }));
  const outputs = await executable.run({
    x: { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(1) },
    seed: seedOf(seed),
  });
  await executable.dispose();
  return [floatsOf(outputs, 'y'), floatsOf(outputs, 'slope')];
}

onDevice(() => {
  describe('hashBits', () => {
    it('is the hash it says, whatever seed and stream', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(2 ** 32 - 1),
          fc.nat(2 ** 16),
          fc.integer({ min: 1, max: 70 }),
          async (seed, stream, size) => {
            expect(await bits(seed, stream, size)).toEqual(words(seed, stream, size));
          },
        ),
        { numRuns: runs },
      );
    });

    it('gives words without likeness from one seed, stream or place to the next', async () => {
      const size = 4096;
      const [a, b, c] = await Promise.all([bits(1, 0, size), bits(2, 0, size), bits(1, 1, size)]);
      // Differing bits of two random words: 16 of 32 on average, here within six deviations of the mean.
      const differing = (x: Uint32Array, y: Uint32Array): number => {
        let count = 0;
        x.forEach((word, i) => {
          for (let rest = (word ^ (y[i] ?? 0)) >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0)
            count += 1;
        });
        return count / x.length;
      };
      const bound = (6 * Math.sqrt(8)) / Math.sqrt(size - 1);
      for (const [x, y] of [
        [a, b],
        [a, c],
        [b, c],
        [a.subarray(1), a.subarray(0, -1)],
        [a.subarray(1), b.subarray(0, -1)],
      ] as const) {
        expect(Math.abs(differing(x, y) - 16)).toBeLessThan(bound);
      }
    });
  });

  it('scales what it keeps, drops the rest, and passes gradients the same way', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes(),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        seeds,
        async (shape, rate, seed) => {
          const [y, slope] = await droppedOnes(shape, rate, seed, 3);
          const limit = Math.floor((1 - rate) * 2 ** 32);
          const want = Float32Array.from(words(seed, 3, sizeOf(shape)), (word) =>
            word < limit ? 1 / (1 - rate) : 0,
          );
          y.forEach((value, i) => expect(value).toBeCloseTo(want[i] ?? NaN, 4));
          expect(slope).toEqual(y);
        },
      ),
      { numRuns: runs },
    );
  });

  it.each([0.1, 0.5, 0.9])('drops a share of %d and keeps the mean', async (rate) => {
    const size = 20000;
    const [y] = await droppedOnes([4, 5000], rate, 11);
    const dropped = y.filter((value) => value === 0).length / size;
    expect(Math.abs(dropped - rate)).toBeLessThan(6 * Math.sqrt((rate * (1 - rate)) / size));
    const mean = y.reduce((sum, value) => sum + value, 0) / size;
    expect(Math.abs(mean - 1)).toBeLessThan(6 * Math.sqrt(rate / (1 - rate) / size));
  });

  it('drops the same for the same seed, and other elements for another seed or stream', async () => {
    const [first] = await droppedOnes([40, 50], 0.5, 7);
    expect((await droppedOnes([40, 50], 0.5, 7))[0]).toEqual(first);
    expect((await droppedOnes([2000], 0.5, 7))[0]).toEqual(first);
    for (const [other] of [await droppedOnes([40, 50], 0.5, 8), await droppedOnes([40, 50], 0.5, 7, 1)]) {
      const same = other.filter((value, i) => value === first[i]).length / 2000;
      expect(Math.abs(same - 0.5)).toBeLessThan(0.07);
    }
  });

  it('keeps everything at a rate too small to count', async () => {
    const [y] = await droppedOnes([1000], 1e-17, 5);
    expect(y).toEqual(new Float32Array(1000).fill(1));
  });

  it('takes any values', async () => {
    const shape = [3, 5];
    const x = random(shape, 4);
    const executable = await runtime.compile(
      graph({ y: dropout(input('x', 'float32', shape), 0.5, seedInput(), 0) }),
    );
    const y = floatsOf(await executable.run({ x: toTensor(x), seed: seedOf(9) }), 'y');
    const kept = words(9, 0, 15);
    y.forEach((value, i) => expect(value).toBe(((kept[i] ?? 0) < 2 ** 31 ? 2 : 0) * (x.data[i] ?? NaN)));
  });
});

describe('what it refuses', () => {
  const x = input('x', 'float32', [2]);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it.each([-0.1, 1, 1.5, NaN, Infinity])('a rate of %d', (rate) => {
    refused(() => dropout(x, rate, seedInput(), 0), `dropout: the rate must be in 0 … 1, got ${rate}`);
  });

  it('a seed that is no uint32 scalar, and values that are no floats', () => {
    refused(
      () => dropout(x, 0.5, input('seed', 'int32', []), 0),
      'hashBits: the seed must be a uint32 scalar, not int32[]',
    );
    refused(
      () => dropout(x, 0.5, input('seed', 'uint32', [2]), 0),
      'hashBits: the seed must be a uint32 scalar, not uint32[2]',
    );
    refused(
      () => dropout(input('x', 'int32', [2]), 0.5, seedInput(), 0),
      'dropout: needs float32, got int32[2]',
    );
  });

  it('nothing at a rate of 0, which adds no node', () => {
    expect(dropout(x, 0, seedInput(), 0)).toBe(x);
  });
});
