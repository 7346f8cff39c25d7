/**
 * The published checkpoints over thousands of inputs: their accuracy, their errors, and one preimage whose size is known
 * exactly.
 */
import { describe, expect, it } from 'vitest';
import { constant, floatsOf, graph, input } from '../../src/engine/index.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { distances } from '../../src/inversion/metrics.js';
import { transformer } from '../../src/models/transformer.js';
import { type HookedModel, runWithCache } from '../../src/models/hooked-model.js';
import { headSite } from '../../src/models/hooks.js';
import { padded } from '../../src/models/padding.js';
import { type CapableTask } from '../../src/tasks/index.js';
import { addition } from '../../src/studies/index.js';
import { conditionOf } from '../../src/interpret/condition.js';
import { shareOf } from '../../src/share.js';
import { answeredRight, heldOutWhere, modelAccuracy } from '../../src/training/accuracy.js';
import { published, publishedModel, readCheckpoint, reference, shipped } from '../fixtures/reference.js';

const runtime = nodeRuntime();

describe.each([...shipped, ...published])('the $name checkpoint', (checkpoint) => {
  const { task, accuracy, directory, absent, reason } = checkpoint;

  it('is as accurate on held-out inputs as reported, to 0.3 points', async ({ skip }) => {
    skip(absent, reason);
    const model = await readCheckpoint(directory, 'transformerlens');
    const share = await modelAccuracy(runtime, model.architecture, model.parameter, task, 20_000);
    expect(Math.abs(share - accuracy), `accuracy ${share}`).toBeLessThan(0.003);
  });

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
  task: CapableTask,
  count: number,
): Promise<{ ids: number[]; right: boolean }[]> {
  const batch = 1000;
  const places = task.maxLength - 1;
  const { vocabulary } = model.architecture;
  const { logits } = transformer(model.architecture, model.parameter, input('ids', 'int32', [batch, places]));
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
      const right = task.answer.determined(ids).every((at) => {
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
    const share = await modelAccuracy(runtime, model.architecture, model.parameter, addition, count);
    expect(1 - wrong.length / count).toBeCloseTo(share, 10);
    const nine = (ids: readonly number[]): boolean => (ids[2] ?? 0) + (ids[6] ?? 0) === 9;
    const [among, usual] = [wrong, judged.map(({ ids }) => ids)].map(
      (list) => list.filter(nine).length / list.length,
    );
    expect(usual).toBeCloseTo(0.1, 1);
    expect(among).toBeGreaterThan(0.99);
  });

  it('answers as many of the sums with F2+S2 = 9 as published, 80.06%', async ({ skip }) => {
    skip(reference.absent, reference.reason);
    const model = await publishedModel('addition', 'none');
    const inputs = heldOutWhere(addition, 20_000, conditionOf(addition, 'F2+S2=9').holds);
    const right = await answeredRight(runtime, model.architecture, model.parameter, addition, inputs);
    // The published figure is itself a share of 20,175 other inputs.
    const [own, theirs] = [shareOf(right, inputs.length), shareOf(16_152, 20_175)];
    expect(own.low, JSON.stringify(own)).toBeLessThan(theirs.high);
    expect(own.high, JSON.stringify(own)).toBeGreaterThan(theirs.low);
  });

  it('knows the hundreds and not their order in a0.0 at "=": 20,000 of 810,000 inputs are in the preimage', async ({
    skip,
  }) => {
    skip(reference.absent, reference.reason);
    const model = await publishedModel('addition', 'transformerlens');
    const site = headSite(0, 0);
    const width = model.architecture.width;
    const query = addition.encode('835+141=976');
    const position = query.indexOf(addition.tokenizer.vocabulary.indexOf('='));
    const outputs = await runWithCache(runtime, model, [query], { names: [site] });
    const own = floatsOf(outputs, site).slice(position * width, (position + 1) * width);
    // The definition, taken literally: every input is run, and its nearest position counts, EOS left out.
    const [batch, places] = [4500, addition.maxLength - 1];
    const z = transformer(
      model.architecture,
      model.parameter,
      input('ids', 'int32', [batch, places]),
    ).cache.get(site);
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
  });
});
