import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graph, input } from '../graph.js';
import { floatsOf } from '../runtime/runtime.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { type Schedule, scheduled } from './schedule.js';

/** The rate by its definition. */
function rateAt({ kind, peak, warmup, steps, floor }: Schedule, step: number): number {
  if (step < warmup) return (peak * step) / warmup;
  if (kind === 'constant') return peak;
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  const share = kind === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
  return peak * (floor + (1 - floor) * share);
}

async function rates(schedule: Schedule, steps: readonly number[]): Promise<number[]> {
  const learningRate = scheduled(schedule, input('step', 'float32', []));
  const executable = await runtime.compile(graph({ learningRate }));
  const fed = executable.graph.inputs.length > 0;
  const found: number[] = [];
  for (const step of steps) {
    const outputs = await executable.run(
      fed ? { step: { dtype: 'float32', shape: [], data: Float32Array.of(step) } } : {},
    );
    found.push(...floatsOf(outputs, 'learningRate'));
  }
  await executable.dispose();
  return found;
}

onDevice(() => {
  it('is the rate by its definition, at every kind of step', async () => {
    const schedules = fc.record({
      kind: fc.constantFrom('constant' as const, 'cosine' as const, 'linear' as const),
      peak: fc.constantFrom(1, 2e-3, 1e-4),
      warmup: fc.constantFrom(0, 1, 10, 1000),
      steps: fc.constantFrom(1, 10, 1000, 100_000),
      floor: fc.constantFrom(0, 0.1, 1),
    });
    await fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const { warmup, steps, peak } = schedule;
        const middle = Math.floor((warmup + steps) / 2);
        const asked = [
          1,
          2,
          warmup - 1,
          warmup,
          warmup + 1,
          middle,
          steps - 1,
          steps,
          steps + 1,
          3 * steps,
        ].filter((step) => step >= 1);
        const found = await rates(schedule, asked);
        asked.forEach((step, i) => {
          // A cosine in float32 is exact to about 1e-7; WebGPU allows itself 2⁻¹¹ of it.
          expect(Math.abs((found[i] ?? NaN) - rateAt(schedule, step)) / peak, `step ${step}`).toBeLessThan(
            1e-3,
          );
          expect(found[i]).toBeLessThanOrEqual(peak * (1 + 1e-6));
          expect(found[i]).toBeGreaterThanOrEqual(-1e-6 * peak);
        });
      }),
      { numRuns: runs },
    );
  });

  it('rises, is at its peak at the end of the warm-up, falls and stays at the floor', async () => {
    const base = { peak: 0.5, warmup: 4, steps: 12, floor: 0.25 };
    const at = [1, 2, 3, 4, 8, 12, 13, 1000];
    const close = (found: number[], want: number[]): void => {
      found.forEach((rate, i) => expect(rate).toBeCloseTo(want[i] ?? NaN, 3));
    };
    close(await rates({ kind: 'constant', ...base }, at), [0.125, 0.25, 0.375, 0.5, 0.5, 0.5, 0.5, 0.5]);
    close(
      await rates({ kind: 'linear', ...base }, at),
      [0.125, 0.25, 0.375, 0.5, 0.3125, 0.125, 0.125, 0.125],
    );
    close(
      await rates({ kind: 'cosine', ...base }, at),
      [0.125, 0.25, 0.375, 0.5, 0.3125, 0.125, 0.125, 0.125],
    );
  });
});

describe('a constant rate without warm-up', () => {
  it('does not rest on the step', () => {
    const schedule: Schedule = { kind: 'constant', peak: 1e-4, warmup: 0, steps: 10, floor: 0 };
    expect(scheduled(schedule, input('step', 'float32', [])).node.op).toBe('Constant');
  });
});
