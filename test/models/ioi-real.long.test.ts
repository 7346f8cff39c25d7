/**
 * Indirect object identification in a real language model, with the template that is shipped: that the model does the task,
 * and that a reading without a decoder finds what its previous-token head holds.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerTexts } from '../../src/causal/text-answers.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { createInterpreter } from '../../src/interpret/interpreter.js';
import { createReader } from '../../src/inversion/preimage.js';
import { openTask } from '../../src/jobs/open-task.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { type TemplateTask, isTemplateTask, resolvePosition } from '../../src/tasks/index.js';

const path = process.env['INVERSIONVIEW_REAL_MODEL'] ?? '';
const absent = !existsSync(path);
const reason =
  'needs a real language model: INVERSIONVIEW_REAL_MODEL="$(node scripts/fetch-real-model.js)" npm run test:long';

describe('the template ioi in SmolLM2-135M-Instruct', () => {
  const runtime = nodeRuntime();
  let task: TemplateTask;
  let model: HookedModel;
  beforeAll(async () => {
    if (absent) return;
    const opened = await openTask({ task: 'ioi', model: path, bos: '<|endoftext|>' });
    if (!isTemplateTask(opened.task)) throw new Error('no template');
    task = opened.task;
    model = await opened.model();
  });

  it('has names, places and objects of one token each', ({ skip }) => {
    skip(absent, reason);
    for (const slot of task.texts.template.slots.values()) {
      if (slot.kind !== 'fillers') continue;
      for (const { text } of slot.fillers) expect(task.tokenizer.encode(` ${text}`), text).toHaveLength(1);
    }
    for (const { pattern } of task.texts.patterns) expect(pattern.text).not.toMatch(/^\{|\. \{/);
  });

  it('is answered: the indirect object is above the subject', async ({ skip }) => {
    skip(absent, reason);
    const { difference } = await answerTexts(runtime, model, task, 96, 1);
    expect(difference?.n).toBe(96);
    expect(difference?.mean).toBeGreaterThan(3.5);
    expect(difference?.above.share).toBeGreaterThan(0.9);
  });

  it('is read without a decoder: head 16.0 after the first mention of the subject holds the subject', async ({
    skip,
  }) => {
    skip(absent, reason);
    const ids = task.encode('When Robert and James went to the house, Robert gave a letter to');
    const reader = createReader(runtime, model, null, task);
    const interpreter = createInterpreter(runtime, model, null, task);
    const view = { epsilon: 0.2 } as const;
    const rounds = [{ temperature: 1, noise: 0, candidates: 384 }];
    const found = await reader.read({
      ids,
      site: 'a16.0',
      position: resolvePosition(task, ids, 'S1+1'),
      seed: 1,
      rounds,
      ...view,
    });
    const inside = found.candidates.filter(({ verdicts }) => verdicts.euclidean.distance <= view.epsilon);
    // Blind draws find one in a hundred.
    expect(inside.length).toBeGreaterThan(20);
    expect(inside.every(({ valid }) => valid)).toBe(true);
    const name = task.features.find((feature) => feature.name === 'A');
    expect(inside.every((one) => name?.of(one.ids) === 'Robert')).toBe(true);
    const readout = await interpreter.readout(found, view);
    expect(readout.known).toContain('A');
    expect(readout).toMatchObject({ bits: null, searched: true });
    await reader.dispose();
    await interpreter.dispose();
  });
});
