import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { furthest } from '../../test/fixtures/float64.js';
import { randomIds, smallConfig, smallModel, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { type Value, floatsOf, outputOf, sizeOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { cacheNames, questionGraph, runWithCache } from './hooked-model.js';
import { hookNames } from './hooks.js';

const runtime = nodeRuntime({ threads: 1 });
const config = smallConfig();
const model = await smallModel(config);

describe('hookedModel', () => {
  it('records how its weights were processed, and is known by the weights before that', async () => {
    const processed = await smallModel(config, 'transformerlens');
    expect([model.processing, processed.processing]).toEqual(['none', 'transformerlens']);
    expect(processed.hash).toBe(model.hash);
    expect(processed.hash).toMatch(/^[0-9a-f]{64}$/);
    const other = await smallModel(config, 'none', smallWeights(config, 2));
    expect(other.hash).not.toBe(model.hash);
  });

  it('makes each parameter into one value, and has none of other names', () => {
    const first = model.parameter('h.0.ln_1.weight');
    expect(first?.shape).toEqual([12]);
    expect(model.parameter('h.0.ln_1.weight')).toBe(first);
    expect(model.parameter('h.2.ln_1.weight')).toBeNull();
    expect(model.parameter('lm_head.weight')).toBeNull();
  });
});

describe('cacheNames', () => {
  it('lists hooks, single heads and the logits', () => {
    const names = cacheNames(model);
    expect(names.slice(0, 40)).toEqual(hookNames(model.architecture));
    expect(names.slice(40)).toEqual([
      ...[0, 1, 2].map((head) => `blocks.0.attn.hook_result.${head}`),
      ...[0, 1, 2].map((head) => `blocks.1.attn.hook_result.${head}`),
      'logits',
    ]);
  });
});

describe('questionGraph', () => {
  it('has no later node than the last name needs: it does not grow with the layers behind it', async () => {
    const deep = await smallModel(smallConfig({ n_layer: 6 }));
    for (const name of hookNames(model.architecture).slice(0, -2)) {
      const nodes = (of: typeof model): number => questionGraph(of, 2, 5, { names: [name] }).nodes.length;
      expect(nodes(deep), name).toBe(nodes(model));
    }
  });

  it('needs the whole model for the logits alone', () => {
    const size = (name: string): number => questionGraph(model, 2, 5, { names: [name] }).nodes.length;
    expect(size('logits')).toBeGreaterThan(size('ln_final.hook_normalized'));
    expect(size('blocks.1.hook_resid_post')).toBeGreaterThan(2 * size('blocks.0.hook_resid_mid'));
  });

  it.each([
    ['blocks.0.hook_resid_poste', 'Did you mean "blocks.0.hook_resid_post"?'],
    ['blocks.2.hook_resid_post', 'Did you mean "blocks.0.hook_resid_post"?'],
    ['blocks.0.attn.hook_result.3', 'Did you mean "blocks.0.attn.hook_result'],
    ['pattern', 'No hook is named "pattern".'],
    ['', 'No hook is named "".'],
  ])('refuses the name %j with a suggestion', (name, message) => {
    const asked = (): unknown => questionGraph(model, 1, 3, { names: ['logits', name] });
    expect(asked).toThrow(InputError);
    expect(asked).toThrow(message);
  });

  it('refuses interventions at what is no hook', () => {
    for (const name of ['blocks.0.hook_mlp', 'logits']) {
      const interventions = new Map([[name, (x: Value) => x]]);
      const asked = (): unknown => questionGraph(model, 1, 3, { names: ['logits'], interventions });
      expect(asked).toThrow(InputError);
      expect(asked).toThrow(`No hook is named "${name}".`);
    }
  });

  it('refuses more places than the model has', () => {
    const asked = (): unknown => questionGraph(model, 1, 8, { names: ['logits'] });
    expect(asked).toThrow(InputError);
    expect(asked).toThrow('8 tokens are more than the 7 places of a small model');
  });
});

describe('runWithCache', () => {
  it('gives what is named, in any order and once', async () => {
    const names = ['logits', 'hook_embed', 'logits', 'blocks.1.attn.hook_result.2'];
    const outputs = await runWithCache(runtime, model, [[1, 2, 3]], { names });
    expect(Object.keys(outputs)).toEqual(['logits', 'hook_embed', 'blocks.1.attn.hook_result.2']);
  });

  it('gives what rests on no token', async () => {
    const outputs = await runWithCache(runtime, model, [[5, 5, 5]], { names: ['hook_pos_embed'] });
    const table = model.parameters.get('wpe.weight')?.data ?? new Float32Array();
    expect(floatsOf(outputs, 'hook_pos_embed')).toEqual(table.slice(0, 3 * 12));
  });

  it('gives a batch what single runs give', async () => {
    const names = cacheNames(model);
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 7 }),
        async (seed, batch, places) => {
          const rows = randomIds(config, batch, places, Math.abs(seed));
          const together = await runWithCache(runtime, model, rows, { names });
          for (const [row, ids] of rows.entries()) {
            const alone = await runWithCache(runtime, model, [ids], { names });
            for (const name of names) {
              const { shape } = outputOf(alone, name);
              const size = sizeOf(shape);
              const own = floatsOf(together, name).subarray(row * size, (row + 1) * size);
              expect(furthest(own, floatsOf(alone, name)), name).toBeLessThan(2e-5);
            }
          }
        },
      ),
      { numRuns: 6 },
    );
  });

  it('is causal: what follows changes nothing before it', async () => {
    const names = cacheNames(model).filter((name) => !/scores|pattern/.test(name));
    const outputs = await runWithCache(
      runtime,
      model,
      [
        [1, 2, 3, 4, 5],
        [1, 2, 3, 9, 0],
      ],
      { names },
    );
    for (const name of names) {
      const values = floatsOf(outputs, name);
      const place = values.length / 10;
      expect(furthest(values.subarray(0, 3 * place), values.subarray(5 * place, 8 * place)), name).toBe(0);
    }
  });

  it('gives padding behind an input what it likes, and the input the same', async () => {
    const names = ['blocks.1.hook_resid_post', 'logits'];
    const bare = await runWithCache(runtime, model, [[1, 2, 3]], { names });
    const padded = await runWithCache(runtime, model, [[1, 2, 3, 10, 10, 10]], { names });
    for (const name of names) {
      const values = floatsOf(bare, name);
      expect(furthest(values, floatsOf(padded, name).subarray(0, values.length))).toBeLessThan(1e-5);
    }
  });

  it.each([
    ['no inputs', [], 'at least one input'],
    ['an input of no tokens', [[]], 'at least one token'],
    ['inputs of two lengths', [[1, 2], [1]], 'equally long: 2 and 1'],
    ['a token outside the vocabulary', [[1, 11]], 'Token id 11 is outside the vocabulary of 11'],
    ['a negative token', [[-1]], 'Token id -1'],
    ['half a token', [[0.5]], 'Token id 0.5'],
    ['a token that is no number', [[NaN]], 'Token id NaN'],
    ['more tokens than places', [[0, 0, 0, 0, 0, 0, 0, 0]], '8 tokens are more than the 7 places'],
  ])('refuses %s', async (_, ids, message) => {
    const ran = runWithCache(runtime, model, ids, { names: ['logits'] });
    await expect(ran).rejects.toThrow(InputError);
    await expect(ran).rejects.toThrow(message);
  });
});
