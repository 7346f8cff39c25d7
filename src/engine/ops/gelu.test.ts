import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, input } from '../graph.js';
import { GraphError } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Array64, random } from '../testing/float64.js';
import { seeds, shapes } from '../testing/shapes.js';
import { gelu, silu } from './gelu.js';

const forms: [string, (x: Value) => Value, (x: number) => number][] = [
  ['gelu', gelu, (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
  ['silu', silu, (x) => x / (1 + Math.exp(-x))],
];

onDevice(() => {
  describe.each(forms)('%s', (_, build, of) => {
    const reference = ({ shape, data }: Array64): Array64 => ({ shape, data: data.map(of) });

    it('agrees with float64 in value and gradient', async () => {
      await fc.assert(
        fc.asyncProperty(shapes(), seeds, (shape, seed) =>
          expectAgreement(runtime, { inputs: [random(shape, seed, -5, 5)], build, reference }),
        ),
        { numRuns: runs },
      );
    });

    it('is the identity far above zero and nothing far below it', async () => {
      await expectAgreement(runtime, {
        inputs: [{ shape: [6], data: Float64Array.of(-100, -20, -8, 0, 20, 100) }],
        build,
        reference,
      });
    });
  });
});

describe('shape rules', () => {
  it('FastGelu takes float32 alone', () => {
    expect(() => gelu(input('x', 'int32', [2, 3]))).toThrow(GraphError);
    expect(() => gelu(input('x', 'int32', [2, 3]))).toThrow('FastGelu: needs float32, got int32[2, 3]');
  });
});
