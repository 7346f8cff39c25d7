import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { loadModel } from '../models/load-model.js';
import { modelRecipe, taskNamed } from '../studies/index.js';
import { modelAccuracy } from '../training/accuracy.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { planModelTraining, probedModelConfig } from '../training/model-training.js';
import { openDirectory } from './files.js';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from './run-directory.js';
import { type TrainModelJob, trainModel } from './train-model.js';
import { packageVersion } from './versions.js';

const runtime = nodeRuntime({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'inversionview-model-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const place = (): string => join(root, String(made++));

const recipeOf = (task: string, preset: string, steps: number): ModelRecipe => {
  const recipe = modelRecipe(task, preset, 5);
  return { ...recipe, batch: 4, schedule: { ...recipe.schedule, steps, warmup: 2 } };
};
/** Trains until a step has been taken. */
function trainTo(
  step: number,
  job: Partial<TrainModelJob> & { readonly directory: string },
): Promise<boolean> {
  const controller = new AbortController();
  if (step === 0) controller.abort();
  return trainModel(runtime, {
    evaluateEvery: 1000,
    checkpointSeconds: 1000,
    ...job,
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.step === step) controller.abort();
    },
  });
}
/** All of a checkpoint that does not depend on the clock. */
const timeless = async (directory: string) => {
  const { seconds, history, ...rest } = await loadCheckpoint(directory);
  expect(seconds).toBeGreaterThan(0);
  return { ...rest, history: history.map(({ step, loss, figures }) => ({ step, loss, figures })) };
};
const json = (directory: string, file: string): unknown =>
  JSON.parse(readFileSync(join(directory, file), 'utf8'));

describe('an interrupted training of a probed model', () => {
  // The published recipe has dropout; ours has Muon, batches of several lengths and one answer a row.
  it.each([
    ['addition', 'paper', 9],
    ['counting', 'fast', 1000],
  ] as const)('gives bit for bit what an unbroken one gives: %s, %s', async (task, preset, evaluateEvery) => {
    const recipe = recipeOf(task, preset, 40);
    const [whole, broken] = [place(), place()];
    expect(await trainTo(19, { directory: whole, recipe, evaluateEvery })).toBe(false);

    // Before the first step, inside a chunk of 16 batches, at its end and behind it, before and at an evaluation.
    const stops = [0, 8, 9, 16, 17, 19];
    for (const [i, stop] of stops.entries()) {
      const resumed = await trainTo(stop, {
        directory: broken,
        evaluateEvery,
        ...(i === 0 ? { recipe } : {}),
      });
      expect(resumed).toBe(false);
      expect((await loadCheckpoint(broken)).state.step).toBe(stop);
    }
    const [one, other] = [await timeless(whole), await timeless(broken)];
    expect(other).toEqual(one);
    expect(one.state.step).toBe(19);
    expect(one.history).toHaveLength(evaluateEvery === 9 ? 2 : 0);
    expect(one.recipe).toEqual(recipe);
    // Something was learnt, or equality would say little.
    expect(one.state.parameters).not.toEqual(planModelTraining(taskNamed(task), recipe).start().parameters);
  });
});

