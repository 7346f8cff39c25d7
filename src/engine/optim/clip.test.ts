import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, graph, input } from '../graph.js';
import { floatsOf } from '../runtime/runtime.js';
import { GraphError } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { random } from '../testing/float64.js';
import { seeds, shapes } from '../testing/shapes.js';
import { clipByGlobalNorm } from './clip.js';

onDevice(() => {
  it('scales all together to the limit, where their norm is above it', async () => {
    const lists = fc.array(shapes(0, 3), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(lists, fc.constantFrom(0.1, 1, 3, 1000), seeds, (list, limit, seed) =>
        expectAgreement(runtime, {
          inputs: list.map((shape, i) => random(shape, seed + i)),
          build: (...values) => clipByGlobalNorm(values, limit),
          reference: (...arrays) => {
            const norm = Math.sqrt(
              arrays.reduce((sum, { data }) => sum + data.reduce((own, x) => own + x * x, 0), 0),
            );
            const scale = Math.min(1, limit / norm);
            return arrays.map(({ shape, data }) => ({ shape, data: data.map((x) => x * scale) }));
          },
          differentiable: false,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('leaves gradients below the limit as they are, bit for bit, and zeros zeros', async () => {
    const g = input('g', 'float32', [3]);
    const [clipped = g] = clipByGlobalNorm([g], 1);
    const executable = await runtime.compile(graph({ clipped }));
    for (const data of [Float32Array.of(0.1, -0.2, 0.3), Float32Array.of(0, 0, 0)]) {
      const outputs = await executable.run({ g: { dtype: 'float32', shape: [3], data } });
      expect(floatsOf(outputs, 'clipped')).toEqual(data);
    }
  });
});

describe('clipByGlobalNorm', () => {
  it.each([0, -1, NaN])('refuses a limit of %d', (limit) => {
    const clip = (): Value[] => clipByGlobalNorm([input('g', 'float32', [2])], limit);
    expect(clip).toThrow(new GraphError(`clipByGlobalNorm: the limit must be above 0, got ${limit}`));
  });

  it('clips nothing to nothing', () => {
    expect(clipByGlobalNorm([], 1)).toEqual([]);
  });
});
