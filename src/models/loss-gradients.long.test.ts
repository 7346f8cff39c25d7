/**
 * The gradients that training uses, of whole losses and for every single weight, against differences of the same
 * loss in float64.
 */
import { describe, expect, it } from 'vitest';
import { type Numbers, crossEntropy as loss64 } from '../../test/fixtures/float64.js';
import { float64Decoder } from '../../test/fixtures/float64-decoder.js';
import { float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { conditionings, smallDecoderConfig, smallDecoderWeights } from '../../test/fixtures/small-decoder.js';
import { gpt2, randomIds, smallConfig, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { type Value, crossEntropy, floatsOf, gradients, graph, input, reshape } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { isStatistic } from './decoder-config.js';
import { decoderLogits } from './decoder.js';
import { type ParameterSet } from './weights/fingerprint.js';

const runtime = nodeRuntime({ threads: 1 });
const [batch, places] = [2, 3];
const count = batch * places;
const targets = [1, 4, 0, 3, 3, 2];
// A place that does not count, and one that counts half.
const weights = [1, 1, 0.5, 1, 0, 1];

const int32 = (shape: readonly number[], values: readonly number[]) => ({
  dtype: 'int32' as const,
  shape,
  data: Int32Array.from(values),
});
const float32 = (shape: readonly number[], values: readonly number[]) => ({
  dtype: 'float32' as const,
  shape,
  data: Float32Array.from(values),
});

/** Loss and all gradients of one run, by name. */
async function differentiate(
  parameters: ParameterSet,
  feeds: Parameters<Awaited<ReturnType<typeof runtime.compile>>['run']>[0],
  logitsOf: (parameter: (name: string) => Value) => Value,
): Promise<{ loss: number; slopes: Map<string, Float32Array> }> {
  const values = new Map([...parameters].map(([name, { shape }]) => [name, input(name, 'float32', shape)]));
  const parameter = (name: string): Value => {
    const value = values.get(name);
    if (value === undefined) throw new Error(name);
    return value;
  };
  const logits = logitsOf(parameter);
  const rows = reshape(logits, [count, logits.shape.at(-1) ?? 0]);
  const loss = crossEntropy(rows, input('targets', 'int32', [count]), input('weights', 'float32', [count]));
  const trained = [...values.keys()].filter((name) => !isStatistic(name));
  const slopes = gradients(loss, trained.map(parameter));
  const outputs = Object.fromEntries(slopes.map((slope, at) => [`slope ${trained[at] ?? ''}`, slope]));
  const compiled = await runtime.compile(graph({ loss, ...outputs }));
  const set = [...parameters].map(([name, p]) => [name, { dtype: 'float32' as const, ...p }] as const);
  const result = await compiled.run({
    ...feeds,
    ...Object.fromEntries(set),
    targets: int32([count], targets),
    weights: float32([count], weights),
  });
  return {
    loss: floatsOf(result, 'loss')[0] ?? NaN,
    slopes: new Map(trained.map((name) => [name, floatsOf(result, `slope ${name}`)])),
  };
}

/** Checks loss and gradients against a float64 loss, element by element. */
function expectSlopes(
  { loss, slopes }: { loss: number; slopes: Map<string, Float32Array> },
  parameters: ParameterSet,
  lossOf: (parameters: Numbers) => number,
): void {
  const nudged = new Map(
    [...parameters].map(([name, { data }]) => [name, { data: Float64Array.from(data) }]),
  );
  expect(Math.abs(loss - lossOf(nudged))).toBeLessThan(1e-5);
  const step = 1e-5;
  for (const [name, slope] of slopes) {
    const { data } = nudged.get(name) ?? { data: new Float64Array() };
    expect(slope, name).toHaveLength(data.length);
    data.forEach((value, at) => {
      data[at] = value + step;
      const above = lossOf(nudged);
      data[at] = value - step;
      const below = lossOf(nudged);
      data[at] = value;
      const wanted = (above - below) / (2 * step);
      const error = Math.abs((slope[at] ?? NaN) - wanted);
      if (!(error < 1e-5 + 1e-4 * Math.abs(wanted)))
        expect.fail(`${name}[${at}]: ${slope[at]} for ${wanted}`);
    });
  }
}

describe('the loss of a GPT-2', () => {
  const small = { n_layer: 2, n_head: 2, n_embd: 4, n_inner: 5, n_positions: 4, vocab_size: 5 };

  it.each([
    ['as it is', {}],
    ['relu', { activation_function: 'relu' }],
    ['scores scaled by the layer', { scale_attn_by_inverse_layer_idx: true }],
    ['an unembedding of its own', { tie_word_embeddings: false }],
  ])('has the right slope for every weight: %s', async (_, changes) => {
    const config = smallConfig({ ...small, ...changes });
    const parameters = smallWeights(config);
    const rows = randomIds(config, batch, places);
    const feeds = { ids: int32([batch, places], rows.flat()) };
    const found = await differentiate(parameters, feeds, (parameter) => {
      const given = (name: string): Value | null => (parameters.has(name) ? parameter(name) : null);
      return gpt2(config, given, input('ids', 'int32', [batch, places])).logits;
    });
    expect(found.slopes.size).toBe(parameters.size);
    expectSlopes(found, parameters, (set) =>
      loss64(
        Float64Array.from(rows.flatMap((ids) => [...float64Gpt2(config, set, ids).logits])),
        config.vocab_size,
        targets,
        weights,
      ),
    );
  });

  it('read at one place a row has the right slope for every weight', async () => {
    const config = smallConfig(small);
    const parameters = smallWeights(config);
    const rows = randomIds(config, count, places);
    const at = [2, 0, 1, 2, 2, 1];
    const feeds = { ids: int32([count, places], rows.flat()), at: int32([count], at) };
    const found = await differentiate(parameters, feeds, (parameter) => {
      const given = (name: string): Value | null => (parameters.has(name) ? parameter(name) : null);
      return gpt2(config, given, input('ids', 'int32', [count, places]), {
        readAt: input('at', 'int32', [count]),
      }).logits;
    });
    expectSlopes(found, parameters, (set) => {
      const read = rows.flatMap((ids, row) => {
        const from = (at[row] ?? 0) * config.vocab_size;
        return [...float64Gpt2(config, set, ids).logits.subarray(from, from + config.vocab_size)];
      });
      return loss64(Float64Array.from(read), config.vocab_size, targets, weights);
    });
  });
});

describe('the loss of a decoder', () => {
  const small = { width: 4, inner: 5, vocabulary: 5, places: 3, activation_width: 4 };

  it.each([
    ['as published', {}],
    ['projected by site, relu²', { conditioning: conditionings['site-projection'], activation: 'relu2' }],
    ['added to the embeddings', { conditioning: conditionings['site-projection'], additive: true }],
  ])('has the right slope for every weight: %s', async (_, changes) => {
    const config = smallDecoderConfig({ ...small, ...changes });
    const parameters = smallDecoderWeights(config);
    const z = [
      [0.5, -1, 2, 0.3],
      [-0.7, 0.1, 0.4, 1.5],
    ];
    const sites = [2, 0];
    const ids = [
      [4, 1, 0],
      [4, 3, 3],
    ];
    const feeds = {
      z: float32([batch, 4], z.flat()),
      site: int32([batch], sites),
      ids: int32([batch, places], ids.flat()),
    };
    const found = await differentiate(parameters, feeds, (parameter) =>
      decoderLogits(
        config,
        parameter,
        input('z', 'float32', [batch, 4]),
        input('site', 'int32', [batch]),
        input('ids', 'int32', [batch, places]),
      ),
    );
    expectSlopes(found, parameters, (set) =>
      loss64(
        Float64Array.from(
          ids.flatMap((row, at) => [...float64Decoder(config, set, z[at] ?? [], sites[at] ?? 0, row)]),
        ),
        config.vocabulary,
        targets,
        weights,
      ),
    );
  });
});
