/**
 * Used versus contained, against runs of the model one by one.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { everyInput, meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { answerReads } from '../causal/answer-reads.js';
import { createInserter } from '../causal/insertion.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { openExactPreimages } from '../inversion/enumerate/exact.js';
import { createReader } from '../inversion/preimage.js';
import { type Used } from '../inversion/reading-parts.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type CapableTask } from '../tasks/capabilities.js';
import { heldTask, resolvePosition, type Task } from '../tasks/index.js';
import { createInterpreter } from './interpreter.js';
import { createPrior } from './prior.js';
import { activationsOf } from './queries.js';
import { usedExactly } from './used-exact.js';
import { usedOfReading } from './used-reading.js';
import { usualMaxKl } from './used.js';

const runtime = nodeRuntime({ threads: 1 });

/** KL of each of some inputs, from activations in full precision at named positions. */
async function effectsOf(
  model: HookedModel,
  task: Task,
  site: string,
  query: { readonly ids: readonly number[]; readonly position: number },
  inputs: readonly (readonly number[])[],
  positionOf: (ids: readonly number[], at: number) => number,
): Promise<Float64Array> {
  const reads = answerReads(task, query.ids, query.position);
  const inserter = await createInserter(runtime, model, { ...query, site, reads });
  const own = await activationsOf(
    runtime,
    model,
    task,
    site,
    inputs.map((ids, at) => ({ ids, position: positionOf(ids, at) })),
  );
  const { kl } = await inserter.insert(Float32Array.from(own.flatMap((z) => [...z])));
  await inserter.dispose();
  return kl;
}

const shareOfFeature = (
  task: Task,
  name: string,
  ids: readonly number[],
  inputs: readonly (readonly number[])[],
): number | undefined => {
  const feature = task.features.find((one) => one.name === name);
  if (feature === undefined) throw new Error(`no feature ${name}`);
  return inputs.length === 0
    ? undefined
    : inputs.filter((own) => feature.of(own) === feature.of(ids)).length / inputs.length;
};

describe('usedExactly', () => {
  it.each([
    ['blocks.0.attn.hook_result.0', 'END', null],
    ['blocks.1.hook_resid_post', 'END', 'END'],
    ['blocks.1.attn.hook_result.1', 'S1+1', 'S1+1'],
  ] as const)('counts over %s at %s (alone: %s) what runs one by one give', async (site, place, onlyAt) => {
    const whole = await meetingsTask();
    const model = await modelFor(whole);
    const ids = whole.encode('Ann and Bo in Oslo. Ann met Bo');
    const task = heldTask(whole, ids, ['A', 'B', 'S', 'pattern']);
    const position = resolvePosition(task, ids, place);
    const exact = await openExactPreimages(runtime, model, task, site);
    const prior = createPrior(task);
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [{ ids, position }]);
    const inputs = Array.from({ length: task.data?.size ?? 0 }, (_, at) => task.data?.instance(at) ?? []);
    const view = { epsilon: 0.5, metric: 'euclidean', onlyAt } as const;
    const set = await exact.find(z, view);
    const kl = await effectsOf(
      model,
      task,
      site,
      { ids, position },
      inputs,
      (_, at) => set.positions[at] ?? 0,
    );
    const sorted = [...kl].sort((a, b) => a - b);
    // Between two inputs, so that 16 bits cannot decide.
    const third = Math.floor(sorted.length / 3);
    const maxKl = ((sorted[third] ?? 0) + (sorted.find((one) => one > 1.01 * (sorted[third] ?? 0)) ?? 1)) / 2;
    const used = await usedExactly(runtime, model, prior, exact, set, {
      ids,
      position,
      epsilon: 0.5,
      seed: 1,
      maxKl,
    });
    await exact.dispose();

    const near = new Set(set.members);
    const read = new Set([...inputs.keys()].filter((at) => (kl[at] ?? 1) <= maxKl));
    const both = [...near].filter((at) => read.has(at)).length;
    expect(used.parts).toEqual({
      both,
      distanceOnly: near.size - both,
      effectOnly: read.size - both,
      neither: inputs.length - near.size - read.size + both,
    });
    expect(read.has(inputs.findIndex((own) => own.join() === ids.join()))).toBe(true);
    expect(used.bits.effect).toBeCloseTo(-Math.log2(read.size / inputs.length), 10);
    expect(used.kl.n).toBe(inputs.length);
    expect(used.kl.most).toBeCloseTo(sorted.at(-1) ?? 0, 3);
    expect(used.features.map(({ feature }) => feature)).toContain('S');
    for (const { feature, all, distance, effect } of used.features) {
      const of = (numbers: Iterable<number>): number | undefined =>
        shareOfFeature(
          task,
          feature,
          ids,
          [...numbers].map((at) => inputs[at] ?? []),
        );
      expect(all).toBeCloseTo(of(inputs.keys()) ?? NaN, 10);
      expect(distance?.share).toBeCloseTo(of(near) ?? NaN, 10);
      expect(effect?.share).toBeCloseTo(of(read) ?? NaN, 10);
      // Nothing is estimated where all inputs are known.
      expect([effect?.low, effect?.high]).toEqual([null, null]);
    }
    const sizes = used.curve.map((point) => point.inputs);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  });

  it('finds that a head of the last layer is not read before the answer, whatever it holds', async () => {
    const whole = await meetingsTask();
    const model = await modelFor(whole);
    const ids = whole.encode('Ann and Bo in Oslo. Ann met Bo');
    const task = heldTask(whole, ids, ['A', 'B', 'S']);
    const position = resolvePosition(task, ids, 'S1+1');
    const exact = await openExactPreimages(runtime, model, task, 'a1.1');
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, exact.site, [
      { ids, position },
    ]);
    const set = await exact.find(z, { epsilon: 0.001, onlyAt: 'S1+1' });
    const used = await usedExactly(runtime, model, createPrior(task), exact, set, {
      ids,
      position,
      epsilon: 0.001,
      seed: 1,
    });
    expect(used.kl).toMatchObject({ mean: 0, median: 0, most: 0 });
    expect(used.bits.effect).toBe(0);
    expect(used.parts).toMatchObject({ distanceOnly: 0, neither: 0 });
    // Only inputs that begin alike have this very activation: the first name is held, and nobody reads it.
    expect(used.features.find(({ feature }) => feature === 'A')?.verdict).toBe('held, not used');
    for (const { verdict } of used.features) expect(verdict).toMatch(/not used$|^neither$/);
    await exact.dispose();
  });
});

