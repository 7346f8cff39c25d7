import { beforeAll, describe, expect, it } from 'vitest';
import { activationsOf } from '../../test/fixtures/brute-force.js';
import { familyFixtures, familyModel, familyReference } from '../../test/fixtures/families.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { constant, floatsOf, reshape, where } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { type HookedModel, runWithCache } from '../models/hooked-model.js';
import { shortName, vectorSites } from '../models/hooks.js';
import { seededRandom } from '../random.js';
import { addition, counting } from '../studies/index.js';
import { type Task } from '../tasks/index.js';
import { answerReads } from './answer-reads.js';
import { createInserter } from './insertion.js';
import { divergence } from './metric.js';

const runtime = nodeRuntime({ threads: 1 });

/** Logits of a run of its own in which one activation is exchanged. */
async function patchedLogits(
  model: HookedModel,
  ids: readonly number[],
  site: string,
  position: number,
  z: Float32Array | null,
): Promise<(at: number) => Float32Array> {
  const marked = Uint8Array.from(ids, (_, at) => (at === position ? 1 : 0));
  const mask = constant({ dtype: 'bool', shape: [1, ids.length, 1], data: marked });
  const outputs = await runWithCache(runtime, model, [ids], {
    names: ['logits'],
    ...(z === null
      ? {}
      : {
          interventions: new Map([
            [
              site,
              (value) =>
                where(
                  mask,
                  reshape(constant({ dtype: 'float32', shape: [z.length], data: z }), [1, 1, z.length]),
                  value,
                ),
            ],
          ]),
        }),
  });
  const all = floatsOf(outputs, 'logits');
  const vocabulary = all.length / ids.length;
  return (at) => all.subarray(at * vocabulary, (at + 1) * vocabulary);
}

/** Activations of other inputs at the position, one after another. */
async function activationsAt(
  model: HookedModel,
  task: Task,
  site: string,
  position: number,
  count: number,
): Promise<Float32Array> {
  const random = seededRandom(5);
  const rows: number[] = [];
  for (let i = 0; i < count; i++) {
    const own = await activationsOf(runtime, model, site, task.sample(random, 'test'));
    rows.push(...(own[position] ?? []));
  }
  return Float32Array.from(rows);
}

let model: HookedModel;
beforeAll(async () => {
  model = await probedModel(addition);
});
const ids = addition.encode('535+861=1396');

