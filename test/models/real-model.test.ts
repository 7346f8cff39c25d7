/**
 * A real language model against a float64 run of transformers: SmolLM2-135M-Instruct as a quantized GGUF file. It is
 * fetched by scripts/fetch-real-model.js.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatsOf } from '../../src/engine/index.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { findModel, openFound } from '../../src/jobs/open-model.js';
import { type HookedModel, runWithCache } from '../../src/models/hooked-model.js';
import { modelOf } from '../../src/models/load-model.js';
import { type Checkpoint } from '../../src/models/open-checkpoint.js';
import { chooseBos } from '../../src/models/tokenizers/bos.js';

interface Row {
  readonly prompt: string;
  readonly bos: string;
  readonly ids: readonly number[];
  readonly top: readonly (readonly [number, number])[];
  readonly atLastPosition: Readonly<Record<string, readonly number[]>>;
}
const { rows } = JSON.parse(readFileSync(new URL('../fixtures/smollm2.json', import.meta.url), 'utf8')) as {
  readonly rows: readonly Row[];
};

const path = process.env['INVERSIONVIEW_REAL_MODEL'] ?? '';
const absent = !existsSync(path);
const reason =
  'needs a real language model: INVERSIONVIEW_REAL_MODEL="$(node scripts/fetch-real-model.js)" npm test';

describe('SmolLM2-135M-Instruct in Q4_1', () => {
  let checkpoint: Checkpoint | null = null;
  let model: HookedModel | null = null;
  beforeAll(async () => {
    if (absent) return;
    checkpoint = await openFound(await findModel(path));
    model = await modelOf(checkpoint, 'none');
  });
  afterAll(() => checkpoint?.tensors.close());

  it.for(rows)('agrees with float64 on "$prompt"', async (row, { skip }) => {
    skip(absent, reason);
    const { prompt, bos, ids, top, atLastPosition } = row;
    const { tokenizer } = checkpoint ?? {};
    if (!model || !tokenizer) throw new Error('not loaded');
    expect(tokenizer.encode(prompt, { bos: chooseBos(tokenizer, bos) })).toEqual(ids);
    const names = Object.keys(atLastPosition);
    const outputs = await runWithCache(nodeRuntime(), model, [ids], { names: [...names, 'logits'] });
    for (const name of names) {
      const wanted = atLastPosition[name] ?? [];
      const own = floatsOf(outputs, name).subarray(-wanted.length);
      const size = Math.hypot(...wanted);
      const far = Math.hypot(...wanted.map((value, i) => value - (own[i] ?? NaN)));
      expect(far / size, name).toBeLessThan(5e-5);
    }
    const logits = floatsOf(outputs, 'logits').subarray(-model.architecture.vocabulary);
    const best = Array.from(logits.keys()).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
    expect(best.slice(0, top.length)).toEqual(top.map(([id]) => id));
    for (const [id, value] of top) expect(Math.abs((logits[id] ?? NaN) - value)).toBeLessThan(1e-4);
  });
});
