/**
 * Checkpoints, run by us: their activations and their accuracy; of the published ones also their errors, and one preimage
 * whose size is known exactly.
 */
import { describe, expect, it } from 'vitest';
import { constant, floatsOf, graph, input } from '../../src/engine/index.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { distances } from '../../src/inversion/metrics.js';
import { gpt2 } from '../../src/models/gpt2.js';
import { type HookedModel, runWithCache } from '../../src/models/hooked-model.js';
import { headSite } from '../../src/models/hooks.js';
import { padded } from '../../src/models/padding.js';
import { type Task, addition } from '../../src/tasks/index.js';
import { modelAccuracy } from '../../src/training/accuracy.js';
import { furthest } from '../fixtures/float64.js';
import {
  centredRows,
  published,
  publishedModel,
  readCheckpoint,
  reference,
  shipped,
} from '../fixtures/reference.js';

const runtime = nodeRuntime();

describe.each([...shipped, ...published])('the $name checkpoint', (checkpoint) => {
  const { task, accuracy, directory, absent, reason, cases } = checkpoint;

  it('has the reference activations at every site and position, to 1e-4', async ({ skip }) => {
    skip(absent, reason);
    const model = await readCheckpoint(directory, 'transformerlens');
    const known = await cases();
    expect(known.length).toBeGreaterThanOrEqual(1);
    for (const { input: text, ids, logits, activations } of known) {
      expect(task.encode(text)).toEqual(ids);
      const names = Object.keys(activations);
      for (const site of task.sites) expect(names).toContain(site);
      const outputs = await runWithCache(runtime, model, [ids], { names: [...names, 'logits'] });
      for (const [name, values] of Object.entries(activations)) {
        expect(furthest(floatsOf(outputs, name), values.flat(2)), `${text} ${name}`).toBeLessThan(1e-4);
      }
      // Logits are no site; float32 leaves 1.2e-4 in the counting model's, of up to 18.
      expect(furthest(floatsOf(outputs, 'logits'), centredRows(logits).flat()), text).toBeLessThan(2e-4);
    }
  });

  it('has the reference logits as they are with unprocessed weights', async ({ skip }) => {
    skip(absent, reason);
    const model = await readCheckpoint(directory, 'none');
    for (const { ids, logits } of await cases()) {
      const outputs = await runWithCache(runtime, model, [ids], { names: ['logits'] });
      expect(furthest(floatsOf(outputs, 'logits'), logits.flat())).toBeLessThan(1e-4);
    }
  });

  it('gives its reference inputs together what it gives them alone', async ({ skip }) => {
    skip(absent, reason);
    const model = await readCheckpoint(directory, 'transformerlens');
    const inputs = (await cases()).map(({ ids }) => ids);
    const places = Math.max(...inputs.map((ids) => ids.length));
    const rows = inputs.map((ids) => [...padded([ids], places, task.pad)]);
    const names = [...task.sites];
    const together = await runWithCache(runtime, model, rows, { names });
    const width = model.config.n_embd;
    for (const [row, ids] of inputs.entries()) {
      const alone = await runWithCache(runtime, model, [ids], { names });
      for (const name of names) {
        const start = row * places * width;
        const own = floatsOf(together, name).subarray(start, start + ids.length * width);
        expect(furthest(own, floatsOf(alone, name)), name).toBeLessThan(5e-5);
      }
    }
  });

  it('is as accurate on held-out inputs as reported, to 0.3 points', async ({ skip }) => {
    skip(absent, reason);
    const model = await readCheckpoint(directory, 'transformerlens');
    const share = await modelAccuracy(runtime, model.config, model.parameter, task, 20_000);
    expect(Math.abs(share - accuracy), `accuracy ${share}`).toBeLessThan(0.003);
  }, 120_000);

  it('is right and wrong on the same inputs whatever the processing', async ({ skip }) => {
    skip(absent, reason);
    const judged = await Promise.all(
      (['transformerlens', 'none'] as const).map(async (processing) =>
        answers(await readCheckpoint(directory, processing), task, 2_000),
      ),
    );
    expect(judged[1]).toEqual(judged[0]);
  });
});

