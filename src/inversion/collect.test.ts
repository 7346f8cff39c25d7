import { describe, expect, it } from 'vitest';
import { furthest } from '../../test/fixtures/float64.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { GraphError, floatsOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { runWithCache } from '../models/hooked-model.js';
import { seededRandom } from '../random.js';
import { addition, counting } from '../studies/index.js';
import { activationAt, attentionToBos, createCollector } from './collect.js';

const runtime = nodeRuntime({ threads: 1 });

/** The largest difference, as a share of the largest value: activations of random weights are large. */
const apart = (a: Float32Array, b: Float32Array): number =>
  furthest(a, b) / b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
const rounding = 5e-6;
const nothing = new Float32Array();

describe.each([addition, counting])('collecting from a model of $name', (task) => {
  const random = seededRandom(4);
  const inputs = Array.from({ length: 9 }, () => task.sample(random, 'train'));

  it('gives at many sites, in one pass, what a run of each input and site alone gives', async () => {
    const model = await probedModel(task);
    // 9 inputs in batches of 4: two whole ones and a rest of one.
    const collector = createCollector(runtime, model, task.sites, task.maxLength, task.pad, 4);
    const collected = await collector.collect(inputs);
    expect([...collected.sites.keys()]).toEqual(task.sites);
    for (const row of [0, 3, 4, 8]) {
      const ids = inputs[row] ?? [];
      for (const site of task.sites) {
        const alone = floatsOf(await runWithCache(runtime, model, [ids], { names: [site] }), site);
        const { width } = collected;
        ids.forEach((_, position) => {
          const own = alone.subarray(position * width, (position + 1) * width);
          expect(apart(activationAt(collected, site, row, position), own)).toBeLessThan(rounding);
        });
      }
    }
    await collector.dispose();
  });

  it('does not depend on the batch, on neighbours or on how many inputs there are', async () => {
    const model = await probedModel(task);
    const [site = ''] = task.sites.slice(-1);
    const all = createCollector(runtime, model, [site], task.maxLength, task.pad, 16);
    const whole = await all.collect(inputs);
    const size = whole.places * whole.width;
    for (const batch of [1, 3, 9]) {
      const collector = createCollector(runtime, model, [site], task.maxLength, task.pad, batch);
      for (const count of [0, 1, batch, Math.min(9, batch + 1), 9]) {
        const some = (await collector.collect(inputs.slice(0, count))).sites.get(site) ?? nothing;
        expect(some).toHaveLength(count * size);
        const wanted = whole.sites.get(site)?.subarray(0, count * size) ?? nothing;
        expect(apart(some, wanted)).toBeLessThan(rounding);
      }
      await collector.dispose();
    }
    // Results are the caller's: a later pass leaves them alone.
    const before = whole.sites.get(site)?.slice();
    await all.collect([...inputs].reverse());
    expect(whole.sites.get(site)).toEqual(before);
    // Unless it is handed back: then its memory is written over, as far as it reaches.
    const fewer = await all.collect([...inputs].reverse().slice(2), whole);
    expect(fewer.sites.get(site)?.buffer).toBe(whole.sites.get(site)?.buffer);
    const fresh = await all.collect([...inputs].reverse().slice(2));
    expect(fewer.sites.get(site)).toEqual(fresh.sites.get(site));
    const more = await all.collect([...inputs, ...inputs], fewer);
    expect(more.sites.get(site)).toEqual((await all.collect([...inputs, ...inputs])).sites.get(site));
    await all.dispose();
  });
});

describe('attention to BOS', () => {
  const inputs = Array.from({ length: 5 }, (_, at) => addition.sample(seededRandom(at), 'train'));
  const heads = ['blocks.1.attn.hook_result.2', 'blocks.0.attn.hook_result.3'];
  const sites = [...heads, 'blocks.0.hook_resid_mid'];

  it('is the first column of the pattern, and can choose a position', async () => {
    const model = await probedModel(addition);
    const collector = createCollector(runtime, model, sites, addition.maxLength, addition.pad, 2);
    const collected = await collector.collect(inputs, undefined, true);
    const plain = await collector.collect(inputs);
    expect(plain.toBos.size).toBe(0);
    for (const site of sites) expect(collected.sites.get(site)).toEqual(plain.sites.get(site));
    for (const [row, ids] of inputs.entries()) {
      for (const [site, layer, head] of [
        [heads[0] ?? '', 1, 2],
        [heads[1] ?? '', 0, 3],
      ] as const) {
        const name = `blocks.${layer}.attn.hook_pattern`;
        const pattern = floatsOf(await runWithCache(runtime, model, [ids], { names: [name] }), name);
        const own = attentionToBos(collected, site, row);
        ids.forEach((_, at) =>
          expect(own[at]).toBeCloseTo(pattern[(head * ids.length + at) * ids.length] ?? NaN, 5),
        );
      }
    }
    const least = (toBos: Float32Array): number =>
      [1, 2, 3, 4].reduce((best, at) => ((toBos[at] ?? 1) < (toBos[best] ?? 1) ? at : best));
    const choices = inputs.map((_, row) => ({ row, site: 0, position: row === 3 ? () => null : least }));
    const picked = await collector.pick(inputs, choices);
    picked.forEach((one, row) => {
      if (row === 3) {
        expect(one).toBeNull();
        return;
      }
      const position = least(attentionToBos(collected, heads[0] ?? '', row));
      expect(one?.position).toBe(position);
      expect(one?.activation).toEqual(activationAt(collected, heads[0] ?? '', row, position));
    });
    expect(() => attentionToBos(collected, sites[2] ?? '', 0)).toThrow(/attention at .* was not collected/);
    expect(() => attentionToBos(plain, heads[0] ?? '', 0)).toThrow(GraphError);
    await collector.dispose();
  });
});

describe('what cannot be collected', () => {
  it('is named', async () => {
    const model = await probedModel(addition);
    const wrong = createCollector(runtime, model, ['blocks.7.hook_resid_mid'], 14, addition.pad);
    await expect(wrong.collect([[10, 1]])).rejects.toThrow(
      /^collect: the model has no site blocks\.7\.hook_resid_mid$/,
    );
    const collector = createCollector(runtime, model, ['blocks.0.hook_resid_mid'], 14, addition.pad, 1);
    const collected = await collector.collect([[10, 1]]);
    expect(() => activationAt(collected, 'blocks.1.hook_resid_mid', 0, 0)).toThrow(GraphError);
    expect(() => activationAt(collected, 'blocks.0.hook_resid_mid', 0, 14)).toThrow(/position 14 was not/);
    await collector.dispose();
  });
});
