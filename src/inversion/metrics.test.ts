import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../test/fixtures/float64.js';
import { floatsOf, graph, input } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { distances } from './metrics.js';

const runtime = nodeRuntime({ threads: 1 });

/** Distances of `[batch, place, width]` from `[queries, 1, width]` by the graph. */
async function measured(
  z: Float32Array,
  query: Float32Array,
  [batch, places, width]: readonly [number, number, number],
): Promise<{ euclidean: Float32Array; cosine: Float32Array }> {
  const queries = query.length / width;
  const built = graph(
    distances(input('z', 'float32', [batch, places, width]), input('query', 'float32', [queries, 1, width])),
  );
  const executable = await runtime.compile(built);
  try {
    const outputs = await executable.run({
      z: { dtype: 'float32', shape: [batch, places, width], data: z },
      query: { dtype: 'float32', shape: [queries, 1, width], data: query },
    });
    return { euclidean: floatsOf(outputs, 'euclidean'), cosine: floatsOf(outputs, 'cosine') };
  } finally {
    await executable.dispose();
  }
}

/** The definitions, in float64. */
function defined(z: ArrayLike<number>, q: ArrayLike<number>): { euclidean: number; cosine: number } {
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += at(a, i) * at(b, i);
    return sum;
  };
  const difference = Float64Array.from(z, (value, i) => value - at(q, i));
  const [zNorm, qNorm] = [Math.sqrt(dot(z, z)), Math.sqrt(dot(q, q))];
  return {
    euclidean: Math.sqrt(dot(difference, difference)) / qNorm,
    cosine: 1 - dot(z, q) / (zNorm * qNorm),
  };
}

describe('distances', () => {
  it('agree with their definitions, for one query and for one a row', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.nat(),
        async (batch, places, width, one, seed) => {
          const random = seededRandom(seed);
          // Norms of one at least: smaller vectors are a case of their own.
          const draw = (count: number): Float32Array =>
            Float32Array.from(
              { length: count },
              (_, i) => 10 * random.gaussian() + (i % width === 0 ? 60 : 0),
            );
          const z = draw(batch * places * width);
          const query = draw((one ? 1 : batch) * width);
          const { euclidean, cosine } = await measured(z, query, [batch, places, width]);
          expect(euclidean).toHaveLength(batch * places);
          for (let row = 0; row < batch * places; row++) {
            const own = one ? 0 : Math.floor(row / places);
            const wanted = defined(
              z.subarray(row * width, (row + 1) * width),
              query.subarray(own * width, (own + 1) * width),
            );
            expect(Math.abs(at(euclidean, row) - wanted.euclidean)).toBeLessThan(
              1e-5 * (1 + wanted.euclidean),
            );
            expect(Math.abs(at(cosine, row) - wanted.cosine)).toBeLessThan(2e-6);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('take known values', async () => {
    const z = Float32Array.of(3, 4, -3, -4, 6, 8, -4, 3, 0, 0);
    const { euclidean, cosine } = await measured(z, Float32Array.of(3, 4), [1, 5, 2]);
    const rounded = (values: Float32Array): number[] =>
      [...values].map((value) => Math.round(value * 1e5) / 1e5);
    expect(rounded(euclidean)).toEqual([0, 2, 1, 1.41421, 1]);
    expect(rounded(cosine)).toEqual([0, 2, 0, 1, 1]);
  });

  it('stay numbers for zero vectors: nothing but zero is near a query of zero', async () => {
    const z = Float32Array.of(0, 0, 0.5, 0);
    const { euclidean, cosine } = await measured(z, Float32Array.of(0, 0), [1, 2, 2]);
    expect(at(euclidean, 0)).toBe(0);
    expect(at(euclidean, 1)).toBeGreaterThan(1e6);
    expect(Number.isFinite(at(euclidean, 1))).toBe(true);
    expect([...cosine]).toEqual([1, 1]);
  });

  it('hold for small and for large activations alike', async () => {
    for (const size of [1e-3, 1e3]) {
      const z = Float32Array.of(1.1, 0, 0, 1).map((value) => value * size);
      const { euclidean, cosine } = await measured(z, Float32Array.of(size, 0), [1, 2, 2]);
      expect(at(euclidean, 0)).toBeCloseTo(0.1, 5);
      expect(at(euclidean, 1)).toBeCloseTo(Math.SQRT2, 5);
      expect(at(cosine, 0)).toBeCloseTo(0, 5);
      expect(at(cosine, 1)).toBeCloseTo(1, 5);
    }
  });
});
