/**
 * A model whose finite weights overflow when they are run: whatever uses one of its activations as a query, or compares
 * one with a query, refuses it by name instead of finding nothing near it.
 */
import { describe, expect, it } from 'vitest';
import { smallModel, smallWeights } from '../fixtures/small-gpt2.js';
import { smallDecoder } from '../fixtures/task-models.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { InputError } from '../../src/input-error.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { createInspector } from '../../src/workbench/verbs/inspect.js';
import { addition } from '../../src/studies/index.js';
import { probedModelConfig } from '../../src/training/model-training.js';
import { createJudge } from '../../src/inversion/judge.js';
import { createReader } from '../../src/inversion/preimage.js';

const runtime = nodeRuntime({ threads: 1 });
const config = probedModelConfig(addition);
const site = 'blocks.1.hook_resid_post';
const ids = addition.encode('615+861=1476');

/** The MLP of the last block overflows, or gives values that float32 holds and cannot square. */
function withLargeMlp(value: number): Promise<HookedModel> {
  const weights = smallWeights(config);
  const { shape = [], data = new Float32Array() } = weights.get('h.1.mlp.c_proj.weight') ?? {};
  weights.set('h.1.mlp.c_proj.weight', { shape, data: data.map((own) => Math.sign(own) * value) });
  return smallModel(config, 'none', weights);
}
const overflowing = await withLargeMlp(3e38);
const large = await withLargeMlp(1e25);

async function refused(promise: Promise<unknown>, named: string): Promise<void> {
  await expect(promise).rejects.toThrow(InputError);
  await expect(promise).rejects.toThrow(`The model cannot be read: its activation ${named}`);
}

describe('an activation that is not finite', () => {
  const decoder = smallDecoder(addition);

  it('is refused as a query, and where nothing overflows yet the model is read', async () => {
    const reader = createReader(runtime, overflowing, decoder, addition);
    const runAt = (at: string) => reader.runQuery({ ids, site: at, position: 5, seed: 1 });
    await refused(runAt(site), `${site} is `);
    await refused(reader.survey({ ids, site, positions: [5], seed: 1 }).next(), `${site} is `);
    expect((await runAt('blocks.0.hook_resid_post')).z.every(Number.isFinite)).toBe(true);
    await reader.dispose();
    await refused(activationsOf(runtime, overflowing, addition, site, [{ ids, position: 5 }]), `${site} is `);
  });

  it.each([
    ['that overflows', overflowing],
    ['whose distance overflows', large],
  ])('is refused as a candidate %s', async (_, model) => {
    const query = new Float32Array(config.n_embd).fill(1);
    const judge = createJudge(runtime, model, addition, site, 4);
    await refused(judge.judge([ids], query), `${site} compared with the query's is `);
    await refused(judge.nearest([ids], [query]), `${site} compared with the`);
    await judge.dispose();
  });

  it('is refused by the workbench instead of predictions that are no numbers', async () => {
    const inspector = createInspector(runtime, overflowing, addition);
    await refused(inspector.inspect({ input: '615+861=1476', top: 3 }), 'logits is ');
    expect((await inspector.attention('615+861=1476')).patterns.flat(3).every(Number.isFinite)).toBe(true);
    await inspector.dispose();
  });
});
