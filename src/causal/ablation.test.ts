import { describe, expect, it } from 'vitest';
import { type Edit, type Float64Run, float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { ablate } from './ablation.js';
import { divergence } from './metric.js';

const runtime = nodeRuntime({ threads: 1 });
const config = smallConfig();
const { n_embd: width, vocab_size: vocabulary } = config;
const model = await smallModel(config);
const inputs = randomIds(config, 5, 6, 3);
const positions = [0, 2, 1, 2, 3];
const reads = [
  { name: 'near', positions: [3, 3, 3, 3, 3] },
  { name: 'far', positions: [5, 4, 5, 5, 4] },
];
const site = 'blocks.0.hook_resid_post';
const question = { inputs, pad: 0, site: 'x0.post', positions, reads };

const clean = inputs.map((ids) => float64Gpt2(config, model.parameters, ids));
const mean = Float64Array.from({ length: width }, (_, i) =>
  clean.reduce(
    (sum, { cache }, at) =>
      sum + (cache.get(site)?.[(positions[at] ?? 0) * width + i] ?? NaN) / inputs.length,
    0,
  ),
);

/** KL and loss of the largest logit, by float64 loops. */
function expected(input: number, read: number): { kl: number; loss: number; relative: number } {
  const edit: Edit = (x) => {
    const out = x.slice();
    out.set(mean, (positions[input] ?? 0) * width);
    return out;
  };
  const row = (run: Float64Run | undefined): Float32Array => {
    const from = (reads[read]?.positions[input] ?? 0) * vocabulary;
    return Float32Array.from(run?.logits.subarray(from, from + vocabulary) ?? []);
  };
  const changed = float64Gpt2(config, model.parameters, inputs[input] ?? [], new Map([[site, edit]]));
  const [before, after] = [row(clean[input]), row(changed)];
  const most = Math.max(...before);
  const loss = most - (after[before.indexOf(most)] ?? NaN);
  return { kl: divergence(before, after), loss, relative: loss / most };
}

describe('mean ablation', () => {
  it('does what replacing by the mean in float64 does', async () => {
    for (const batch of [2, 5]) {
      const result = await ablate(runtime, model, { ...question, batch });
      expect(result.n).toBe(5);
      result.reads.forEach(({ place, kl, logitLoss, relativeLogitLoss }, read) => {
        const all = inputs.map((_, input) => expected(input, read));
        const average = (of: (one: (typeof all)[number]) => number): number =>
          all.reduce((sum, one) => sum + of(one) / inputs.length, 0);
        expect(place).toBe(reads[read]?.name);
        expect(kl.mean).toBeCloseTo(
          average((one) => one.kl),
          4,
        );
        expect(logitLoss.mean).toBeCloseTo(
          average((one) => one.loss),
          4,
        );
        expect(relativeLogitLoss.mean).toBeCloseTo(
          average((one) => one.relative),
          3,
        );
      });
    }
  });

  it('of inputs that are all the same changes nothing', async () => {
    const [same = []] = inputs;
    const result = await ablate(runtime, model, {
      ...question,
      inputs: [same, same],
      positions: [1, 1],
      reads: [{ name: 'last', positions: [5, 5] }],
    });
    expect(result.reads[0]?.kl.mean).toBeLessThan(1e-10);
    expect(result.reads[0]?.logitLoss.mean).toBeCloseTo(0, 5);
  });

  it.each([
    ['no inputs', { inputs: [] }, /^There is nothing to replace/],
    ['an unknown site', { site: 'x0.pst' }, /^Unknown site "x0\.pst"\. Did you mean "x0\.post"\?/],
    ['attention rows', { site: 'blocks.0.attn.hook_pattern' }, /has no mean over inputs/],
  ])('refuses %s', async (_, changes, message) => {
    const asked = ablate(runtime, model, { ...question, ...changes });
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
  });
});
