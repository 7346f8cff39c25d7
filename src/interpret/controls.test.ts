/**
 * Controls of readings and of exact preimages.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { fixedDecoder, probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { distancesTo, meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Decoder } from '../inversion/decoder.js';
import { openExactPreimages } from '../inversion/enumerate/exact.js';
import { createReader } from '../inversion/preimage.js';
import { type Controls } from '../inversion/reading-parts.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor, seededRandom } from '../random.js';
import { resolvePosition } from '../tasks/index.js';
import { randomOfNorm } from './control-activations.js';
import { decoderControls, searchControls } from './controls.js';
import { exactControls } from './exact-controls.js';
import { createPrior } from './prior.js';

const runtime = nodeRuntime({ threads: 1 });
const site = 'blocks.0.attn.hook_result.1';
const view = { epsilon: 0.9, metric: 'euclidean' } as const;

describe('randomOfNorm', () => {
  it('has the norm of the other, another direction for each seed, and the same for the same', () => {
    const element = fc.float({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(element, { minLength: 3, maxLength: 50 }), fc.nat(), (values, seed) => {
        fc.pre(Math.hypot(...values) > 1e-3);
        const z = Float32Array.from(values);
        const one = randomOfNorm(z, seededRandom(seed));
        expect(Math.hypot(...one) / Math.hypot(...z)).toBeCloseTo(1, 5);
        expect(randomOfNorm(z, seededRandom(seed))).toEqual(one);
        expect(randomOfNorm(z, seededRandom(seed + 1))).not.toEqual(one);
      }),
    );
  });

  it('points nowhere in particular', () => {
    const z = Float32Array.from({ length: 64 }, () => 1);
    const cosines = Array.from({ length: 400 }, (_, at) => {
      const one = randomOfNorm(z, randomFor(1, 'test', at));
      return one.reduce((sum, value) => sum + value, 0) / 64;
    });
    expect(Math.abs(cosines.reduce((sum, own) => sum + own, 0) / 400)).toBeLessThan(4 / Math.sqrt(64 * 400));
  });
});

describe('decoderControls', () => {
  const task = fewSums([100, 101, 109, 110, 199, 450, 455, 459, 500, 555, 901, 999]);
  const ids = task.data.instance(77);
  let model: HookedModel;
  beforeAll(async () => {
    model = await probedModel(task);
  });
  async function controlsOf(decoder: Decoder, seed: number): Promise<Controls> {
    const reader = createReader(runtime, model, decoder, task);
    const rounds = [{ temperature: 1, noise: 0, candidates: 4 }];
    const preimage = await reader.read({ ids, site, position: 8, seed, rounds });
    const controls = await decoderControls(runtime, model, decoder, createPrior(task), preimage, view);
    await reader.dispose();
    return controls;
  }

  it('tells what a decoder says by itself: one that always says the query says it of any activation', async () => {
    const said = [...ids.slice(1, 4), ...ids.slice(5, 8)];
    const { activations, searched } = await controlsOf(fixedDecoder(task, said), 1);
    expect(searched).toBe(false);
    expect(activations.map(({ activation }) => activation)).toEqual(['query', 'bos', 'random']);
    for (const { draws, valid, features } of activations) {
      expect([draws, valid]).toEqual([256, 256]);
      expect(features.map(({ feature }) => feature)).toContain('F1');
      for (const { share, low, high } of features) {
        expect([share, high]).toEqual([1, 1]);
        expect(low).toBeGreaterThan(0.98);
      }
    }
    const [own, bos, random] = activations;
    expect(own?.inside.share).toBe(1);
    // Every input begins with BOS; a random vector is near none.
    expect(bos?.inside.share).toBe(1);
    expect(random?.inside).toMatchObject({ count: 0, share: 0 });
  });

  it('gives the same by the same seed, and other draws by another', async () => {
    const decoder = smallDecoder(task);
    const one = await controlsOf(decoder, 1);
    expect(await controlsOf(decoder, 1)).toEqual(one);
    expect(await controlsOf(decoder, 2)).not.toEqual(one);
    for (const { features } of one.activations)
      for (const { share, low, high } of features) {
        expect(low ?? 1).toBeLessThanOrEqual(share);
        expect(high ?? 0).toBeGreaterThanOrEqual(share);
      }
  });
});

describe('searchControls', () => {
  it('searches as long for activations that hold nothing, and finds what is inside', async () => {
    const task = await meetingsTask();
    const model = await modelFor(task);
    const ids = task.encode('Ann and Bo in Oslo. Ann met Bo');
    const rounds = [{ temperature: 1, noise: 0, candidates: 64 }];
    const reader = createReader(runtime, model, null, task);
    const position = resolvePosition(task, ids, 'END');
    const preimage = await reader.read({ ids, site: 'x1.post', position, seed: 1, rounds, ...view });
    const { searched, activations } = await searchControls(reader, createPrior(task), preimage, rounds, {
      ...view,
      epsilon: 0.3,
    });
    expect(searched).toBe(true);
    const [own, bos, random] = activations;
    expect([own?.draws, bos?.draws, random?.draws]).toEqual([64, 64, 64]);
    expect(own?.inside.count).toBeGreaterThan(0);
    expect(bos?.inside.count).toBe(64);
    expect(random?.inside.count).toBe(0);
    expect(random?.features).toEqual([]);
    for (const { low, high } of own?.features ?? []) expect([low, high]).toEqual([null, null]);
    await reader.dispose();
  });
});

describe('exactControls', () => {
  it('counts inputs near BOS and near random vectors as runs of each input do', async () => {
    const task = fewSums([100, 101, 109, 110, 199, 450, 455, 459, 500, 555, 901, 999]);
    const model = await probedModel(task);
    const ids = task.data.instance(5);
    const exact = await openExactPreimages(runtime, model, task, site);
    const z = Float32Array.from({ length: 32 }, (_, at) => Math.sin(at));
    const ask = (onlyAt: string | null, epsilon: number, seed = 1) =>
      exactControls(runtime, model, task, exact, { ids, z }, { epsilon, metric: 'euclidean', onlyAt, seed });
    const [bos, random] = await ask(null, 1.3);
    // All inputs begin with BOS.
    expect(bos).toMatchObject({ activation: 'bos', sizes: [144] });
    expect(bos?.nearest[0]).toBeLessThan(1e-4);
    expect(random?.sizes).toHaveLength(8);
    const inputs = Array.from({ length: 144 }, (_, at) => task.data.instance(at));
    for (const [at, size] of random?.sizes.entries() ?? []) {
      const vector = randomOfNorm(z, randomFor(1, 'control', at));
      const distances = await distancesTo(model, task, site, vector, inputs);
      expect(size).toBe(distances.filter((distance) => distance <= 1.3).length);
      expect(random?.nearest[at]).toBeCloseTo(Math.min(...distances), 3);
    }
    expect(await ask(null, 1.3)).toEqual([bos, random]);
    expect((await ask(null, 1.3, 2))[1]).not.toEqual(random);
    // At "=" alone no input has the activation of BOS.
    expect((await ask('=', 1e-3))[0]?.sizes).toEqual([0]);
    await exact.dispose();
  });
});
