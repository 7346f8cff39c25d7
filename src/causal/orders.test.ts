import { describe, expect, it } from 'vitest';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { metrics } from './metric.js';
import { type Step, orders, patchInOrders } from './orders.js';
import { type PatchCase, patch } from './patch.js';
import { sweep } from './sweep.js';

const runtime = nodeRuntime({ threads: 1 });
const config = smallConfig();
const model = await smallModel(config);
const cases: PatchCase[] = Array.from({ length: 9 }, (_, at) => {
  const [clean = [], contrast = []] = randomIds(config, 2, 5, 40 + at);
  contrast[4] = ((clean[4] ?? 0) + 1) % config.vocab_size;
  return { clean, contrast, answerAt: 4, contrastAnswerAt: 4 };
});
const sites = ['a0.0', 'a0.1', 'm0', 'a1.2'];
const targets = sites.map((site) => ({ site, label: site, positions: cases.map(() => 3) }));
const question = { cases, pad: 0, targets, metric: metrics['logit-difference'] };
const result = await patchInOrders(runtime, model, question);

describe.each(orders)('%s increments', (order) => {
  const own = result.orders[order];
  const last = own.at(-1);

  it('sum to the effect of everything', () => {
    const sum = own.reduce((total, { increment }) => total + increment.mean, 0);
    expect(sum).toBeCloseTo(last?.effect.mean ?? NaN, 10);
    expect(last?.effect.mean).toBe(
      result.orders[order === 'forward' ? 'backward' : 'forward'].at(-1)?.effect.mean,
    );
  });

  it('add one step after the other', () => {
    const wanted = order === 'forward' ? sites : sites.toReversed();
    expect(own.map(({ step }) => step.label)).toEqual(wanted);
    expect(own.map(({ patched }) => patched.map(({ label }) => label))).toEqual(
      wanted.map((_, at) => wanted.slice(0, at + 1)),
    );
  });

  it('are differences of effects, with the standard error of the paired ones', async () => {
    const sets = own.map(({ patched }) => patched.flatMap((step) => step.targets));
    const { sets: plain } = await patch(runtime, model, { ...question, sets });
    own.forEach(({ effect, increment }, at) => {
      expect(effect.mean).toBeCloseTo(plain[at]?.effect.mean ?? NaN, 6);
      const differences = [...(plain[at]?.effects ?? [])].map(
        (value, i) => value - (plain[at - 1]?.effects[i] ?? 0),
      );
      const mean = differences.reduce((sum, value) => sum + value, 0) / 9;
      const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 8;
      expect(increment.mean).toBeCloseTo(mean, 6);
      expect(increment.standardError).toBeCloseTo(Math.sqrt(variance / 9), 6);
    });
  });
});

describe('steps', () => {
  it('of several targets are patched together', async () => {
    const steps: Step[] = [
      { label: 'layer 0', targets: [0, 1, 2] },
      { label: 'layer 1', targets: [3] },
    ];
    const grouped = await patchInOrders(runtime, model, question, steps);
    expect(grouped.orders.forward.map(({ effect }) => effect.mean)).toEqual(
      [2, 3].map((at) => result.orders.forward[at]?.effect.mean),
    );
    expect(grouped.orders.backward[0]?.effect.mean).toBe(result.orders.backward[0]?.effect.mean);
  });
});

describe('a sweep', () => {
  it('has in each cell what patching that site at that position alone does', async () => {
    const positions = [
      { name: 'first', positions: cases.map(() => 0) },
      { name: 'last', positions: cases.map(() => 3) },
    ];
    const swept = await sweep(runtime, model, { ...question, sites, positions });
    expect(swept.cells.map(({ site, position }) => `${site} ${position}`)).toEqual(
      sites.flatMap((site) => [`${site} first`, `${site} last`]),
    );
    const alone = await patch(runtime, model, { ...question, sets: sites.map((_, at) => [at]) });
    sites.forEach((_, at) => {
      expect(swept.cells[2 * at + 1]?.effect.mean).toBeCloseTo(alone.sets[at]?.effect.mean ?? NaN, 6);
    });
  });
});