/** Held-out inputs and whether each is answered right, one forward pass for all of an input's answer tokens. */
async function answers(
  model: HookedModel,
  task: Task,
  count: number,
): Promise<{ ids: number[]; right: boolean }[]> {
  const batch = 1000;
  const places = task.maxLength - 1;
  const { vocab_size: vocabulary } = model.config;
  const { logits } = gpt2(model.config, model.parameter, input('ids', 'int32', [batch, places]));
  const compiled = await runtime.compile(graph({ logits }));
  const all: { ids: number[]; right: boolean }[] = [];
  for (let start = 0; start < count; start += batch) {
    const rows = Array.from({ length: batch }, (_, row) => task.data.member('test', start + row));
    const data = padded(rows, places, task.pad);
    const scores = floatsOf(
      await compiled.run({ ids: { dtype: 'int32', shape: [batch, places], data } }),
      'logits',
    );
    rows.forEach((ids, row) => {
      const right = task.determined(ids).every((at) => {
        const from = (row * places + at - 1) * vocabulary;
        const own = scores.subarray(from, from + vocabulary);
        return own.indexOf(Math.max(...own)) === ids[at];
      });
      all.push({ ids, right });
    });
  }
  await compiled.dispose();
  return all;
}

describe('the published addition checkpoint', () => {
  it('errs where a carry has to come from the ones through F2+S2 = 9', async ({ skip }) => {
    skip(reference.absent, reference.reason);
    const model = await publishedModel('addition', 'none');
    const count = 20_000;
    const judged = await answers(model, addition, count);
    const wrong = judged.filter(({ right }) => !right).map(({ ids }) => ids);
    const share = await modelAccuracy(runtime, model.config, model.parameter, addition, count);
    expect(1 - wrong.length / count).toBeCloseTo(share, 10);
    const nine = (ids: readonly number[]): boolean => (ids[2] ?? 0) + (ids[6] ?? 0) === 9;
    const [among, usual] = [wrong, judged.map(({ ids }) => ids)].map(
      (list) => list.filter(nine).length / list.length,
    );
    expect(usual).toBeCloseTo(0.1, 1);
    expect(among).toBeGreaterThan(0.99);
  });

  it('knows the hundreds and not their order in a0.0 at "=": 20,000 of 810,000 inputs are in the preimage', async ({
    skip,
  }) => {
    skip(reference.absent, reference.reason);
    const model = await publishedModel('addition', 'transformerlens');
    const site = headSite(0, 0);
    const width = model.config.n_embd;
    const query = addition.encode('835+141=976');
    const position = query.indexOf(addition.vocabulary.indexOf('='));
    const outputs = await runWithCache(runtime, model, [query], { names: [site] });
    const own = floatsOf(outputs, site).slice(position * width, (position + 1) * width);
    // The definition, taken literally: every input is run, and its nearest position counts, EOS left out.
    const [batch, places] = [4500, addition.maxLength - 1];
    const z = gpt2(model.config, model.parameter, input('ids', 'int32', [batch, places])).cache.get(site);
    if (z === undefined) throw new Error(site);
    const { euclidean } = distances(z, constant({ dtype: 'float32', shape: [1, 1, width], data: own }));
    const compiled = await runtime.compile(graph({ euclidean }));
    const inside = { wide: 0, narrow: 0, surprising: 0 };
    for (let start = 0; start < addition.data.size; start += batch) {
      const rows = Array.from({ length: batch }, (_, row) => addition.data.instance(start + row));
      const data = padded(
        rows.map((ids) => ids.slice(0, -1)),
        places,
        addition.pad,
      );
      const all = floatsOf(
        await compiled.run({ ids: { dtype: 'int32', shape: [batch, places], data } }),
        'euclidean',
      );
      rows.forEach((ids, row) => {
        const distance = Math.min(...all.subarray(row * places, row * places + ids.length - 1));
        if (distance <= 0.1) inside.wide += 1;
        if (distance <= 0.05) inside.narrow += 1;
        const [f1, s1] = [ids[1], ids[5]];
        const hundreds = (f1 === 8 && s1 === 1) || (f1 === 1 && s1 === 8);
        if (hundreds !== distance <= 0.1) inside.surprising += 1;
      });
    }
    await compiled.dispose();
    expect(inside).toEqual({ wide: 20_000, narrow: 20_000, surprising: 0 });
    expect(-Math.log2(inside.wide / addition.data.size)).toBeCloseTo(5.34, 2);
  }, 120_000);
});
