/** Training a model of a template's own words: what comes out, and that a stop changes nothing of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { answerTexts } from '../causal/text-answers.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Template, isTemplateTask } from '../tasks/index.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { textModelSettings } from '../training/text-settings.js';
import { templateHash } from './model-provenance.js';
import { openTask } from './open-task.js';
import { loadCheckpoint } from './run-directory.js';
import { openTemplate } from './templates.js';
import { type TrainModelJob, trainModel } from './train-model.js';

const runtime = nodeRuntime({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'inversionview-words-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const place = (): string => join(root, String(made++));

async function recipeOf(template: Template, steps: number): Promise<ModelRecipe> {
  const { fast } = textModelSettings;
  if (fast === undefined) throw new Error('no preset');
  return {
    ...fast,
    task: template.name,
    preset: 'fast',
    seed: 5,
    batch: 8,
    size: { layers: 2, heads: 2, width: 16 },
    schedule: { ...fast.schedule, steps, warmup: 2 },
    template: await templateHash(template),
  };
}
const train = (job: Partial<TrainModelJob> & { readonly directory: string }): Promise<boolean> =>
  trainModel(runtime, { evaluateEvery: 1000, checkpointSeconds: 1000, ...job });
const json = (directory: string, file: string): unknown =>
  JSON.parse(readFileSync(join(directory, file), 'utf8'));
const weights = (directory: string): Buffer => readFileSync(join(directory, 'model.safetensors'));

/** Thirty texts that end as they went on. */
const echo = {
  name: 'echo',
  patterns: ['Here {A} is, and here {B} is: {A}'],
  slots: { A: ['Ann', 'Bo', 'Cleo', 'Dan', 'Eve', 'Finn'], B: { 'same-as': 'A' } },
  answer: ' {B}',
  contrast: { answer: ' {A}', redraw: ['A'] },
  constraints: ['A != B'],
  split: { test: 0.3 },
};

describe('a training on a template', () => {
  it('gives bit for bit the same after a stop, whose directory names the template alone', async () => {
    const recipe = await recipeOf(await openTemplate('ioi'), 12);
    const [whole, broken] = [place(), place()];
    expect(await train({ directory: whole, recipe })).toBe(true);
    const stop = new AbortController();
    const stopped = await train({
      directory: broken,
      recipe,
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === 5) stop.abort();
      },
    });
    expect(stopped).toBe(false);
    expect((await loadCheckpoint(broken)).state.step).toBe(5);
    expect(await train({ directory: broken })).toBe(true);
    expect(weights(broken).equals(weights(whole))).toBe(true);
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'config.json', 'recipe.json'])
      expect(json(broken, file)).toEqual(json(whole, file));
    const { figures, hash } = json(whole, 'provenance.json') as { figures: object; hash: string };
    expect(json(broken, 'provenance.json')).toMatchObject({ figures, hash, recipe });
  });

  it('learns, and what is written is opened as any model, with the figures that its card states', async () => {
    const file = join(root, 'echo.json');
    writeFileSync(file, JSON.stringify(echo));
    const template = await openTemplate(file);
    const recipe = await recipeOf(template, 300);
    const directory = place();
    expect(await train({ directory, recipe, template, evaluateEvery: 150 })).toBe(true);
    const [early, late] = json(directory, 'history.json') as { loss: number }[];
    expect(late?.loss).toBeLessThan(0.8 * (early?.loss ?? 0));
    const { figures } = json(directory, 'provenance.json') as {
      figures: { accuracy: number; difference: number; above: number; inputs: number };
    };
    // Of 30 texts a third or so are held out; each of them is asked once.
    expect(figures.inputs).toBeGreaterThan(3);
    expect(figures.inputs).toBeLessThan(16);
    const card = readFileSync(join(directory, 'README.md'), 'utf8');
    expect(card).toContain('A toy: it was trained from scratch on the texts of one template');
    expect(card).toContain(`**${figures.difference.toFixed(2)}**`);
    expect(card).toContain('30 fillings of 1 pattern');

    const { task, model: read } = await openTask({ task: file, model: directory });
    const model = await read();
    expect(model.trainedOn).toBe('echo');
    if (!isTemplateTask(task)) throw new Error('no template');
    const { top, difference } = await answerTexts(runtime, model, task, 4000, 1);
    expect(top.share).toBe(figures.accuracy);
    expect(difference?.mean).toBe(figures.difference);
    expect(difference?.above.share).toBe(figures.above);
    // The same texts with another split: nothing is known to be held out.
    writeFileSync(file, JSON.stringify({ ...echo, split: { test: 0.5 } }));
    const other = await openTask({ task: file, model: directory });
    expect((await other.model()).trainedOn).toBeUndefined();
  });
});
