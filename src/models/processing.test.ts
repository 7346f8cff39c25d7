import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, furthest } from '../../test/fixtures/float64.js';
import { float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { randomIds, smallConfig, smallModel, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { type Tensors, floatsOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Gpt2Config } from './families/gpt2-config.js';
import { type HookedModel, cacheNames, runWithCache } from './hooked-model.js';
import { blockHook, headSite } from './hooks.js';
import { readArchitecture } from './families/index.js';
import { processWeights } from './processing.js';
import { type ParameterSet } from './weights/fingerprint.js';

const runtime = nodeRuntime({ threads: 1 });
const configs: readonly (readonly [string, Gpt2Config])[] = [
  ['two layers of three heads', smallConfig()],
  ['one head', smallConfig({ n_head: 1, n_embd: 8, n_layer: 1 })],
  ['an unembedding of its own', smallConfig({ tie_word_embeddings: false, n_layer: 3 })],
];

const batch = 2;
const places = 5;
const both = async (
  config: Gpt2Config,
  seed: number,
): Promise<{ raw: HookedModel; processed: HookedModel; rows: number[][] }> => {
  const weights = smallWeights(config, seed);
  return {
    raw: await smallModel(config, 'none', weights),
    processed: await smallModel(config, 'transformerlens', weights),
    rows: randomIds(config, batch, places, seed),
  };
};

const everything = (model: HookedModel, rows: readonly (readonly number[])[]): Promise<Tensors> =>
  runWithCache(runtime, model, rows, { names: cacheNames(model) });

/** Rows of `width` with their means taken away. */
const centred = (values: Float32Array, width: number): Float32Array =>
  values.map((value, i) => {
    const start = i - (i % width);
    return value - values.subarray(start, start + width).reduce((sum, v) => sum + v, 0) / width;
  });

const largestMean = (values: Float32Array, width: number): number => furthest(values, centred(values, width));

function logSoftmax(values: Float32Array, width: number): Float64Array {
  return Float64Array.from(values, (value, i) => {
    const row = values.subarray(i - (i % width), i - (i % width) + width);
    const most = Math.max(...row);
    return value - most - Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0));
  });
}

describe.each(configs)('processed weights: %s', (_, config) => {
  const { n_embd: width, n_layer: layers, n_head: heads, vocab_size: vocabulary } = config;
  const layerNumbers = Array.from({ length: layers }, (__, layer) => layer);

  it('keep the log-probabilities and the likeliest token, for any weights', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { raw, processed, rows } = await both(config, seed);
        const [before, after] = await Promise.all(
          [raw, processed].map(async (model) =>
            floatsOf(await runWithCache(runtime, model, rows, { names: ['logits'] }), 'logits'),
          ),
        );
        if (before === undefined || after === undefined) throw new Error('two runs were asked for');
        const [wanted, given] = [logSoftmax(before, vocabulary), logSoftmax(after, vocabulary)];
        expect(furthest(given, wanted)).toBeLessThan(1e-4);
        for (let start = 0; start < wanted.length; start += vocabulary) {
          const best = (values: Float64Array): number =>
            values
              .subarray(start, start + vocabulary)
              .indexOf(Math.max(...values.subarray(start, start + vocabulary)));
          // The likeliest of either is as likely as the other's, also in a tie.
          expect(Math.abs(at(wanted, start + best(given)) - at(wanted, start + best(wanted)))).toBeLessThan(
            2e-4,
          );
        }
      }),
      { numRuns: 5 },
    );
  });

  it('write nothing along the all-ones direction: every residual write has mean 0 over the width', async () => {
    const { raw, processed, rows } = await both(config, 1);
    const after = await everything(processed, rows);
    const before = await everything(raw, rows);
    const written = [
      'hook_embed',
      'hook_pos_embed',
      ...layerNumbers.flatMap((layer) => [
        ...(['residPre', 'attnOut', 'residMid', 'mlpOut', 'residPost'] as const).map((hook) =>
          blockHook(layer, hook),
        ),
        ...Array.from({ length: heads }, (__, head) => headSite(layer, head)),
      ]),
    ];
    for (const name of written) {
      expect(largestMean(floatsOf(after, name), width), name).toBeLessThan(1e-5);
      expect(largestMean(floatsOf(before, name), width), name).toBeGreaterThan(1e-2);
    }
  });

  it('give the residual stream, attention and MLP outputs of the raw model, centred, and its patterns', async () => {
    const { raw, processed, rows } = await both(config, 2);
    const [before, after] = [await everything(raw, rows), await everything(processed, rows)];
    for (const layer of layerNumbers) {
      for (const hook of ['residPre', 'attnOut', 'residMid', 'mlpOut', 'residPost'] as const) {
        const name = blockHook(layer, hook);
        expect(furthest(floatsOf(after, name), centred(floatsOf(before, name), width)), name).toBeLessThan(
          3e-5,
        );
      }
      for (const hook of ['pattern', 'mlpPre', 'mlpPost', 'ln1Scale', 'ln2Scale'] as const) {
        const name = blockHook(layer, hook);
        expect(furthest(floatsOf(after, name), floatsOf(before, name)), name).toBeLessThan(3e-5);
      }
    }
  });

  it('leave LayerNorm nothing but to normalise', async () => {
    const { processed, rows } = await both(config, 3);
    const after = await everything(processed, rows);
    for (const name of [
      ...layerNumbers.map((layer) => blockHook(layer, 'ln1Normalized')),
      'ln_final.hook_normalized',
    ]) {
      const values = floatsOf(after, name);
      expect(largestMean(values, width), name).toBeLessThan(1e-5);
      for (let start = 0; start < values.length; start += width) {
        const power = values.subarray(start, start + width).reduce((sum, v) => sum + v * v, 0) / width;
        expect(power, name).toBeCloseTo(1, 3);
      }
    }
  });

  it('centre the unembedding and its bias over the vocabulary', async () => {
    const { processed, rows } = await both(config, 4);
    const head = processed.parameters.get('lm_head.weight');
    const bias = processed.parameters.get('lm_head.bias')?.data ?? new Float32Array();
    expect(head?.shape).toEqual([vocabulary, width]);
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let token = 0; token < vocabulary; token++) sum += at(head?.data ?? [], token * width + i);
      expect(Math.abs(sum)).toBeLessThan(1e-5);
    }
    expect(bias).toHaveLength(vocabulary);
    expect(Math.abs(bias.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-5);
    expect(largestMean(floatsOf(await everything(processed, rows), 'logits'), vocabulary)).toBeLessThan(1e-5);
  });

  it('agree with the raw model in float64 at every head', async () => {
    const { raw, processed, rows } = await both(config, 5);
    const after = await everything(processed, rows);
    rows.forEach((ids, row) => {
      const { cache } = float64Gpt2(config, raw.parameters, ids);
      for (const layer of layerNumbers) {
        for (let head = 0; head < heads; head++) {
          // The raw head less the constant that its value bias writes, centred.
          const constant = valueBiasOut(raw, layer, head);
          const wanted = Float32Array.from(
            cache.get(headSite(layer, head)) ?? [],
            (v, i) => v - at(constant, i % width),
          );
          const own = floatsOf(after, headSite(layer, head)).subarray(
            row * places * width,
            (row + 1) * places * width,
          );
          expect(furthest(own, centred(wanted, width))).toBeLessThan(3e-5);
        }
      }
    });
  });
});

