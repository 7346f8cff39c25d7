/**
 * Indirect object identification with no download: the small model that is shipped for the template. That it is opened by
 * the task's name alone, does the task, and that what its activations hold is found exactly, by search and by class.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerTexts } from '../../src/causal/text-answers.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { openExactSites } from '../../src/inversion/enumerate/exact.js';
import { createReader } from '../../src/inversion/preimage.js';
import { openTask } from '../../src/jobs/open-task.js';
import { decoderFor, shippedDirectory } from '../../src/jobs/shipped.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { headSite } from '../../src/models/hooks.js';
import {
  type HeldTask,
  type TemplateTask,
  heldTask,
  isTemplateTask,
  resolvePosition,
  thresholdAt,
} from '../../src/tasks/index.js';

const runtime = nodeRuntime({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'inversionview-ioi-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const prompt = 'When Mary and John went to the house, John gave a letter to';

/** One pattern of the template with twelve of its names: 264 texts, which can all be run. */
const few = {
  name: 'ioi-few',
  patterns: ['When {A} and {B} went to the house, {S} gave a letter to'],
  slots: {
    A: [
      'James',
      'John',
      'Robert',
      'Michael',
      'William',
      'David',
      'Mary',
      'Anna',
      'Susan',
      'Laura',
      'Emma',
      'Alice',
    ],
    B: { 'same-as': 'A' },
    S: { 'one-of': ['A', 'B'] },
    IO: { 'other-of': ['A', 'B'], than: 'S' },
  },
  constraints: ['A != B'],
  answer: ' {IO}',
  contrast: { answer: ' {S}', redraw: ['A', 'B'] },
  places: { S2: 'last S', END: 'last' },
};

async function opened(
  choice: Parameters<typeof openTask>[0],
): Promise<{ task: TemplateTask; model: HookedModel }> {
  const { task, model } = await openTask(choice);
  if (!isTemplateTask(task)) throw new Error('no template');
  return { task, model: await model() };
}

describe('the small model of ioi', () => {
  let task: TemplateTask;
  let model: HookedModel;
  beforeAll(async () => {
    ({ task, model } = await opened({ task: 'ioi' }));
  });

  it('is opened by the name of the task, and is small', () => {
    expect(model.name).toBe('shipped ioi model');
    expect(model.trainedOn).toBe('ioi');
    expect(model.architecture).toMatchObject({ layers: 4, heads: 4, width: 128, vocabulary: 213 });
    expect(statSync(join(shippedDirectory('ioi', 'model'), 'model.safetensors')).size).toBeLessThan(3e6);
  });

  it('answers held-out prompts: the indirect object is far above the subject', async () => {
    const { top, difference } = await answerTexts(runtime, model, task, 400, 7);
    expect(top.share).toBeGreaterThan(0.99);
    expect(difference?.mean).toBeGreaterThan(3);
    expect(difference?.above.share).toBeGreaterThan(0.99);
  });

  it('is read by the decoder that ships for it, at the ε chosen for the site and place', async () => {
    const { whole } = await openTask({ task: 'ioi' });
    const { task: own } = await whole();
    const decoder = await decoderFor(own, undefined, model);
    expect(decoder.provenance.model.hash).toBe(model.hash);
    const site = 'blocks.3.hook_resid_post';
    const { epsilon, epsilonFrom } = thresholdAt(own, site, 'END');
    expect(epsilonFrom).toBe('curve');
    const ids = own.encode(prompt);
    const reader = createReader(runtime, model, decoder, own);
    const { candidates } = await reader.read({
      ids,
      site,
      position: resolvePosition(own, ids, 'END'),
      seed: 1,
      rounds: [{ temperature: 1, noise: 0, candidates: 128 }],
      epsilon,
    });
    await reader.dispose();
    const inside = candidates.filter(({ verdicts }) => verdicts.euclidean.distance <= epsilon);
    expect(inside.length).toBeGreaterThan(64);
    const value = (name: string, text: readonly number[]): unknown =>
      own.features.find((feature) => feature.name === name)?.of(text);
    for (const one of inside) expect([value('IO', one.ids), value('S', one.ids)]).toEqual(['Mary', 'John']);
  });

  it('says which word it has no token for', () => {
    expect(() => task.encode(prompt.replace('house', 'palace'))).toThrow(
      /^shipped ioi model has no token for a part of ".*": "palace"\.$/,
    );
  });

  it('is searched without a decoder: the last residual stream holds who gives and who is given, not their order', async () => {
    const ids = task.encode(prompt);
    const reader = createReader(runtime, model, null, task);
    const found = await reader.read({
      ids,
      site: 'x3.post',
      position: resolvePosition(task, ids, 'END'),
      seed: 1,
      rounds: [{ temperature: 1, noise: 0, candidates: 512 }],
      epsilon: 0.2,
    });
    await reader.dispose();
    const inside = found.candidates.filter(({ verdicts }) => verdicts.euclidean.distance <= 0.2);
    const value = (name: string, own: readonly number[]): unknown =>
      task.features.find((feature) => feature.name === name)?.of(own);
    expect(inside.length).toBeGreaterThan(1);
    for (const one of inside) expect([value('IO', one.ids), one.valid]).toEqual(['Mary', true]);
  });
});

describe('exact preimages in the small model of ioi', () => {
  let held: HeldTask;
  let model: HookedModel;
  const ids = (): number[] => held.encode(prompt);
  beforeAll(async () => {
    const file = join(root, 'few.json');
    writeFileSync(file, JSON.stringify(few));
    const own = await opened({ task: file, model: shippedDirectory('ioi', 'model') });
    model = own.model;
    held = heldTask(own.task, own.task.encode(prompt));
  });
  /** Names and subject of every input inside. */
  const inside = async (site: string, place: string, epsilon: number): Promise<string[]> => {
    const [exact] = await openExactSites(runtime, model, held, [site]);
    const position = resolvePosition(held, ids(), place);
    const [z = new Float32Array()] = await activationsOf(runtime, model, held, site, [
      { ids: ids(), position },
    ]);
    const found = await exact?.find(z, { epsilon, metric: 'euclidean', onlyAt: place, insideOnly: true });
    await exact?.dispose();
    const value = (name: string, own: readonly number[]): unknown =>
      held.features.find((feature) => feature.name === name)?.of(own);
    return Array.from(found?.members ?? [], (member) => {
      const own = held.data?.instance(member) ?? [];
      return ['A', 'B', 'S'].map((name) => String(value(name, own))).join(' ');
    }).sort();
  };

  it('are of a task of its own: that its texts were held out is not known', () => {
    expect(model.trainedOn).toBeUndefined();
    expect(held.data?.size).toBe(264);
  });

  it('hold subject and indirect object at the end, whichever came first', async () => {
    for (const epsilon of [0.1, 0.2, 0.3, 0.4])
      expect(await inside('blocks.3.hook_resid_post', 'END', epsilon)).toEqual([
        'John Mary John',
        'Mary John John',
      ]);
  });

  it('hold two names but not their parts in the sentence, in a head of layer 1', async () => {
    for (const epsilon of [0.2, 0.3, 0.4])
      expect(await inside(headSite(1, 1), 'END', epsilon)).toEqual([
        'John Mary John',
        'John Mary Mary',
        'Mary John John',
        'Mary John Mary',
      ]);
  });

  it('hold hardly anything in a head that is not used at the second mention', async () => {
    expect((await inside(headSite(1, 3), 'S2', 0.3)).length).toBe(264);
  });
});