describe('usedOfReading', () => {
  const sums = fewSums([100, 101, 109, 110, 199, 450, 455, 459, 500, 555, 901, 999]);
  const ids = sums.data.instance(77);
  const site = 'blocks.0.attn.hook_result.1';
  let model: HookedModel;
  beforeAll(async () => {
    model = await probedModel(sums);
  });

  it('estimates with a decoder what all inputs give', async () => {
    const task: CapableTask = sums;
    const [epsilon, metric] = [0.9, 'euclidean'] as const;
    const decoder = smallDecoder(task);
    const reader = createReader(runtime, model, decoder, task);
    const interpreter = createInterpreter(runtime, model, decoder, task);
    const rounds = [{ temperature: 1, noise: 0, candidates: 64 }];
    const preimage = await reader.read({ ids, site, position: 8, seed: 1, rounds, epsilon });
    const exact = await openExactPreimages(runtime, model, task, site);
    const set = await exact.find(preimage.z, { epsilon, metric });
    const inputs = Array.from({ length: task.data.size }, (_, at) => task.data.instance(at));
    const kl = await effectsOf(
      model,
      task,
      site,
      { ids, position: 8 },
      inputs,
      (_, at) => set.positions[at] ?? 0,
    );
    const maxKl = [...kl].sort((a, b) => a - b)[60] ?? 0;
    const of = (): Promise<Used> =>
      usedOfReading(runtime, model, reader, interpreter, preimage, {
        rounds,
        epsilon,
        metric,
        maxKl: maxKl * 1.0001,
      });
    const used = await of();
    const read = inputs.filter((_, at) => (kl[at] ?? 1) <= maxKl * 1.0001);
    // 2,048 blind draws have all 144 inputs among them: nothing is left to chance.
    expect(used.inputs).toBe('drawn');
    expect(used.parts.both + used.parts.effectOnly).toBe(read.length);
    expect(used.parts.both + used.parts.distanceOnly).toBe(set.size);
    expect(used.bits.effect).toBeCloseTo(-Math.log2(read.length / 144), 2);
    for (const { feature, effect } of used.features) {
      const share = shareOfFeature(task, feature, ids, read) ?? NaN;
      expect(effect?.share).toBeCloseTo(share, 3);
      expect(effect?.low ?? 1).toBeLessThanOrEqual(share + 1e-3);
      expect(effect?.high ?? 0).toBeGreaterThanOrEqual(share - 1e-3);
    }
    // The same seed gives the same figures.
    expect(await of()).toEqual(used);
    await reader.dispose();
    await interpreter.dispose();
    await exact.dispose();
  });

  it('searches a second time by effect where there is no decoder', async () => {
    const task = await meetingsTask();
    const probed = await modelFor(task);
    const own = task.encode('Ann and Bo in Oslo. Ann met Bo');
    const position = resolvePosition(task, own, 'END');
    const reader = createReader(runtime, probed, null, task);
    const interpreter = createInterpreter(runtime, probed, null, task);
    const view = {
      epsilon: 0.3,
      metric: 'euclidean',
      rounds: [{ temperature: 1, noise: 0, candidates: 96 }],
    } as const;
    const preimage = await reader.read({ ids: own, site: 'x1.post', position, seed: 1, ...view });
    const used = await usedOfReading(runtime, probed, reader, interpreter, preimage, view);
    expect(used).toMatchObject({
      inputs: 'searched',
      maxKl: usualMaxKl,
      bits: { distance: null, effect: null },
    });
    expect(used.answer).toEqual([{ position, token: expect.stringContaining('Bo') as string }]);
    const all = everyInput(task);
    const found = Object.values(used.parts).reduce((sum, count) => sum + count, 0);
    expect(found).toBeGreaterThan(96);
    expect(found).toBeLessThanOrEqual(all.length);
    // What decides the next token is the last stream: what is near by distance is near by effect.
    expect(used.parts.both).toBeGreaterThan(0);
    for (const { distance, effect } of used.features) {
      expect(distance).toMatchObject({ low: null, high: null });
      expect(effect).toMatchObject({ low: null, high: null });
    }
    await reader.dispose();
    await interpreter.dispose();
  });
});
