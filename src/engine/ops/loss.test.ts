import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Value, input } from '../graph.js';
import { GraphError } from '../shape.js';
import { expectAgreement } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import {
  type Array64,
  pick,
  random,
  randomIndices,
  sumOver,
  tabulate,
  toTensor,
} from '../testing/float64.js';
import { lengths, seeds } from '../testing/shapes.js';
import { crossEntropy } from './loss.js';

/** Mean of −log(softmax at the target), by the definition. */
function reference(logits: Array64, targets: Array64, weights: Array64): Array64 {
  const [rows = 0, classes = 0] = logits.shape;
  const row = (i: number): number => {
    const total = sumOver(classes, (c) => Math.exp(pick(logits, [i, c])));
    return Math.log(total) - pick(logits, [i, targets.data[i] ?? NaN]);
  };
  const weighed = sumOver(rows, (i) => (weights.data[i] === 0 ? 0 : (weights.data[i] ?? NaN) * row(i)));
  return tabulate([], () => weighed / sumOver(rows, (i) => weights.data[i] ?? NaN));
}

onDevice(() => {
  it('agrees with float64 in value and gradient, weights too', async () => {
    const types = fc.constantFrom('int32' as const, 'int64' as const);
    await fc.assert(
      fc.asyncProperty(lengths, lengths, types, seeds, (rows, classes, dtype, seed) =>
        expectAgreement(runtime, {
          inputs: [
            random([rows, classes], seed, -4, 4),
            toTensor(randomIndices([rows], seed + 1, classes), dtype),
            random([rows], seed + 2, 0.2, 2),
          ],
          build: crossEntropy,
          reference,
        }),
      ),
      { numRuns: runs },
    );
  });

  it('leaves out rows of weight 0, whatever stands in them', async () => {
    const logits = random([4, 3], 1);
    logits.data.set([80, -80, 3], 3);
    const weights = { shape: [4], data: Float64Array.of(1, 0, 2, 0) };
    await expectAgreement(runtime, {
      inputs: [logits, toTensor(randomIndices([4], 2, 3), 'int32'), toTensor(weights)],
      build: crossEntropy,
      reference,
    });
  });
});

describe('shape rules', () => {
  const value = (dtype: 'float32' | 'int32', ...shape: number[]): Value => input('x', dtype, shape);
  const refused = (build: () => unknown, message: string): void => {
    expect(build).toThrow(GraphError);
    expect(build).toThrow(message);
  };

  it.each<[number[], number[], number[]]>([
    [[4, 3], [3], [4]],
    [[4, 3], [4], [5]],
    [[4, 3], [4, 1], [4]],
    [[4, 3], [4], [4, 1]],
    [[4], [4], [4]],
    [[4, 3, 2], [4], [4]],
  ])('refuses logits %j with targets %j and weights %j', (logits, targets, weights) => {
    const text = (shape: number[]): string => `[${shape.join(', ')}]`;
    refused(
      () =>
        crossEntropy(value('float32', ...logits), value('int32', ...targets), value('float32', ...weights)),
      `crossEntropy: logits ${text(logits)}, targets int32${text(targets)} and weights ${text(weights)} do not have the same rows`,
    );
  });

  it('refuses targets and weights of other types', () => {
    const logits = value('float32', 4, 3);
    refused(
      () => crossEntropy(logits, value('float32', 4), value('float32', 4)),
      'OneHot: needs int32, int64, got float32[4]',
    );
    refused(
      () => crossEntropy(logits, input('x', 'bool', [4]), value('float32', 4)),
      'OneHot: needs int32, int64, got bool[4]',
    );
    refused(
      () => crossEntropy(logits, value('int32', 4), value('int32', 4)),
      'Mul: float32[4] and int32[4] do not go together',
    );
  });
});