describe('a finished training of a probed model', () => {
  it('leaves a Hugging Face checkpoint with its figures, and resuming it changes nothing', async () => {
    const directory = place();
    const recipe = recipeOf('addition', 'fast', 6);
    const steps: number[] = [];
    const job: TrainModelJob = {
      directory,
      evaluateEvery: 4,
      checkpointSeconds: 1000,
      onProgress: ({ step }) => steps.push(step),
    };
    expect(await trainModel(runtime, { ...job, recipe })).toBe(true);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
    expect(readdirSync(directory).toSorted()).toEqual([
      'README.md',
      'checkpoint.safetensors',
      'config.json',
      'history.json',
      'model.safetensors',
      'provenance.json',
      'recipe.json',
    ]);

    const model = await loadModel(await openDirectory(directory), 'none');
    const addition = taskNamed('addition');
    expect(json(directory, 'config.json')).toEqual(probedModelConfig(addition));
    const { state } = await loadCheckpoint(directory);
    for (const [name, { data }] of state.parameters) expect(model.parameters.get(name)?.data).toEqual(data);

    expect(json(directory, 'recipe.json')).toEqual(recipe);
    const accuracy = await modelAccuracy(runtime, model.architecture, model.parameter, addition, 20_000);
    expect(json(directory, 'provenance.json')).toMatchObject({
      task: 'addition',
      hash: model.hash,
      recipe,
      steps: 6,
      seconds: expect.any(Number),
      versions: { inversionview: packageVersion(), node: process.versions.node, runtime: runtime.name },
      figures: { accuracy, inputs: 20_000 },
    });
    expect(json(directory, 'history.json')).toEqual([
      {
        step: 4,
        loss: expect.any(Number),
        seconds: expect.any(Number),
        figures: { accuracy: expect.any(Number) },
      },
      {
        step: 6,
        loss: expect.any(Number),
        seconds: expect.any(Number),
        figures: { accuracy: expect.any(Number) },
      },
    ]);
    const card = readFileSync(join(directory, 'README.md'), 'utf8');
    for (const part of [model.hash, '6 steps', `--seed ${recipe.seed}`, '--preset fast', runtime.name])
      expect(card).toContain(part);
    expect(JSON.parse(/```json\n([^`]*)```/.exec(card)?.[1] ?? '')).toEqual(recipe);

    const before = new Map(
      readdirSync(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]),
    );
    steps.length = 0;
    expect(await trainModel(runtime, job)).toBe(true);
    expect(steps).toEqual([]);
    expect(readdirSync(directory)).toHaveLength(7);
    for (const [file, text] of before) {
      // Seconds are rounded to whole ones: measuring again may add one.
      if (file === 'provenance.json')
        expect({ ...(json(directory, file) as object), seconds: 0 }).toEqual({
          ...JSON.parse(text),
          seconds: 0,
        });
      else if (file !== 'README.md') expect(readFileSync(join(directory, file), 'utf8')).toBe(text);
    }
  });
});

describe('a training that cannot start', () => {
  const job = (directory: string): TrainModelJob => ({ directory, evaluateEvery: 10, checkpointSeconds: 10 });
  const recipe = recipeOf('addition', 'fast', 3);
  async function refused(own: TrainModelJob, message: RegExp): Promise<void> {
    const training = trainModel(runtime, own);
    await expect(training).rejects.toThrow(InputError);
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toThrow(/^[^\n]*$/);
  }
  const put = async (directory: string, changes: Partial<Checkpoint>): Promise<void> => {
    mkdirSync(directory);
    const { state } = { state: planModelTraining(taskNamed('addition'), recipe).start() };
    await saveCheckpoint(directory, {
      kind: 'model',
      recipe,
      state,
      history: [],
      seconds: 0,
      pendingLoss: 0,
      siteWeights: [],
      modelHash: '',
      processing: 'none',
      ...changes,
    });
  };

  it('because its directory is taken', async () => {
    const directory = place();
    mkdirSync(directory);
    writeFileSync(join(directory, 'mine'), 'mine');
    await refused({ ...job(directory), recipe }, /exists already: choose another directory with --out\.$/);
    expect(readdirSync(directory)).toEqual(['mine']);
    expect(readFileSync(join(directory, 'mine'), 'utf8')).toBe('mine');
  });

  it('because its recipe is wrong; nothing is made', async () => {
    const directory = place();
    await refused(
      { ...job(directory), recipe: { ...recipe, task: 'additon' } },
      /^Unknown task "additon"\. Did you mean "addition"\?/,
    );
    await refused(
      { ...job(directory), recipe: { ...recipe, batch: 0 } },
      /^The recipe is not accepted: "batch": /,
    );
    const schedule = { ...recipe.schedule, peak: -1 };
    await refused(
      { ...job(directory), recipe: { ...recipe, schedule } },
      /^The recipe is not accepted: "schedule\.peak": /,
    );
    expect(readdirSync(root)).not.toContain(directory.slice(root.length + 1));
  });

  it('again, because there is nothing to go on with', async () => {
    await refused(job(place()), /holds no checkpoint\.safetensors: there is no training to go on with\.$/);
    const damaged = place();
    await put(damaged, {});
    const file = join(damaged, 'checkpoint.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, -4));
    await refused(job(damaged), /checkpoint\.safetensors is truncated or damaged/);
    expect(readdirSync(damaged)).toEqual(['checkpoint.safetensors']);
  });

  it('again, because the checkpoint is of something else', async () => {
    const [decoder, older, altered] = [place(), place(), place()];
    await put(decoder, { kind: 'decoder' });
    await refused(job(decoder), /is the training of a decoder: use train-decoder\.$/);
    await put(older, { recipe: { ...recipe, optimizer: 'sgd' } });
    await refused(job(older), /has a recipe that is not accepted: "optimizer": /);
    await put(altered, { recipe: { ...recipe, optimizer: 'muon' } });
    await refused(
      job(altered),
      /does not fit its recipe: "first:h\.0\.attn\.c_attn\.weight" is \[32, 96\], not absent\.$/,
    );
  });
});
