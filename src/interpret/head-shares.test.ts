import { describe, expect, it } from 'vitest';
import { float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { headSite } from '../models/hooks.js';
import { type Processing } from '../models/processing.js';
import { seededRandom } from '../random.js';
import { headShares, proximityShares, upperHalf } from './head-shares.js';

const runtime = nodeRuntime({ threads: 1 });
const prompts = [4, 6, 1, 5, 6].map((length, at) => randomIds(smallConfig(), 1, length, 30 + at)[0] ?? []);
const question = { prompts, pad: 0, threshold: 0.1, fromLayer: 0 };

describe('shares by proximity', () => {
  const random = seededRandom(7);
  const width = 5;
  const terms = Float64Array.from({ length: 4 * width }, () => random.gaussian());
  const sum = Float64Array.from({ length: width }, (_, at) =>
    [0, 1, 2, 3].reduce((all, term) => all + (terms[term * width + at] ?? 0), 0),
  );
  it('sum to 1, whatever the scale, and are those of the definition', () => {
    const shares = proximityShares(terms, sum);
    expect(shares.reduce((all, share) => all + share, 0)).toBeCloseTo(1, 12);
    const scaled = proximityShares(
      terms.map((value) => 30 * value),
      sum.map((value) => 30 * value),
    );
    shares.forEach((share, at) => expect(scaled[at]).toBeCloseTo(share, 12));
    const norm = (of: (at: number) => number): number =>
      Array.from({ length: width }, (_, at) => Math.abs(of(at))).reduce((all, one) => all + one, 0);
    const near = [0, 1, 2, 3].map((term) =>
      Math.max(
        0,
        norm((at) => sum[at] ?? 0) - norm((at) => (sum[at] ?? 0) - (terms[term * width + at] ?? 0)),
      ),
    );
    const all = near.reduce((a, b) => a + b, 0);
    near.forEach((one, at) => expect(shares[at]).toBeCloseTo(one / all, 12));
  });
  it('are 0 of what leads away from the sum, and where nothing is near it', () => {
    expect([...proximityShares([3, 3, -1, -1], [2, 2])]).toEqual([1, 0]);
    expect([...proximityShares([-1, -1, 0, 0], [1, 1])]).toEqual([0, 0]);
  });
});

const kinds: [string, Processing, Record<string, unknown>][] = [
  ['a model as it is', 'none', {}],
  ['a processed model', 'transformerlens', {}],
];
describe.each(kinds)('heads of %s', (_, processing, changes) => {
  it('have the shares, counts and attention of float64 loops at the last token of each prompt', async () => {
    const config = smallConfig(changes);
    const { n_embd: width, n_head: heads, n_layer: layers } = config;
    const model = await smallModel(config, processing);
    const found = await headShares(runtime, model, question);
    expect(found).toHaveLength(layers * heads);
    const runs = prompts.map((ids) => float64Gpt2(config, model.parameters, ids).cache);
    for (const [at, { site, counted, share, toFirst }] of found.entries()) {
      const [layer, head] = [Math.floor(at / heads), at % heads];
      expect(site).toBe(headSite(layer, head));
      const wanted = runs.map((cache, prompt) => {
        const last = (prompts[prompt]?.length ?? 0) - 1;
        const row = (name: string): number[] => [
          ...(cache.get(name) ?? new Float64Array()).subarray(last * width, (last + 1) * width),
        ];
        const block = `blocks.${layer}`;
        const parts = [
          row(`${block}.hook_resid_pre`),
          ...Array.from({ length: heads }, (__, one) => row(headSite(layer, one))),
        ];
        const whole = row(`${block}.hook_resid_mid`);
        const pattern = cache.get(`${block}.attn.hook_pattern`) ?? new Float64Array();
        const places = last + 1;
        return {
          share: proximityShares(parts.flat(), whole)[1 + head] ?? NaN,
          toFirst: pattern[(head * places + last) * places] ?? NaN,
        };
      });
      const mean = (of: (one: (typeof wanted)[number]) => number): number =>
        wanted.reduce((sum, one) => sum + of(one), 0) / wanted.length;
      expect(share).toBeCloseTo(
        mean((one) => one.share),
        5,
      );
      expect(toFirst).toBeCloseTo(
        mean((one) => one.toFirst),
        5,
      );
      expect(counted.hits).toBe(wanted.filter((one) => one.share > question.threshold).length);
      expect(counted.n).toBe(prompts.length);
    }
    // Some count and some do not, so that the threshold is seen to matter.
    expect(new Set(found.map(({ counted }) => counted.hits)).size).toBeGreaterThan(1);
  });
});

describe('which heads are measured', () => {
  it('are those from a layer on, the same whatever else is', async () => {
    const model = await smallModel();
    const all = await headShares(runtime, model, question);
    const upper = await headShares(runtime, model, { ...question, fromLayer: upperHalf(model.architecture) });
    expect(upper).toEqual(all.slice(3));
    // Prompts are counted one by one: their order changes nothing.
    const turned = await headShares(runtime, model, { ...question, prompts: prompts.toReversed() });
    turned.forEach(({ share, counted }, at) => {
      expect(share).toBeCloseTo(all[at]?.share ?? NaN, 6);
      expect(counted).toEqual(all[at]?.counted);
    });
  });
  it.each([
    ['no prompts', { prompts: [] }, /^There is no prompt to measure/],
    ['an empty prompt', { prompts: [[1], []] }, /^Prompt 2 is empty/],
    ['a layer that is none', { fromLayer: 2 }, /has layers 0 to 1: none is 2\.$/],
    [
      'a prompt that is too long',
      { prompts: [[1, 2, 3, 4, 5, 6, 7, 8]] },
      /8 tokens are more than the 7 places/,
    ],
  ])('refuses %s', async (_, changes, message) => {
    const asked = headShares(runtime, await smallModel(), { ...question, ...changes });
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
  });
});
