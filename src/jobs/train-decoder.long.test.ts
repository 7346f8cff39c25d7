import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { probedModel } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { expectTrainedOn, loadDecoder } from '../inversion/decoder-files.js';
import { averageRate, inPreimageRates } from '../inversion/evaluate.js';
import { shortName } from '../models/hooks.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { openSafetensors } from '../models/weights/safetensors.js';
import { addition, decoderRecipe } from '../studies/index.js';
import { trainingDraws } from '../training/evaluation-draws.js';
import { type DecoderRecipe, decoderConfigFor } from '../training/decoder-recipe.js';
import { openDirectory, openFile } from './files.js';
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from './run-directory.js';
import { createRunDirectory } from './run-start.js';
import { type TrainDecoderJob, trainDecoder } from './train-decoder.js';
import { packageVersion } from './versions.js';

const runtime = nodeRuntime({ threads: 1 });
const model = await probedModel(addition);
const root = mkdtempSync(join(tmpdir(), 'inversionview-decoder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const place = (): string => join(root, String(made++));

const fast = decoderRecipe('addition', 'fast', 3);
const recipe: DecoderRecipe = {
  ...fast,
  architecture: {
    ...fast.architecture,
    layers: 1,
    heads: 2,
    width: 16,
    inner: 16,
    conditioning: { kind: 'site-projection', width: 16, blocks: 1, hidden: 16 },
  },
  batch: 8,
  perInput: 2,
  schedule: { ...fast.schedule, steps: 40, warmup: 4 },
  dropout: 0.1,
  rebalance: 6,
  evaluateEvery: 16,
  evaluateQueries: 4,
};

/** Trains until a step has been taken. */
function trainTo(
  step: number,
  job: Partial<TrainDecoderJob> & { readonly directory: string },
): Promise<boolean> {
  const controller = new AbortController();
  if (step === 0) controller.abort();
  return trainDecoder(runtime, {
    model,
    checkpointSeconds: 1000,
    ...job,
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.step === step) controller.abort();
    },
  });
}
const timeless = async (directory: string) => {
  const { seconds, history, ...rest } = await loadCheckpoint(directory);
  expect(seconds).toBeGreaterThan(0);
  return { ...rest, history: history.map(({ step, loss, figures }) => ({ step, loss, figures })) };
};
const json = (directory: string, file: string): unknown =>
  JSON.parse(readFileSync(join(directory, file), 'utf8'));
/** The unbroken training, 37 steps of it: others start from copies. */
const whole = place();

describe('an interrupted training of a decoder', () => {
  it('gives bit for bit what an unbroken one gives', async () => {
    expect(await trainTo(37, { directory: whole, recipe })).toBe(false);
    const broken = place();
    // Before the first step; inside a chunk of 16 batches; at an evaluation, after which sites are drawn by new weights;
    // inside the chunk that was drawn by them, which a resume has to draw again; inside the next.
    for (const [i, stop] of [0, 5, 16, 21, 37].entries()) {
      expect(await trainTo(stop, { directory: broken, ...(i === 0 ? { recipe } : {}) })).toBe(false);
      expect((await loadCheckpoint(broken)).state.step).toBe(stop);
    }
    const [one, other] = [await timeless(whole), await timeless(broken)];
    expect(other).toEqual(one);
    expect(one.history.map(({ step }) => step)).toEqual([16, 32]);
    expect(one.recipe).toEqual(recipe);
    expect(one).toMatchObject({ kind: 'decoder', modelHash: model.hash, processing: 'transformerlens' });
    // Sites were weighed by their rates, and the weights are not all alike.
    expect(new Set(one.siteWeights).size).toBeGreaterThan(1);
    const figures = one.history[1]?.figures ?? {};
    expect(Object.keys(figures)).toEqual(['rate', ...addition.sites.map(shortName)]);
    one.siteWeights.forEach((weight, site) => {
      const rate = figures[shortName(addition.sites[site] ?? '')] ?? 0;
      expect(weight).toBeCloseTo(Math.exp(6 * ((figures['rate'] ?? 0) - rate)), 9);
    });
  });
});

