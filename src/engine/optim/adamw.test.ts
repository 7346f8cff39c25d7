import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Tensor, type Value, graph, input } from '../graph.js';
import { floatsOf } from '../runtime/runtime.js';
import { expectClose } from '../testing/agreement.js';
import { onDevice, runs, runtime } from '../testing/device.js';
import { random, toTensor } from '../testing/float64.js';
import { seeds } from '../testing/shapes.js';
import { type AdamWOptions, adamW, adamWScales } from './adamw.js';

type Settings = Omit<AdamWOptions, 'learningRate' | 'step'>;

/** A state as plain numbers. */
interface Reference {
  readonly parameter: number[];
  readonly first: number[];
  readonly second: number[];
}

/** One step of algorithm 2 of the paper, in float64. */
function referenceStep(
  { parameter, first, second }: Reference,
  gradient: readonly number[],
  rate: number,
  step: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 }: Settings,
): Reference {
  const g = (i: number): number => gradient[i] ?? NaN;
  const nextFirst = first.map((m, i) => beta1 * m + (1 - beta1) * g(i));
  const nextSecond = second.map((v, i) => beta2 * v + (1 - beta2) * g(i) ** 2);
  return {
    parameter: parameter.map((p, i) => {
      const m = (nextFirst[i] ?? NaN) / (1 - beta1 ** step);
      const v = (nextSecond[i] ?? NaN) / (1 - beta2 ** step);
      return p - rate * weightDecay * p - (rate * m) / (Math.sqrt(v) + epsilon);
    }),
    first: nextFirst,
    second: nextSecond,
  };
}

const size = 5;
const vector = (name: string): Value => input(name, 'float32', [size]);
const scalarOf = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

/** Takes steps on the device and in float64, and compares what comes of each. */
async function compare(settings: Settings, seed: number, steps: number, gradientScale = 1): Promise<void> {
  const options: AdamWOptions = {
    ...settings,
    learningRate: input('rate', 'float32', []),
    step: input('step', 'float32', []),
  };
  const state = { parameter: vector('parameter'), first: vector('first'), second: vector('second') };
  const next = adamW(state, vector('gradient'), adamWScales(options), options);
  const executable = await runtime.compile(
    graph({ 'next parameter': next.parameter, 'next first': next.first, 'next second': next.second }),
  );
  const zeros = { shape: [size], data: new Float64Array(size) };
  let current = {
    parameter: toTensor(random([size], seed)),
    first: toTensor(zeros),
    second: toTensor(zeros),
  };
  let reference: Reference = {
    parameter: Array.from(current.parameter.data, Number),
    first: Array<number>(size).fill(0),
    second: Array<number>(size).fill(0),
  };
  for (let step = 1; step <= steps; step++) {
    const rate = Math.fround(0.1 / step);
    const gradient = toTensor(random([size], seed + step, -gradientScale, gradientScale));
    const outputs = await executable.run({
      ...current,
      gradient,
      rate: scalarOf(rate),
      step: scalarOf(step),
    });
    reference = referenceStep(reference, Array.from(gradient.data, Number), rate, step, settings);
    const [parameter, first, second] = (['parameter', 'first', 'second'] as const).map((name) =>
      floatsOf(outputs, `next ${name}`),
    );
    if (!parameter || !first || !second) throw new Error('three outputs');
    expectClose(parameter, reference.parameter, 1e-5, `parameter after step ${step}`);
    expectClose(first, reference.first, 1e-6 * gradientScale, `first moment after step ${step}`);
    expectClose(second, reference.second, 1e-6 * gradientScale ** 2, `second moment after step ${step}`);
    current = {
      parameter: { ...current.parameter, data: parameter },
      first: { ...current.first, data: first },
      second: { ...current.second, data: second },
    };
  }
  await executable.dispose();
}

onDevice(() => {
  it('takes the steps of the paper, with its own settings', async () => {
    await compare({}, 1, 12);
  });

  it('takes the steps of the paper, whatever the settings', async () => {
    const settings = fc.record({
      beta1: fc.constantFrom(0, 0.5, 0.9, 0.95),
      beta2: fc.constantFrom(0.5, 0.9, 0.99, 0.999),
      epsilon: fc.constantFrom(1e-8, 1e-4, 0.1),
      weightDecay: fc.constantFrom(0, 0.01, 0.5),
    });
    await fc.assert(
      fc.asyncProperty(settings, seeds, (own, seed) => compare(own, seed, 4)),
      { numRuns: Math.ceil(runs / 2) },
    );
  });

  it('takes steps of the size of the rate from gradients of any size', async () => {
    for (const scale of [1e-3, 1, 1e3]) await compare({ weightDecay: 0, epsilon: 1e-12 }, 3, 5, scale);
  });

  it('moves the first step by the rate, against the sign of the gradient', async () => {
    const options = {
      learningRate: input('rate', 'float32', []),
      step: input('step', 'float32', []),
      weightDecay: 0,
    };
    const state = { parameter: vector('parameter'), first: vector('first'), second: vector('second') };
    const next = adamW(state, vector('gradient'), adamWScales(options), options);
    const executable = await runtime.compile(graph({ y: next.parameter }));
    const zeros = toTensor({ shape: [size], data: new Float64Array(size) });
    const outputs = await executable.run({
      parameter: zeros,
      first: zeros,
      second: zeros,
      gradient: toTensor({ shape: [size], data: Float64Array.of(1, -2, 0.01, -100, 0) }),
      rate: scalarOf(0.25),
      step: scalarOf(1),
    });
    floatsOf(outputs, 'y').forEach((moved, i) =>
      expect(moved).toBeCloseTo([-0.25, 0.25, -0.25, 0.25, 0][i] ?? NaN, 4),
    );
  });
});
