/**
 * Indirect object identification in a real language model, with the template that is shipped: that the model does the task,
 * and that a reading without a decoder finds what its previous-token head holds.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ask, askAttribution } from '../../src/causal/index.js';
import { answerTexts } from '../../src/causal/text-answers.js';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { createInterpreter } from '../../src/interpret/interpreter.js';
import { createPrior } from '../../src/interpret/prior.js';
import { activationsOf } from '../../src/interpret/queries.js';
import { usedExactly } from '../../src/interpret/used-exact.js';
import { openExactPreimages } from '../../src/inversion/enumerate/exact.js';
import { createReader } from '../../src/inversion/preimage.js';
import { openTask } from '../../src/jobs/open-task.js';
import { decoderFor } from '../../src/jobs/shipped.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { headSite, shortName } from '../../src/models/hooks.js';
import { experimentNamed } from '../../src/studies/index.js';
import { thresholdAt } from '../../src/tasks/epsilon.js';
import { type TemplateTask, heldTask, isTemplateTask, resolvePosition } from '../../src/tasks/index.js';

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

  it('is read by the decoder that ships for it: head 23.3 at the end holds the subject, wherever it stood', async ({
    skip,
  }) => {
    skip(absent, reason);
    const { whole } = await openTask({ task: 'ioi', model: path, bos: '<|endoftext|>' });
    const { task: own } = await whole();
    const decoder = await decoderFor(own, undefined, model);
    expect(decoder.provenance.model).toMatchObject({
      hash: model.hash,
      name: expect.not.stringContaining('/'),
    });
    const site = headSite(23, 3);
    const { epsilon, epsilonFrom } = thresholdAt(own, site, 'END');
    expect(epsilonFrom).toBe('curve');
    const ids = own.encode('When Robert and James went to the house, James gave a letter to');
    const reader = createReader(runtime, model, decoder, own);
    const { candidates } = await reader.read({
      ids,
      site,
      position: resolvePosition(own, ids, 'END'),
      seed: 1,
      rounds: [{ temperature: 1, noise: 0, candidates: 64 }],
      epsilon,
    });
    await reader.dispose();
    const inside = candidates.filter(({ verdicts }) => verdicts.euclidean.distance <= epsilon);
    expect(inside.length).toBeGreaterThan(32);
    const values = (name: string): unknown[] => {
      const feature = own.features.find((one) => one.name === name);
      return inside.map((one) => feature?.of(one.ids));
    };
    expect(values('S').filter((name) => name === 'James').length).toBeGreaterThan(0.95 * inside.length);
    // What is free differs: the head does not hold it.
    expect(new Set(values('IO')).size).toBeGreaterThan(8);
  });

  it('has the heads of its circuit where they are patched from sentences with three other names', async ({
    skip,
  }) => {
    skip(absent, reason);
    const experiment = experimentNamed('heads', task);
    // The largest effects of the circuit at each place, the two heads that work against the answer, and heads beside them.
    const circuit = ['a16.0', 'a17.4', 'a19.2', 'a20.0', 'a23.3', 'a24.4', 'a29.0'];
    const beside = ['a16.1', 'a17.5', 'a19.3', 'a20.1', 'a21.0', 'a24.1'];
    const record = await ask(runtime, model, task, {
      source: { experiment },
      sites: [...circuit, ...beside],
      inputs: 24,
      contrasts: 1,
      seed: 1,
    });
    if (!('effects' in record)) throw new Error('no map');
    expect(record).toMatchObject({ n: 24, positions: ['S1+1', 'S2', 'END'] });
    // With three new names nothing is left to tell the two of the sentence apart.
    expect(record.clean).toBeGreaterThan(3);
    expect(Math.abs(record.contrast)).toBeLessThan(record.clean / 2);
    const at = (place: string) => {
      const column = record.positions.indexOf(place);
      const effects = record.sites.map(
        (site, row) => [shortName(site), record.effects[row]?.[column] ?? NaN] as const,
      );
      return {
        effects: new Map(effects),
        ranked: [...effects].sort(([, a], [, b]) => b - a).map(([name]) => name),
      };
    };
    expect(at('S1+1').ranked[0]).toBe('a16.0');
    expect(at('S2').ranked[0]).toBe('a17.4');
    expect(at('END').ranked.slice(0, 3).sort()).toEqual(['a19.2', 'a20.0', 'a23.3']);
    for (const against of ['a24.4', 'a29.0']) expect(at('END').effects.get(against)).toBeLessThan(0);
    for (const head of beside) expect(Math.abs(at('END').effects.get(head) ?? NaN)).toBeLessThan(0.5);
  });

  it('is answered by its name movers directly, and against it by its negative heads', async ({ skip }) => {
    skip(absent, reason);
    const record = await askAttribution(runtime, model, task, {
      input: null,
      inputs: 48,
      seed: 1,
      position: null,
      sites: ['a23.0', 'a23.3', 'a24.4', 'a29.0', 'a21.0'],
      answer: null,
      against: null,
      top: 0,
      among: 30,
    });
    const of = (name: string) => {
      const found = record.sites.find(({ site }) => shortName(site) === name);
      if (found === undefined) throw new Error(`no ${name}`);
      return found;
    };
    expect(of('a23.0').value).toBeGreaterThan(0.3);
    expect(of('a23.0').shares?.raised.share).toBeGreaterThan(0.7);
    expect(of('a23.3').value).toBeGreaterThan(1);
    for (const name of ['a24.4', 'a29.0']) expect(of(name).value).toBeLessThan(-0.3);
    expect(Math.abs(of('a21.0').value)).toBeLessThan(0.3);
  });
});

describe('the template pronouns in SmolLM2-135M-Instruct', () => {
  it('has the person in layer 12 at the pronoun, of whom what follows reads the gender', async ({ skip }) => {
    skip(absent, reason);
    const opened = await openTask({ task: 'pronouns', model: path, bos: '<|endoftext|>' });
    const model = await opened.model();
    const ids = opened.task.encode('Mary looked for her keys because');
    const held = heldTask(opened.task, ids, ['person', 'thing']);
    const runtime = nodeRuntime();
    const exact = await openExactPreimages(runtime, model, held, 'x12.post');
    const position = resolvePosition(held, ids, 'pronoun');
    const [z = new Float32Array(0)] = await activationsOf(runtime, model, held, exact.site, [
      { ids, position },
    ]);
    const epsilon = 0.15;
    const set = await exact.find(z, { epsilon, onlyAt: 'pronoun' });
    const used = await usedExactly(runtime, model, createPrior(held, held.features), exact, set, {
      ids,
      position,
      epsilon,
      seed: 1,
    });
    await exact.dispose();
    // As docs/template-tasks.md prints it.
    expect(used.parts).toEqual({ both: 20, distanceOnly: 0, effectOnly: 40, neither: 60 });
    const of = (name: string) => used.features.find(({ feature }) => feature === name);
    expect(of('person.gender')).toMatchObject({ distance: { share: 1 }, effect: { share: 1 } });
    expect(of('person')?.distance?.bits).toBeCloseTo(2.58, 2);
    expect(of('person')?.effect?.bits).toBeCloseTo(1, 2);
    expect(of('thing')?.effect?.bits).toBeCloseTo(0, 6);
  });
});
