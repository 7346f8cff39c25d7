/**
 * Checkpoints, run by us: their activations and logits. What takes thousands of inputs is in
 * reference.long.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { floatsOf } from '../../src/engine/index.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { runWithCache } from '../../src/models/hooked-model.js';
import { padded } from '../../src/models/padding.js';
import { furthest } from '../fixtures/float64.js';
import { centredRows, published, readCheckpoint, shipped } from '../fixtures/reference.js';

const runtime = nodeRuntime();

describe.each([...shipped, ...published])('the $name checkpoint', (checkpoint) => {
  const { task, directory, absent, reason, cases } = checkpoint;

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
    const width = model.architecture.width;
    for (const [row, ids] of inputs.entries()) {
      const alone = await runWithCache(runtime, model, [ids], { names });
      for (const name of names) {
        const start = row * places * width;
        const own = floatsOf(together, name).subarray(start, start + ids.length * width);
        expect(furthest(own, floatsOf(alone, name)), name).toBeLessThan(5e-5);
      }
    }
  });
});
