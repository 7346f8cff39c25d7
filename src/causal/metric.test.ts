import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { estimate, pairedDifference } from './estimate.js';
import { divergence, logSumExp, metricNamed, metrics } from './metric.js';

const logits = fc
  .array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 3, maxLength: 12 })
  .map((values) => Float32Array.from(values));
const answers = { answer: 0, contrastAnswer: 2 };

describe('metrics', () => {
  it('do not see a constant added to all logits', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: -9, max: 9 }), (values, shift) => {
        const moved = values.map((value) => value + shift);
        for (const metric of Object.values(metrics)) {
          const before = metric.value(values, values, answers);
          expect(metric.value(moved, values, answers)).toBeCloseTo(before, 3);
        }
      }),
    );
  });

  it('have a divergence that is never negative, and none from itself', () => {
    fc.assert(
      fc.property(fc.tuple(logits, logits), ([a, b]) => {
        const other = Float32Array.from(a, (_, i) => b[i % b.length] ?? 0);
        expect(divergence(a, other)).toBeGreaterThan(-1e-9);
        expect(divergence(a, a)).toBe(0);
      }),
    );
  });

  it('give the known values', () => {
    const values = Float32Array.of(Math.log(0.5), Math.log(0.3), Math.log(0.2));
    const other = Float32Array.of(Math.log(0.2), Math.log(0.3), Math.log(0.5));
    expect(metrics.probability.value(values, values, answers)).toBeCloseTo(0.5, 6);
    expect(metrics['logit-difference'].value(values, values, answers)).toBeCloseTo(Math.log(2.5), 6);
    expect(metrics.kl.value(other, values, answers)).toBeCloseTo(
      0.5 * Math.log(2.5) + 0.2 * Math.log(0.4),
      6,
    );
    expect(logSumExp(Float32Array.of(1000, 1000))).toBeCloseTo(1000 + Math.log(2), 6);
  });

  it('count as an effect what takes from the answer', () => {
    expect(metrics['logit-difference'].effect(5, -2)).toBe(7);
    expect(metrics.probability.effect(0.9, 0.1)).toBeCloseTo(0.8);
    expect(metrics.kl.effect(0, 3)).toBe(3);
  });

  it('are found by name', () => {
    expect(metricNamed('kl')).toBe(metrics.kl);
    expect(() => metricNamed('probabilty')).toThrow(InputError);
    expect(() => metricNamed('probabilty')).toThrow(
      /Did you mean "probability"\?.*logit-difference, kl, probability/,
    );
  });
});

describe('estimate', () => {
  it('is the mean with its standard error', () => {
    expect(estimate([1, 2, 3, 4])).toEqual({
      mean: 2.5,
      standardError: expect.closeTo(Math.sqrt(5 / 3 / 4), 12),
      n: 4,
    });
    expect(estimate([7]).standardError).toBeNaN();
  });

  it('of pairs is that of their differences', () => {
    expect(pairedDifference([5, 7, 9], [1, 3, 5])).toEqual({ mean: 4, standardError: 0, n: 3 });
  });
});
