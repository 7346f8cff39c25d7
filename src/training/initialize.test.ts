import { describe, expect, it } from 'vitest';
import { gpt2ParameterShapes, smallConfig } from '../../test/fixtures/small-gpt2.js';
import { type ParameterPlan } from '../models/decoder-config.js';
import { readArchitecture } from '../models/families/index.js';
import { seededRandom } from '../random.js';
import { gpt2Plans, initializeParameters } from './initialize.js';

const plans = (entries: Record<string, ParameterPlan>): Map<string, ParameterPlan> =>
  new Map(Object.entries(entries));
const numbers = (data: ArrayLike<number> | undefined): number[] => Array.from(data ?? [], Number);

describe('initializeParameters', () => {
  const made = initializeParameters(
    plans({
      zeros: { shape: [3, 2], initial: 'zeros' },
      ones: { shape: [4], initial: 'ones' },
      normal: { shape: [100, 200], initial: { normal: 0.02 } },
      uniform: { shape: [100, 200], initial: { uniform: 0.5 } },
      given: { shape: [2, 2], initial: 'statistics' },
    }),
    seededRandom(1),
    new Map([['given', Float32Array.of(1, 2, 3, 4)]]),
  );
  const of = (name: string): number[] => numbers(made.get(name)?.data as Float32Array | undefined);

  it('fills as planned', () => {
    expect([...made].map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ['zeros', [3, 2], 'float32'],
      ['ones', [4], 'float32'],
      ['normal', [100, 200], 'float32'],
      ['uniform', [100, 200], 'float32'],
      ['given', [2, 2], 'float32'],
    ]);
    expect(of('zeros')).toEqual([0, 0, 0, 0, 0, 0]);
    expect(of('ones')).toEqual([1, 1, 1, 1]);
    expect(of('given')).toEqual([1, 2, 3, 4]);
  });

  it('draws normal and uniform numbers', () => {
    const n = 20_000;
    const moment = (name: string, power: number): number =>
      of(name).reduce((sum, v) => sum + v ** power, 0) / n;
    expect(Math.abs(moment('normal', 1))).toBeLessThan(5 * (0.02 / Math.sqrt(n)));
    expect(Math.abs(moment('normal', 2) / 0.02 ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    // A uniform number in ±½ has variance 1/12 and fourth moment 1/80.
    expect(Math.abs(moment('uniform', 1))).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(moment('uniform', 2) - 1 / 12)).toBeLessThan(5 * Math.sqrt((1 / 80 - 1 / 144) / n));
    expect(of('uniform').every((v) => Math.abs(v) <= 0.5)).toBe(true);
  });

  it('needs the statistics it is planned with', () => {
    const plan = plans({ mean: { shape: [2], initial: 'statistics' } });
    expect(() => initializeParameters(plan, seededRandom(1))).toThrow(/no statistics for parameter "mean"/);
    const short = new Map([['mean', new Float32Array(1)]]);
    expect(() => initializeParameters(plan, seededRandom(1), short)).toThrow(
      /no statistics for parameter "mean"/,
    );
  });
});

describe("GPT-2's start", () => {
  it('is normal, with less deviation for what writes to the residual stream', () => {
    const config = smallConfig({ n_layer: 8 });
    const made = gpt2Plans(readArchitecture(config), 0.02);
    expect(new Map([...made].map(([name, { shape }]) => [name, shape]))).toEqual(gpt2ParameterShapes(config));
    const of = (name: string) => made.get(name)?.initial;
    expect(of('wte.weight')).toEqual({ normal: 0.02 });
    expect(of('wpe.weight')).toEqual({ normal: 0.02 });
    expect(of('h.3.attn.c_attn.weight')).toEqual({ normal: 0.02 });
    expect(of('h.3.mlp.c_fc.weight')).toEqual({ normal: 0.02 });
    // 0.02 / √(2 · 8 layers)
    expect(of('h.3.attn.c_proj.weight')).toEqual({ normal: 0.005 });
    expect(of('h.3.mlp.c_proj.weight')).toEqual({ normal: 0.005 });
    for (const norm of ['h.0.ln_1', 'h.7.ln_2', 'ln_f']) {
      expect(of(`${norm}.weight`)).toBe('ones');
      expect(of(`${norm}.bias`)).toBe('zeros');
    }
    for (const name of made.keys()) if (name.endsWith('.bias')) expect(of(name)).toBe('zeros');
  });
});
