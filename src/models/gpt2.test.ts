import { describe, expect, it } from 'vitest';
import { float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { furthest } from '../../test/fixtures/float64.js';
import {
  gpt2,
  gpt2ParameterShapes,
  randomIds,
  smallConfig,
  smallModel,
  smallWeights,
} from '../../test/fixtures/small-gpt2.js';
import { GraphError, type Tensor, type Value, floatsOf, graph, input, sizeOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Gpt2Config } from './families/gpt2-config.js';
import { type RunOptions as Gpt2Options } from './transformer.js';
import { cacheNames, runWithCache } from './hooked-model.js';
import { readArchitecture } from './families/index.js';
import { blockHook, headSite, hookNames } from './hooks.js';

const runtime = nodeRuntime({ threads: 1 });

/** Weights as inputs of the graph, so that what it rests on can be seen. */
function asInputs(config: Gpt2Config): (name: string) => Value | null {
  const shapes = gpt2ParameterShapes(config);
  const made = new Map([...shapes].map(([name, shape]) => [name, input(name, 'float32', shape)]));
  return (name) => made.get(name) ?? null;
}

const ids = (config: Gpt2Config, batch = 2, places = 5): { feed: Tensor; rows: number[][] } => {
  const rows = randomIds(config, batch, places);
  return { feed: { dtype: 'int32', shape: [batch, places], data: Int32Array.from(rows.flat()) }, rows };
};

describe('gpt2 against float64', () => {
  it.each([
    ['three heads, an odd hidden width', {}, 2, 5],
    ['a single place', {}, 3, 1],
    ['all places there are', {}, 1, 7],
    ['one head, one layer', { n_head: 1, n_layer: 1 }, 2, 4],
    ['heads of one number', { n_head: 12 }, 2, 4],
    ['relu', { activation_function: 'relu', n_inner: null }, 2, 5],
    ['scores not scaled by the width', { scale_attn_weights: false }, 2, 5],
    ['scores scaled by the layer', { scale_attn_by_inverse_layer_idx: true, n_layer: 3 }, 2, 5],
    ['another epsilon', { layer_norm_epsilon: 0.1 }, 2, 5],
    ['an unembedding of its own', { tie_word_embeddings: false }, 2, 5],
  ])('every hook and the logits agree: %s', async (_, changes, batch, places) => {
    const config = smallConfig(changes);
    const model = await smallModel(config);
    const rows = randomIds(config, batch, places);
    const names = cacheNames(model);
    const outputs = await runWithCache(runtime, model, rows, { names });
    expect(Object.keys(outputs)).toEqual(names);
    rows.forEach((row, at) => {
      const { logits, cache } = float64Gpt2(config, model.parameters, row);
      for (const name of names) {
        const values = floatsOf(outputs, name);
        const size = values.length / batch;
        const own = values.subarray(at * size, (at + 1) * size);
        const wanted = name === 'logits' ? logits : (cache.get(name) ?? []);
        expect(furthest(own, wanted), name).toBeLessThan(3e-5);
      }
    });
  });

  it('gives the same for weights in any of three names of one activation', async () => {
    const raw = smallWeights(smallConfig());
    const logits = await Promise.all(
      ['gelu_new', 'gelu_pytorch_tanh', 'gelu_fast'].map(async (activation_function) => {
        const model = await smallModel(smallConfig({ activation_function }), 'none', raw);
        return floatsOf(await runWithCache(runtime, model, [[1, 2, 3]], { names: ['logits'] }), 'logits');
      }),
    );
    expect(logits[1]).toEqual(logits[0]);
    expect(logits[2]).toEqual(logits[0]);
  });
});

describe('the cache', () => {
  const config = smallConfig();
  const [batch, places, width, heads, inner] = [2, 5, 12, 3, 20];
  const run = gpt2(config, asInputs(config), input('ids', 'int32', [batch, places]));

  it('has every hook, in the order of a run, and every head', () => {
    const single = /hook_result\.\d+$/;
    const names = [...run.cache.keys()];
    expect(names.filter((name) => !single.test(name))).toEqual(hookNames(readArchitecture(config)));
    expect(names.filter((name) => single.test(name)).sort()).toEqual(
      [0, 1].flatMap((layer) => [0, 1, 2].map((head) => headSite(layer, head))),
    );
  });

  it('gives each hook the shape that TransformerLens gives it', () => {
    const shapes: [RegExp, readonly number[]][] = [
      [/hook_(embed|pos_embed|resid_\w+|attn_out|mlp_out|normalized)$/, [batch, places, width]],
      [/hook_scale$/, [batch, places, 1]],
      [/attn\.hook_[qkvz]$/, [batch, places, heads, width / heads]],
      [/attn\.hook_(attn_scores|pattern)$/, [batch, heads, places, places]],
      [/attn\.hook_result$/, [batch, places, heads, width]],
      [/attn\.hook_result\.\d$/, [batch, places, width]],
      [/mlp\.hook_(pre|post)$/, [batch, places, inner]],
    ];
    for (const [name, value] of run.cache) {
      const known = shapes.filter(([pattern]) => pattern.test(name));
      expect(known, name).toHaveLength(1);
      expect(value.shape, name).toEqual(known[0]?.[1]);
    }
    expect(run.logits.shape).toEqual([batch, places, 11]);
  });
});

describe('a graph stops at what is asked', () => {
  const config = smallConfig({ n_layer: 3 });
  const run = gpt2(config, asInputs(config), input('ids', 'int32', [1, 4]));
  const restsOn = (name: string): string[] => {
    const value = run.cache.get(name);
    if (value === undefined) throw new Error(name);
    return graph({ value }).inputs.map(({ node }) => node.name);
  };
  const inBlock = (layer: number, ...parts: string[]): string[] => parts.map((part) => `h.${layer}.${part}`);
  const norm1 = ['ln_1.weight', 'ln_1.bias'];
  const mixing = [...norm1, 'attn.c_attn.weight', 'attn.c_attn.bias'];
  const attention = [...mixing, 'attn.c_proj.weight', 'attn.c_proj.bias'];
  const all = [
    ...attention,
    'ln_2.weight',
    'ln_2.bias',
    'mlp.c_fc.weight',
    'mlp.c_fc.bias',
    'mlp.c_proj.weight',
    'mlp.c_proj.bias',
  ];
  const embedded = ['ids', 'wte.weight', 'wpe.weight'];

  it.each([
    ['hook_embed', ['ids', 'wte.weight']],
    ['hook_pos_embed', ['wpe.weight']],
    ['blocks.0.hook_resid_pre', embedded],
    ['blocks.0.ln1.hook_normalized', [...embedded, ...inBlock(0, ...norm1)]],
    ['blocks.0.attn.hook_pattern', [...embedded, ...inBlock(0, ...mixing)]],
    ['blocks.0.attn.hook_result.1', [...embedded, ...inBlock(0, ...mixing, 'attn.c_proj.weight')]],
    ['blocks.0.attn.hook_result', [...embedded, ...inBlock(0, ...mixing, 'attn.c_proj.weight')]],
    ['blocks.0.hook_resid_mid', [...embedded, ...inBlock(0, ...attention)]],
    ['blocks.0.hook_resid_post', [...embedded, ...inBlock(0, ...all)]],
    ['blocks.1.hook_resid_pre', [...embedded, ...inBlock(0, ...all)]],
    ['blocks.1.hook_resid_mid', [...embedded, ...inBlock(0, ...all), ...inBlock(1, ...attention)]],
    [
      'ln_final.hook_normalized',
      [...embedded, ...[0, 1, 2].flatMap((layer) => inBlock(layer, ...all)), 'ln_f.weight', 'ln_f.bias'],
    ],
  ])('%s rests on the weights before it alone', (name, wanted) => {
    expect(restsOn(name).sort()).toEqual([...wanted].sort());
  });

  it('leaves the heads out of a run that does not ask for them', () => {
    const { nodes } = graph({ logits: run.logits });
    const head = run.cache.get('blocks.0.attn.hook_result.0');
    expect(nodes.some((node) => node.outputs[0] === head)).toBe(false);
  });
});

describe('readAt', () => {
  const config = smallConfig();
  const rowPlaces = [4, 0, 2];

  async function runAt(options: Gpt2Options, names: readonly string[]) {
    const { feed } = ids(config, 3, 5);
    const model = await smallModel(config);
    const { cache, logits } = gpt2(config, model.parameter, input('ids', 'int32', [3, 5]), options);
    const outputs = Object.fromEntries(names.map((name) => [name, cache.get(name) ?? logits]));
    const compiled = await runtime.compile(graph(outputs));
    const at: Tensor = { dtype: 'int32', shape: [3], data: Int32Array.from(rowPlaces) };
    const asked = compiled.graph.inputs.some(({ node }) => node.name === 'at');
    return compiled.run(asked ? { ids: feed, at } : { ids: feed });
  }

  it('gives what the whole run gives at those places', async () => {
    const names = [
      'logits',
      'blocks.1.hook_resid_post',
      'blocks.1.hook_mlp_out',
      headSite(1, 2),
      'ln_final.hook_scale',
    ];
    const whole = await runAt({}, names);
    const part = await runAt({ readAt: input('at', 'int32', [3]) }, names);
    for (const name of names) {
      const one = part[name];
      expect(one?.shape[1], name).toBe(1);
      const size = sizeOf(one?.shape ?? []) / 3;
      rowPlaces.forEach((place, row) => {
        const from = (row * 5 + place) * size;
        expect(
          furthest(
            floatsOf(part, name).subarray(row * size, (row + 1) * size),
            floatsOf(whole, name).subarray(from, from + size),
          ),
          `${name} row ${row}`,
        ).toBeLessThan(1e-5);
      });
    }
  });

  it('leaves everything before the last attention whole', async () => {
    const names = ['blocks.0.hook_resid_post', blockHook(1, 'pattern'), blockHook(1, 'residPre')];
    const whole = await runAt({}, names);
    const part = await runAt({ readAt: input('at', 'int32', [3]) }, names);
    for (const name of names) expect(floatsOf(part, name), name).toEqual(floatsOf(whole, name));
  });
});

describe('dropout', () => {
  const config = smallConfig();
  const run = async (rate: number, seed: number): Promise<Float32Array> => {
    const { feed } = ids(config);
    const model = await smallModel(config);
    const noise = input('seed', 'uint32', []);
    const built = gpt2(config, model.parameter, input('ids', 'int32', [2, 5]), {
      dropout: { rate, seed: noise },
    });
    const compiled = await runtime.compile(graph({ logits: built.logits }));
    const seeded: Record<string, Tensor> =
      rate === 0 ? {} : { seed: { dtype: 'uint32', shape: [], data: Uint32Array.of(seed) } };
    return floatsOf(await compiled.run({ ids: feed, ...seeded }), 'logits');
  };

  it('is decided by its seed', async () => {
    expect(await run(0.3, 7)).toEqual(await run(0.3, 7));
    expect(furthest(await run(0.3, 7), await run(0.3, 8))).toBeGreaterThan(0.1);
  });

  it('of nothing changes nothing', async () => {
    const model = await smallModel(config);
    const plain = await runWithCache(runtime, model, ids(config).rows, { names: ['logits'] });
    expect(await run(0, 7)).toEqual(floatsOf(plain, 'logits'));
  });

  it('falls on the embeddings and both branches of every block, and never on attention', () => {
    const noise = { rate: 0.5, seed: input('seed', 'uint32', []) };
    const { cache } = gpt2(config, asInputs(config), input('ids', 'int32', [2, 5]), { dropout: noise });
    const draws = (name: string): number => {
      const value = cache.get(name);
      if (value === undefined) throw new Error(name);
      // One comparison of random bits with the rate for each dropout.
      return graph({ value }).nodes.filter(({ op }) => op === 'Less').length;
    };
    expect(draws('hook_embed')).toBe(0);
    expect(draws('blocks.0.hook_resid_pre')).toBe(1);
    expect(draws('blocks.0.hook_attn_out')).toBe(1);
    expect(draws('blocks.0.hook_resid_mid')).toBe(2);
    expect(draws('blocks.0.hook_resid_post')).toBe(3);
    expect(draws('blocks.1.hook_resid_post')).toBe(5);
    expect(draws('ln_final.hook_normalized')).toBe(5);
  });
});

describe('a graph that cannot be built', () => {
  const config = smallConfig();
  const tokens = input('ids', 'int32', [1, 3]);

  it('names the ids that do not fit', () => {
    expect(() => gpt2(config, asInputs(config), input('ids', 'int32', [3]))).toThrow(
      /ids must be \[batch, place\].*got \[3\]/,
    );
    expect(() => gpt2(config, asInputs(config), input('ids', 'int32', [1, 8]))).toThrow(
      /at most 7 places, got \[1, 8\]/,
    );
  });

  it('names the parameter that is missing', () => {
    const all = asInputs(config);
    const without = (name: string): Value | null => (name === 'h.1.mlp.c_fc.bias' ? null : all(name));
    expect(() => gpt2(config, without, tokens)).toThrow(
      new GraphError('parameter "h.1.mlp.c_fc.bias" is missing'),
    );
  });

  it('asks for the unembedding that is not tied', () => {
    const untied = smallConfig({ tie_word_embeddings: false });
    expect(() => gpt2(untied, asInputs(config), tokens)).toThrow('parameter "lm_head.weight" is missing');
  });

  it('names interventions that no hook takes', () => {
    const interventions = new Map([['blocks.2.hook_resid_pre', (x: Value) => x]]);
    expect(() => gpt2(config, asInputs(config), tokens, { interventions })).toThrow(
      'no hook is named blocks.2.hook_resid_pre',
    );
  });

  it('names an intervention that gives another shape', () => {
    const interventions = new Map([[headSite(0, 1), () => input('new', 'float32', [1, 3, 4])]]);
    expect(() => gpt2(config, asInputs(config), tokens, { interventions })).toThrow(
      'the intervention at blocks.0.attn.hook_result.1 gave [1, 3, 4] for [1, 3, 12]',
    );
  });
});
