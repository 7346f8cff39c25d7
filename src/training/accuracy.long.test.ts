import { tokenCount } from '../tasks/tokens.js';
import { describe, expect, it } from 'vitest';
import { at } from '../../test/fixtures/float64.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { floatsOf } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { runWithCache } from '../models/hooked-model.js';
import { type Task } from '../tasks/index.js';
import { addition, counting } from '../studies/index.js';
import { modelAccuracy } from './accuracy.js';

const runtime = nodeRuntime({ threads: 1 });

/** The likeliest next token at each place of some inputs of one length. */
async function greedy(task: Task, inputs: readonly number[][]): Promise<number[][]> {
  const logits = floatsOf(
    await runWithCache(runtime, await probedModel(task), inputs, { names: ['logits'] }),
    'logits',
  );
  const [vocabulary, length] = [tokenCount(task), inputs[0]?.length ?? 0];
  return inputs.map((_, row) =>
    Array.from({ length }, (__, place) => {
      const start = (row * length + place) * vocabulary;
      const scores = [...logits.subarray(start, start + vocabulary)];
      return scores.indexOf(Math.max(...scores));
    }),
  );
}

describe.each([addition, counting])('accuracy of a model of $name', (task) => {
  // Random weights are right by chance: what counts as the answer is one token, at a place that changes with the test.
  const asked = (place: number): Task => ({ ...task, answer: { determined: () => [place] } });
  const count = 300;
  const held = Array.from({ length: count }, (_, k) => task.data.member('test', k));

  it('is the share of held-out inputs whose answer is the likeliest, counted one by one', async () => {
    const model = await probedModel(task);
    const lengths = [...new Set(held.map((ids) => ids.length))];
    const byLength = lengths.map((length) => held.filter((ids) => ids.length === length));
    const right = new Map<number, number>();
    const places = [2, 4, 6];
    for (const inputs of byLength) {
      const next = await greedy(task, inputs);
      inputs.forEach((ids, row) => {
        for (const place of places)
          if (at(next[row] ?? [], place - 1) === ids[place]) right.set(place, (right.get(place) ?? 0) + 1);
      });
    }
    for (const place of places) {
      const accuracy = await modelAccuracy(runtime, model.architecture, model.parameter, asked(place), count);
      expect(accuracy).toBe((right.get(place) ?? 0) / count);
    }
    expect(Math.max(...right.values())).toBeGreaterThan(0);
    expect(Math.max(...right.values())).toBeLessThan(count);
  });

  it('wants every answer token right, and takes no more inputs than are held out', async () => {
    const model = await probedModel(task);
    const measure = (own: Task) => modelAccuracy(runtime, model.architecture, model.parameter, own, count);
    expect(await measure({ ...task, answer: { determined: () => [] } })).toBe(1);
    const [two, four] = [await measure(asked(2)), await measure(asked(4))];
    const both = await measure({ ...task, answer: { determined: () => [2, 4] } });
    expect(both).toBeLessThanOrEqual(Math.min(two, four));

    const few: Task = { ...asked(2), data: { ...task.data, splitSize: { train: 1, test: 5 } } };
    expect(((await measure(few)) * 5) % 1).toBeCloseTo(0, 9);
  });
});
