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
import { createReader } from '../../src/inversion/preimage.js';
import { openTask } from '../../src/jobs/open-task.js';
import { type HookedModel } from '../../src/models/hooked-model.js';
import { shortName } from '../../src/models/hooks.js';
import { experimentNamed } from '../../src/studies/index.js';
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
