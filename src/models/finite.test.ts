import { describe, expect, it } from 'vitest';
import { randomIds, smallConfig, smallModel, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { expectFinite, expectFiniteScores } from './finite.js';
import { cacheNames, runWithCache } from './hooked-model.js';

describe('expectFinite', () => {
  it('takes every finite number', () => {
    expectFinite(Float32Array.of(0, -0, 1e-45, -3.4e38, 3.4028234663852886e38), 'x');
    expectFinite(new Float32Array(0), 'x');
  });

  it.each([NaN, Infinity, -Infinity])('refuses %s at any place', (value) => {
    for (let at = 0; at < 5; at++) {
      const values = new Float32Array(5);
      values[at] = value;
      expect(() => expectFinite(values, 'hook_embed')).toThrow(InputError);
      expect(() => expectFinite(values, 'hook_embed')).toThrow(
        `its activation hook_embed is ${value}, as its weights are too large to be run in float32.`,
      );
    }
  });
});

describe('expectFiniteScores', () => {
  const scores = (at: number, value: number): Float32Array => {
    const values = Float32Array.from({ length: 2 * 9 }, (_, i) =>
      i % 3 > Math.floor(i / 3) % 3 ? -Infinity : 1,
    );
    values[at] = value;
    return values;
  };

  it('takes what the causal mask left, and nothing else that is infinite', () => {
    expectFiniteScores(scores(0, 1), 3, null, 'x');
    for (const [at, value] of [
      [0, -Infinity],
      [17, -Infinity],
      [1, Infinity],
      [10, NaN],
      [4, NaN],
    ] as const) {
      expect(() => expectFiniteScores(scores(at, value), 3, null, 'x')).toThrow(InputError);
    }
  });
});

describe('expectFiniteScores before a window', () => {
  it('takes what the window left, and no more', () => {
    // One head: query 2 sees keys 1 and 2.
    const scores = (value: number): Float32Array =>
      Float32Array.of(1, -Infinity, -Infinity, value, 1, -Infinity, -Infinity, 1, 1);
    expectFiniteScores(scores(1), 3, 2, 'x');
    expect(() => expectFiniteScores(scores(1), 3, 3, 'x')).toThrow(InputError);
    expect(() => expectFiniteScores(scores(-Infinity), 3, 2, 'x')).toThrow(InputError);
  });
});

describe('a model whose finite weights overflow when they are run', () => {
  const config = smallConfig();
  const runtime = nodeRuntime({ threads: 1 });
  const overflowing = () => {
    const weights = smallWeights(config);
    const { shape = [], data = new Float32Array() } = weights.get('h.1.mlp.c_fc.weight') ?? {};
    weights.set('h.1.mlp.c_fc.weight', { shape, data: data.map((value) => (value < 0 ? -3e38 : 3e38)) });
    return smallModel(config, 'none', weights);
  };
  const ids = randomIds(config, 2, 5);

  it('gives the activations before that, and refuses those from there on by name', async () => {
    const model = await overflowing();
    const before = await runWithCache(runtime, model, ids, {
      names: ['blocks.1.hook_resid_mid', 'blocks.0.attn.hook_attn_scores'],
    });
    expect(Object.keys(before)).toHaveLength(2);
    for (const name of [
      'blocks.1.mlp.hook_pre',
      'blocks.1.hook_mlp_out',
      'blocks.1.hook_resid_post',
      'logits',
    ]) {
      const run = runWithCache(runtime, model, ids, { names: [name] });
      await expect(run).rejects.toThrow(InputError);
      await expect(run).rejects.toThrow(`its activation ${name} is `);
    }
  });

  it('is told from a sound one, of which every activation is given', async () => {
    const model = await smallModel(config);
    const names = cacheNames(model);
    expect(Object.keys(await runWithCache(runtime, model, ids, { names })).sort()).toEqual([...names].sort());
  });
});