describe('a finished training of a decoder', () => {
  it('leaves the decoder in float16 with where it comes from, measured as it was written', async () => {
    const directory = place();
    cpSync(whole, directory, { recursive: true });
    const job: TrainDecoderJob = { directory, model, checkpointSeconds: 1000 };
    expect(await trainDecoder(runtime, job)).toBe(true);
    expect(readdirSync(directory).toSorted()).toEqual([
      'README.md',
      'checkpoint.safetensors',
      'config.json',
      'history.json',
      'model.safetensors',
      'provenance.json',
      'recipe.json',
    ]);
    expect(json(directory, 'recipe.json')).toEqual({
      ...recipe,
      model: { hash: model.hash, processing: model.processing },
    });
    expect(json(directory, 'config.json')).toEqual(decoderConfigFor(addition, recipe, 32));
    expect(json(directory, 'history.json')).toMatchObject([{ step: 16 }, { step: 32 }, { step: 40 }]);

    const file = await openSafetensors(await openFile(join(directory, 'model.safetensors')));
    expect(new Set([...file.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['F16']));
    await file.close();
    const decoder = await loadDecoder(await openDirectory(directory));
    expect(() => expectTrainedOn(decoder, model)).not.toThrow();
    const { state } = await loadCheckpoint(directory);
    expect(state.step).toBe(40);
    for (const [name, { data }] of state.parameters) {
      const halves = decodeFloat16(encodeFloat16(data as Float32Array));
      expect(decoder.parameters.get(name)?.data).toEqual(halves);
    }

    const { provenance } = decoder;
    expect(provenance).toMatchObject({
      task: 'addition',
      model: { name: model.name, hash: model.hash, processing: 'transformerlens' },
      recipe,
      steps: 40,
      versions: { inversionview: packageVersion(), node: process.versions.node, runtime: runtime.name },
      figures: { queries: 400 },
    });
    const sites = provenance.figures?.sites ?? [];
    expect(sites.map(({ site }) => site)).toEqual(addition.sites);
    expect(provenance.figures?.average).toBeCloseTo(averageRate(sites), 12);
    // The figures are those of the written weights: asked again, they answer the same.
    const again = await inPreimageRates(runtime, model, decoder, addition, {
      queries: 400,
      seed: 1_000_003,
      draws: (tokens) => trainingDraws(addition, 1_000_003, 400, tokens),
      sites: addition.sites.slice(0, 2),
    });
    expect(again).toEqual(sites.slice(0, 2));

    const card = readFileSync(join(directory, 'README.md'), 'utf8');
    for (const part of [
      model.hash,
      '40 steps',
      runtime.name,
      'over 400 queries a site',
      'ε = 0.1',
      '| `a1.3` |',
    ])
      expect(card).toContain(part);
    expect(JSON.parse(/```json\n([^`]*)```/.exec(card)?.[1] ?? '')).toEqual(recipe);
    for (const { site, rate } of sites)
      expect(card).toContain(`| \`${shortName(site)}\` | ${(100 * rate).toFixed(1)}% |`);
  });
});

describe('a training of a decoder that cannot start', () => {
  async function refused(
    job: Partial<TrainDecoderJob> & { directory: string },
    message: RegExp,
  ): Promise<void> {
    const training = trainDecoder(runtime, { model, checkpointSeconds: 10, ...job });
    await expect(training).rejects.toThrow(InputError);
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toThrow(/^[^\n]*$/);
  }
  const changed = async (changes: Partial<Checkpoint>): Promise<string> => {
    const directory = place();
    mkdirSync(directory);
    await saveCheckpoint(directory, { ...(await loadCheckpoint(whole)), ...changes });
    return directory;
  };

  it('because its directory is taken', async () => {
    const before = readFileSync(join(whole, 'checkpoint.safetensors'));
    await refused({ directory: whole, recipe }, new RegExp(`--out, or go on with it: --resume ${whole}\\.$`));
    expect(readdirSync(whole).toSorted()).toEqual(['checkpoint.safetensors', 'recipe.json']);
    expect(readFileSync(join(whole, 'checkpoint.safetensors'))).toEqual(before);
  });

  it('because its recipe is wrong; nothing is made', async () => {
    const directory = place();
    await refused(
      { directory, recipe: { ...recipe, evaluateEvery: 100 } },
      /^The recipe is not accepted: "evaluateEvery": /,
    );
    await refused(
      { directory, recipe: { ...recipe, task: 'multiplication' } },
      /^Unknown task "multiplication"\./,
    );
    expect(readdirSync(root)).not.toContain(directory.slice(root.length + 1));
  });

  it('again, on another model or one processed otherwise', async () => {
    const other = await probedModel(addition, 2);
    await refused(
      { directory: whole, model: other },
      new RegExp(`was trained on another model \\(${model.hash.slice(0, 12)}\\): give it with --model\\.$`),
    );
    const raw = { ...model, processing: 'none' as const };
    await refused(
      { directory: whole, model: raw },
      /was trained with --processing transformerlens, the model is run with none\.$/,
    );
  });

  it('again, on another model than it was begun on, though it has no checkpoint yet', async () => {
    const directory = place();
    const begun = { hash: model.hash, processing: model.processing };
    await (await createRunDirectory(directory, recipe, begun)).release();
    const other = await probedModel(addition, 2);
    await refused({ directory, model: other }, /was trained on another model .*: give it with --model\.$/);
    await refused(
      { directory, model: { ...model, processing: 'none' } },
      /with --processing transformerlens/,
    );
    expect(readdirSync(directory)).toEqual(['recipe.json']);
  });

  it('again, because the checkpoint is missing, damaged or of something else', async () => {
    await refused(
      { directory: place() },
      /holds no checkpoint\.safetensors: there is no training to go on with\.$/,
    );
    const damaged = await changed({});
    const file = join(damaged, 'checkpoint.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    await refused({ directory: damaged }, /checkpoint\.safetensors is truncated/);
    await refused(
      { directory: await changed({ kind: 'model' }) },
      /is the training of a model: use train-model\.$/,
    );
    await refused(
      { directory: await changed({ recipe: { ...recipe, dropout: 2 } }) },
      /has a recipe that is not accepted: "dropout": /,
    );
    const wider = { ...recipe, architecture: { ...recipe.architecture, inner: 24 } };
    await refused(
      { directory: await changed({ recipe: wider }) },
      /does not fit its recipe: "h\.0\.mlp\.c_fc\.bias" is \[16\], not \[24\]\.$/,
    );
  });
});