describe('createInserter', () => {
  it.each(vectorSites({ layers: 2, heads: 4, parallel: false }).map((site) => [shortName(site), site]))(
    'has the effect at %s that a patched run alone has',
    async (_, site) => {
      for (const position of [3, 8, 10]) {
        const reads = answerReads(addition, ids, position);
        const inserter = await createInserter(runtime, model, { ids, site, position, reads }, 3);
        const activations = await activationsAt(model, addition, site, position, 4);
        const { kl, logitDifference } = await inserter.insert(activations);
        const clean = await patchedLogits(model, ids, site, position, null);
        const width = model.architecture.width;
        for (let row = 0; row < 4; row++) {
          const z = activations.slice(row * width, (row + 1) * width);
          const patched = await patchedLogits(model, ids, site, position, z);
          const expected = reads.positions.reduce((sum, at) => sum + divergence(clean(at), patched(at)), 0);
          expect(Math.abs((kl[row] ?? NaN) - expected)).toBeLessThan(1e-5 + 1e-3 * expected);
        }
        expect(logitDifference).toBeNull();
        await inserter.dispose();
      }
    },
  );

  it('gives the logit difference of a template, at the first token of its answer', async () => {
    const task = await meetingsTask({ contrast: { answer: ' {S}', redraw: ['A', 'B'] } });
    const probed = await modelFor(task);
    const own = task.encode('Ann and Bo in Oslo. Ann met Bo');
    const site = 'blocks.1.attn.hook_result.1';
    const position = task.places(own).find(({ name }) => name === 'END')?.index ?? 0;
    const reads = answerReads(task, own, position);
    const { answer = 0, against = 0 } = reads.difference ?? {};
    expect(task.tokenizer.decode([answer, against])).toBe(' Bo Ann');
    const inserter = await createInserter(runtime, probed, { ids: own, site, position, reads });
    const activations = await activationsAt(probed, task, site, position, 2);
    const { logitDifference } = await inserter.insert(activations);
    const difference = (logits: Float32Array): number => (logits[answer] ?? NaN) - (logits[against] ?? NaN);
    const clean = await patchedLogits(probed, own, site, position, null);
    expect(inserter.logitDifference).toBeCloseTo(difference(clean(position)), 4);
    const { width } = probed.architecture;
    for (let row = 0; row < 2; row++) {
      const z = activations.slice(row * width, (row + 1) * width);
      const patched = await patchedLogits(probed, own, site, position, z);
      expect(logitDifference?.[row]).toBeCloseTo(difference(patched(position)), 4);
    }
    await inserter.dispose();
  });

  it('has no effect at all with the query’s own activation, in whatever row of a run', async () => {
    for (const site of ['blocks.0.attn.hook_result.2', 'blocks.1.hook_resid_mid', 'blocks.0.hook_mlp_out']) {
      const inserter = await createInserter(
        runtime,
        model,
        { ids, site, position: 8, reads: answerReads(addition, ids, 8) },
        4,
      );
      const others = await activationsAt(model, addition, site, 8, 5);
      const rows = Float32Array.from([...inserter.z, ...others, ...inserter.z]);
      const { kl } = await inserter.insert(rows);
      expect([kl[0], kl[6]]).toEqual([0, 0]);
      expect(Math.min(...kl.subarray(1, 6))).toBeGreaterThan(0);
      await inserter.dispose();
    }
  });

  it('has no effect where nothing that is measured reads the site: a head of the last layer before the answer', async () => {
    const site = 'blocks.1.attn.hook_result.0';
    const inserter = await createInserter(runtime, model, {
      ids,
      site,
      position: 5,
      reads: answerReads(addition, ids, 5),
    });
    const { kl } = await inserter.insert(await activationsAt(model, addition, site, 5, 6));
    expect([...kl]).toEqual([0, 0, 0, 0, 0, 0]);
    await inserter.dispose();
  });

  it('tells how far it has come, and stops when told to', async () => {
    const reads = answerReads(addition, ids, 8);
    const inserter = await createInserter(
      runtime,
      model,
      { ids, site: 'blocks.0.hook_resid_post', position: 8, reads },
      2,
    );
    const rows = new Float32Array(5 * inserter.z.length).fill(0.5);
    const seen: number[][] = [];
    await inserter.insert(rows, { onProgress: (done, all) => seen.push([done, all]) });
    expect(seen).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
    await expect(inserter.insert(rows, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    await inserter.dispose();
  });

  it('refuses sites that are no vectors, positions outside the input, and activations that overflow', async () => {
    const reads = answerReads(addition, ids, 8);
    const make = (site: string, position: number): Promise<unknown> =>
      createInserter(runtime, model, { ids, site, position, reads });
    await expect(make('blocks.0.attn.hook_pattern', 8)).rejects.toThrow(
      new InputError(
        'Activations can be put in at heads, MLPs and the residual stream, not at blocks.0.attn.hook_pattern.',
      ),
    );
    await expect(make('blocks.0.hook_resid_post', 40)).rejects.toThrow(
      new InputError("Position 40 is outside the input's 0 … 13."),
    );
    const inserter = await createInserter(runtime, model, {
      ids,
      site: 'blocks.0.hook_resid_post',
      position: 8,
      reads,
    });
    await expect(inserter.insert(new Float32Array(inserter.z.length).fill(NaN))).rejects.toThrow(InputError);
    await inserter.dispose();
  });
});

describe('createInserter in every family', () => {
  it.each(familyFixtures)('of %s has the effect that a patched run alone has', async (name) => {
    const probed = await familyModel(name);
    const own = familyReference(name).ids.slice(0, 6);
    const { layers, width } = probed.architecture;
    const reads = { positions: [own.length - 1], tokens: [null], difference: null };
    const position = own.length - 2;
    const random = seededRandom(4);
    for (const site of [
      'blocks.0.attn.hook_result.1',
      'blocks.0.hook_mlp_out',
      `blocks.${layers - 1}.hook_resid_pre`,
    ]) {
      const inserter = await createInserter(runtime, probed, { ids: own, site, position, reads }, 2);
      const z = Float32Array.from(inserter.z, (value) => value + 0.3 * random.gaussian());
      const { kl } = await inserter.insert(Float32Array.from([...inserter.z, ...z]));
      const clean = await patchedLogits(probed, own, site, position, null);
      const patched = await patchedLogits(probed, own, site, position, z);
      const expected = divergence(clean(own.length - 1), patched(own.length - 1));
      expect(z).toHaveLength(width);
      expect(kl[0]).toBe(0);
      expect(expected).toBeGreaterThan(0);
      expect(Math.abs((kl[1] ?? NaN) - expected)).toBeLessThan(1e-6 + 2e-3 * expected);
      await inserter.dispose();
    }
  });
});

describe('answerReads', () => {
  it('names what predicts the answer from the position on', () => {
    expect(answerReads(addition, ids, 3)).toMatchObject({ positions: [8, 9, 10, 11, 12], difference: null });
    expect(answerReads(addition, ids, 10).positions).toEqual([10, 11, 12]);
    const own = counting.encode('abacab|a:3');
    expect(answerReads(counting, own, 8)).toMatchObject({ positions: [9] });
  });

  it('is the last token of an input without an answer', async () => {
    const task = await meetingsTask({ answer: undefined, contrast: undefined });
    const own = task.encode('Ann and Bo in Oslo. Ann met');
    expect(answerReads(task, own, 2)).toEqual({
      positions: [own.length - 2],
      tokens: [null],
      difference: null,
    });
  });

  it('refuses a position after the answer', () => {
    expect(() => answerReads(addition, ids, 13)).toThrow(
      new InputError(
        'Position 13 comes after the answer of 535+861=1396 has been predicted, at position 12: nothing that is measured sees it.',
      ),
    );
    const own = counting.encode('abacab|a:3');
    expect(() => answerReads(counting, own, 10)).toThrow(
      /^Position 10 comes after the answer of abacab\|a:3/,
    );
  });
});
