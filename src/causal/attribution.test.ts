import { describe, expect, it } from 'vitest';
import { float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { furthest } from '../../test/fixtures/float64.js';
import { randomIds, smallConfig, smallModel } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { type Processing } from '../models/processing.js';
import { attributableSites, attribute, meanAttribution, writingSites } from './attribution.js';

const runtime = nodeRuntime({ threads: 1 });
const inputs = [4, 6, 5].map((length, at) => randomIds(smallConfig(), 1, length, 60 + at)[0] ?? []);
const positions = [3, 2, 4];

const kinds: [string, Processing, Record<string, unknown>][] = [
  ['a tied model as it is', 'none', {}],
  ['a processed model', 'transformerlens', {}],
  ['an untied model', 'none', { tie_word_embeddings: false }],
];

describe.each(kinds)('attribution in %s', (_, processing, changes) => {
  const config = smallConfig(changes);
  const { n_embd: width, vocab_size: vocabulary } = config;
  const loaded = smallModel(config, processing);

  it('gives what each site does to the logits, by float64 loops', async () => {
    const model = await loaded;
    const sites = attributableSites(model);
    const value = (name: string): ArrayLike<number> => model.parameters.get(name)?.data ?? [];
    const head = model.parameters.has('lm_head.weight') ? value('lm_head.weight') : value('wte.weight');
    const gain = value('ln_f.weight');
    let visited = 0;
    await attribute(
      runtime,
      model,
      { inputs, pad: 0, positions, sites, batch: 2 },
      ({ parts, logits }, at) => {
        const ids = inputs[at] ?? [];
        const place = positions[at] ?? 0;
        const run = float64Gpt2(config, model.parameters, ids);
        expect(
          furthest(logits, run.logits.subarray(place * vocabulary, (place + 1) * vocabulary)),
        ).toBeLessThan(1e-4);
        const scale = run.cache.get('ln_final.hook_scale')?.[place] ?? NaN;
        for (const [site, part] of parts) {
          const z = (run.cache.get(site) ?? new Float64Array()).subarray(place * width, (place + 1) * width);
          const mean = z.reduce((sum, x) => sum + x, 0) / width;
          const wanted = Float64Array.from({ length: vocabulary }, (__, token) =>
            z.reduce(
              (sum, x, i) => sum + ((x - mean) / scale) * (gain[i] ?? NaN) * (head[token * width + i] ?? NaN),
              0,
            ),
          );
          expect(furthest(part, wanted), site).toBeLessThan(1e-4);
        }
        visited++;
      },
    );
    expect(visited).toBe(3);
  });

  it('has parts that sum to the logits, but for the biases', async () => {
    const model = await loaded;
    const biases = new Map<number, Float32Array>();
    const sites = writingSites(model);
    await attribute(runtime, model, { inputs, pad: 0, positions, sites }, ({ parts, logits }, at) => {
      const rest = logits.map((logit, token) =>
        [...parts.values()].reduce((sum, part) => sum - (part[token] ?? NaN), logit),
      );
      biases.set(at, rest);
    });
    // What is left is the same linear map of constant vectors, once the scale is taken out, plus a constant.
    const attention = [0, 1].map((layer) => `blocks.${layer}.hook_attn_out`);
    const heads = sites.filter((site) => site.includes('hook_result'));
    await attribute(
      runtime,
      model,
      { inputs, pad: 0, positions, sites: [...attention, ...heads] },
      ({ parts }, at) => {
        const own = biases.get(at) ?? new Float32Array();
        const outer = own.map((value, token) => {
          const biased = attention.reduce((sum, site) => sum + (parts.get(site)?.[token] ?? NaN), 0);
          return value - heads.reduce((sum, site) => sum - (parts.get(site)?.[token] ?? NaN), biased);
        });
        const constant =
          model.parameters.get('lm_head.bias')?.data ?? unembeddedShift(model.parameters, width, vocabulary);
        expect(furthest(outer, constant)).toBeLessThan(1e-4);
      },
    );
  });
});

/** The final LayerNorm's shift through the unembedding. */
function unembeddedShift(
  parameters: ReadonlyMap<string, { readonly data: Float32Array }>,
  width: number,
  vocabulary: number,
): Float64Array {
  const head =
    parameters.get('lm_head.weight')?.data ?? parameters.get('wte.weight')?.data ?? new Float32Array();
  const shift = parameters.get('ln_f.bias')?.data ?? new Float32Array();
  return Float64Array.from({ length: vocabulary }, (_, token) =>
    shift.reduce((sum, value, i) => sum + value * (head[token * width + i] ?? NaN), 0),
  );
}

describe('over many inputs', () => {
  const model = smallModel();
  const question = { inputs, pad: 0, positions, sites: ['a0.0', 'm1'] };
  const answers = inputs.map((_, at) => ({ answer: at, against: at === 1 ? null : 7 }));

  it('means are those of the single attributions', async () => {
    const wanted = new Map<string, number>();
    await attribute(runtime, await model, question, ({ parts }, at) => {
      const { answer = 0, against = null } = answers[at] ?? {};
      for (const [site, part] of parts) {
        const value = (part[answer] ?? NaN) - (against === null ? 0 : (part[against] ?? NaN));
        wanted.set(site, (wanted.get(site) ?? 0) + value / 3);
      }
    });
    const { n, sites } = await meanAttribution(runtime, await model, question, answers);
    expect(n).toBe(3);
    for (const { site, value } of sites) expect(value.mean).toBeCloseTo(wanted.get(site) ?? NaN, 5);
  });

  it.each([
    ['no inputs', { inputs: [] }, /^There is nothing to attribute/],
    ['a site that is no vector of the stream', { sites: ['blocks.0.attn.hook_pattern'] }, /^Unknown site/],
    ['a misspelt site', { sites: ['m11x'] }, /^Unknown site "m11x"/],
    ['a position outside an input', { positions: [4, 0, 0] }, /^Input 1 has 4 tokens: no position 4/],
  ])('refuses %s', async (_, changes, message) => {
    const asked = attribute(runtime, await model, { ...question, ...changes }, () => undefined);
    await expect(asked).rejects.toThrow(InputError);
    await expect(asked).rejects.toThrow(message);
  });
});