/** What a head's value bias comes to in the residual stream: `b_V·W_O`. */
function valueBiasOut(model: HookedModel, layer: number, head: number): Float64Array {
  const { width, heads } = model.architecture;
  const size = width / heads;
  const bias = model.parameters.get(`h.${layer}.attn.c_attn.bias`)?.data ?? [];
  const project = model.parameters.get(`h.${layer}.attn.c_proj.weight`)?.data ?? [];
  const out = new Float64Array(width);
  for (let i = head * size; i < (head + 1) * size; i++) {
    for (let column = 0; column < width; column++) {
      out[column] = at(out, column) + at(bias, 2 * width + i) * at(project, i * width + column);
    }
  }
  return out;
}

describe('value biases', () => {
  const config = smallConfig();
  const weights = smallWeights(config);

  it('move into the output bias whole: heads do not know them, the attention as a whole does', async () => {
    const shifted = new Map(weights);
    const name = 'h.1.attn.c_attn.bias';
    const bias = weights.get(name);
    if (bias === undefined) throw new Error(name);
    shifted.set(name, { ...bias, data: bias.data.map((value, i) => (i < 24 ? value : value + 0.1 * i)) });
    const rows = randomIds(config, batch, places);
    const [one, other] = [
      await everything(await smallModel(config, 'transformerlens', weights), rows),
      await everything(await smallModel(config, 'transformerlens', shifted), rows),
    ];
    for (let head = 0; head < 3; head++) {
      const site = headSite(1, head);
      expect(furthest(floatsOf(one, site), floatsOf(other, site))).toBeLessThan(1e-5);
    }
    const site = blockHook(1, 'attnOut');
    expect(furthest(floatsOf(one, site), floatsOf(other, site))).toBeGreaterThan(0.1);
  });
});

const processed = (config: Gpt2Config, weights: ParameterSet): ParameterSet =>
  processWeights(readArchitecture(config), weights).parameters;

describe('processWeights', () => {
  it('leaves what it is given alone', () => {
    const config = smallConfig();
    const weights = smallWeights(config);
    const before = new Map([...weights].map(([name, { data }]) => [name, data.slice()]));
    processed(config, weights);
    for (const [name, { data }] of weights) expect(data, name).toEqual(before.get(name));
  });

  it('gives every parameter of the model, in its shape, and the two of the unembedding', () => {
    const config = smallConfig();
    const weights = smallWeights(config);
    const all = processed(config, weights);
    expect([...all.keys()].sort()).toEqual([...weights.keys(), 'lm_head.bias', 'lm_head.weight'].sort());
    for (const [name, { shape, data }] of all) {
      expect(data).toHaveLength(shape.reduce((product, length) => product * length, 1));
      if (!name.startsWith('lm_head')) expect(shape, name).toEqual(weights.get(name)?.shape);
    }
  });

  it('changes nothing of what is processed already but by rounding, where ln_1 shifts nothing', () => {
    const config = smallConfig({ tie_word_embeddings: false });
    const weights = smallWeights(config);
    for (const layer of [0, 1]) weights.get(`h.${layer}.ln_1.bias`)?.data.fill(0);
    const once = processed(config, weights);
    const twice = processed({ ...config, tie_word_embeddings: false }, once);
    for (const [name, { data }] of once) {
      if (name !== 'lm_head.bias')
        expect(furthest(twice.get(name)?.data ?? [], data), name).toBeLessThan(1e-6);
    }
  });
});
