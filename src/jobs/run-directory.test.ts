import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Tensor } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { encodeSafetensors } from '../models/weights/safetensors-encode.js';
import {
  type Checkpoint,
  checkedRecipe,
  expectFitting,
  isFinished,
  loadCheckpoint,
  recipeOf,
  saveCheckpoint,
  writeResults,
} from './run-directory.js';
import { createRunDirectory, resumedTask, takeUp } from './run-start.js';

const root = mkdtempSync(join(tmpdir(), 'inversionview-runs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let place = '';
let made = 0;
beforeEach(() => {
  place = join(root, String(made++));
});

const tensor = (shape: readonly number[], ...values: number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
const checkpoint = (changes: Partial<Checkpoint> = {}): Checkpoint => ({
  kind: 'decoder',
  recipe: { task: 'addition', seed: 1 },
  state: {
    step: 37,
    parameters: new Map([
      ['wte.weight', tensor([2, 2], 1 / 3, -0, 1e-42, 3e38)],
      ['momentum', tensor([1], 5)],
    ]),
    moments: new Map([
      ['first:wte.weight', tensor([2, 2], 0.1, 0.2, 0.3, 0.4)],
      ['momentum:momentum', tensor([1], 6)],
    ]),
  },
  history: [{ step: 32, loss: 1 / 3, seconds: 1.25, figures: { rate: 0.1 + 0.2, 'a0.0': 1 } }],
  seconds: 12.345678901234567,
  pendingLoss: 0.1 + 0.7,
  siteWeights: [Math.E, 1 / 7],
  modelHash: 'abc',
  processing: 'none',
  ...changes,
});
async function refused(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(promise).rejects.toThrow(InputError);
  await expect(promise).rejects.toThrow(message);
  await expect(promise).rejects.toThrow(/^[^\n]*$/);
}

describe('createRunDirectory', () => {
  it('makes the directory, and those before it, with the recipe', async () => {
    const directory = join(place, 'deep', 'run');
    const hold = await createRunDirectory(directory, { task: 'addition', seed: 4 });
    await hold.release();
    expect(readdirSync(directory)).toEqual(['recipe.json']);
    const text = readFileSync(join(directory, 'recipe.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({ task: 'addition', seed: 4 });
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('takes a directory that is empty', async () => {
    mkdirSync(place);
    await (await createRunDirectory(place, {})).release();
    expect(readdirSync(place)).toEqual(['recipe.json']);
  });

  it('takes one in which a process was killed before it had a recipe', async () => {
    mkdirSync(place);
    writeFileSync(join(place, 'held-by-4194305-12-00000000.lock'), '');
    utimesSync(join(place, 'held-by-4194305-12-00000000.lock'), 1, 1);
    writeFileSync(join(place, 'recipe.json.4194305-12-00000000.7.partial'), '{');
    await (await createRunDirectory(place, {})).release();
    expect(readdirSync(place)).toEqual(['recipe.json']);
  });

  it('is refused to a second one while the first is at it, and after it was killed told to resume', async () => {
    const hold = await createRunDirectory(place, { task: 'addition' });
    await refused(createRunDirectory(place, {}), new RegExp(`is being trained by process ${process.pid}: `));
    await refused(takeUp(place, 'model'), new RegExp(`is being trained by process ${process.pid}: `));
    await refused(resumedTask(place), /is being trained/);
    await hold.release();
    await refused(createRunDirectory(place, {}), new RegExp(`or go on with it: --resume ${place}\\.$`));
  });

  it('refuses one that is not, and leaves it as it is', async () => {
    mkdirSync(place);
    writeFileSync(join(place, 'mine.txt'), 'mine');
    await refused(createRunDirectory(place, {}), /exists already: choose another directory with --out\.$/);
    expect(readdirSync(place)).toEqual(['mine.txt']);
    expect(readFileSync(join(place, 'mine.txt'), 'utf8')).toBe('mine');

    await saveCheckpoint(place, checkpoint());
    await refused(
      createRunDirectory(place, {}),
      new RegExp(`with --out, or go on with it: --resume ${place}\\.$`),
    );
  });

  it('refuses a file in its place', async () => {
    writeFileSync(place, 'mine');
    await refused(createRunDirectory(place, {}), /is not a directory/);
    await refused(createRunDirectory(join(place, 'run'), {}), /not a directory/);
    expect(readFileSync(place, 'utf8')).toBe('mine');
  });
});

describe('a checkpoint', () => {
  it('comes back to the bit', async () => {
    mkdirSync(place);
    const saved = checkpoint();
    await saveCheckpoint(place, saved);
    expect(readdirSync(place)).toEqual(['checkpoint.safetensors']);
    const loaded = await loadCheckpoint(place);
    expect({ ...loaded, state: null }).toEqual({ ...saved, state: null });
    expect(loaded.state.step).toBe(37);
    for (const part of ['parameters', 'moments'] as const) {
      expect(new Map([...loaded.state[part]].toSorted())).toEqual(new Map([...saved.state[part]].toSorted()));
    }
    // −0 and a denormal are kept: toEqual tells 0 from −0.
    expect(loaded.state.parameters.get('wte.weight')?.data[1]).toBe(-0);
    await saveCheckpoint(place, checkpoint({ pendingLoss: 9 }));
    expect((await loadCheckpoint(place)).pendingLoss).toBe(9);
    expect(readdirSync(place)).toEqual(['checkpoint.safetensors']);
  });

  it('of a version that did not say how weights were processed is of processed ones', async () => {
    mkdirSync(place);
    const { state, processing, ...rest } = checkpoint();
    expect(processing).toBe('none');
    const metadata = { training: JSON.stringify({ ...rest, step: state.step }) };
    writeFileSync(join(place, 'checkpoint.safetensors'), encodeSafetensors([], metadata));
    expect((await loadCheckpoint(place)).processing).toBe('transformerlens');
  });

  it('is missed by name', async () => {
    await refused(
      loadCheckpoint(place),
      /holds no checkpoint\.safetensors: there is no training to go on with\.$/,
    );
    mkdirSync(place);
    await refused(loadCheckpoint(place), /holds no checkpoint\.safetensors/);
    await refused(resumedTask(place), /holds no checkpoint\.safetensors/);
  });

  it('that is damaged is refused', async () => {
    mkdirSync(place);
    const path = join(place, 'checkpoint.safetensors');
    await saveCheckpoint(place, checkpoint());
    const whole = readFileSync(path);
    for (const length of [whole.length - 1, whole.length - 30, 400, 8, 3, 0]) {
      truncateSync(path, length);
      await refused(loadCheckpoint(place), /checkpoint\.safetensors/);
      writeFileSync(path, whole);
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.from([1])]));
    await refused(loadCheckpoint(place), /the last 1 bytes belong to no tensor/);
    for (let at = 0; at < 200; at += 7) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x08;
      writeFileSync(path, flipped);
      // A flipped bit of the header is refused, or it left a text that means the same kind of thing.
      await loadCheckpoint(place).catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
    }
  });

  it('that holds something else is refused', async () => {
    mkdirSync(place);
    const put = (metadata: Record<string, string>, value = 1) =>
      writeFileSync(
        join(place, 'checkpoint.safetensors'),
        encodeSafetensors(
          [{ name: 'parameter:w', dtype: 'F32', shape: [1], data: Float32Array.of(value) }],
          metadata,
        ),
      );
    const { state, ...rest } = checkpoint();
    const good = { ...rest, step: state.step };
    for (const text of [
      '',
      'null',
      '{',
      '[]',
      JSON.stringify({ ...good, kind: 'other' }),
      JSON.stringify({ ...good, step: 1.5 }),
    ]) {
      put({ training: text });
      await refused(loadCheckpoint(place), /checkpoint\.safetensors is not the checkpoint of a training\.$/);
    }
    put({});
    await refused(loadCheckpoint(place), /is not the checkpoint of a training\.$/);
    put({ training: JSON.stringify(good) }, NaN);
    await refused(loadCheckpoint(place), /parameter:w/);
    put({ training: JSON.stringify(good) });
    expect((await loadCheckpoint(place)).state.moments.size).toBe(0);
  });

  it('has the task of its training', async () => {
    mkdirSync(place);
    await saveCheckpoint(place, checkpoint());
    expect(await resumedTask(place)).toBe('addition');
    await saveCheckpoint(place, checkpoint({ recipe: { seed: 1 } }));
    await refused(resumedTask(place), /has a recipe that is not accepted: "task": /);
  });
});

describe('takeUp', () => {
  it('reads the checkpoint, and gives the directory back', async () => {
    mkdirSync(place);
    const saved = checkpoint();
    await saveCheckpoint(place, saved);
    writeFileSync(join(place, 'checkpoint.safetensors.123412345678.partial'), 'of an earlier version');
    const run = await takeUp(place, 'decoder');
    expect(run).toMatchObject({
      recipe: saved.recipe,
      model: { hash: 'abc', processing: 'none' },
      checkpoint: { seconds: saved.seconds },
    });
    await refused(takeUp(place, 'decoder'), /is being trained/);
    await run.release();
    expect(readdirSync(place)).toEqual(['checkpoint.safetensors']);
    await refused(takeUp(place, 'model'), /is the training of a decoder: use train-decoder\.$/);
    await (await takeUp(place, 'decoder')).release();
  });

  it('begins anew by the recipe where there was no checkpoint yet, on the model of the beginning', async () => {
    const recipe = { task: 'counting', seed: 3, architecture: { layers: 2 } };
    const model = { hash: 'abc', processing: 'none' } as const;
    await (await createRunDirectory(place, recipe, model)).release();
    expect(await resumedTask(place)).toBe('counting');
    const run = await takeUp(place, 'decoder');
    expect(run).toMatchObject({ checkpoint: null, recipe, model });
    const strict = z.object({ seed: z.string() });
    expect(() => recipeOf(strict, run, 'x')).toThrow(/^x\/recipe\.json is not accepted: "seed": /);
    await run.release();
    await refused(takeUp(place, 'model'), /is the training of a decoder/);
  });

  it('refuses what is no training, and a recipe that is none', async () => {
    await refused(takeUp(place, 'model'), /holds no checkpoint\.safetensors: there is no training/);
    mkdirSync(place);
    for (const text of ['', '{', '[]', '{"task":4}']) {
      writeFileSync(join(place, 'recipe.json'), text);
      await refused(takeUp(place, 'model'), /recipe\.json is not the recipe of a training\.$/);
      await refused(resumedTask(place), /recipe\.json is not the recipe of a training\.$/);
    }
    expect(readdirSync(place)).toEqual(['recipe.json']);
  });
});

describe('a recipe', () => {
  const schema = z.object({ task: z.string(), schedule: z.object({ steps: z.number() }) });
  it('that is not accepted is refused with its field', () => {
    const recipe = { task: 'addition', schedule: { steps: 'many' } };
    const message = /^The recipe is not accepted: "schedule\.steps": /;
    expect(() => checkedRecipe(schema, recipe)).toThrow(InputError);
    expect(() => checkedRecipe(schema, recipe)).toThrow(message);
    expect(() => recipeOf(schema, checkpoint({ recipe }), 'runs/mine')).toThrow(
      /^runs\/mine\/checkpoint\.safetensors has a recipe that is not accepted: "schedule\.steps": /,
    );
    const good = { task: 'addition', schedule: { steps: 5 } };
    expect(recipeOf(schema, checkpoint({ recipe: good }), 'x')).toEqual(good);
  });

  it('that makes other tensors than the checkpoint has is refused', () => {
    const own = checkpoint();
    const start = own.state;
    expect(() => expectFitting(own, { ...start, step: 0 }, 'x')).not.toThrow();
    const without = (name: string) => new Map([...start.parameters].filter(([one]) => one !== name));
    const missing = { ...own, state: { ...start, parameters: without('wte.weight') } };
    expect(() => expectFitting(missing, start, 'x')).toThrow(InputError);
    expect(() => expectFitting(missing, start, 'x')).toThrow(
      /^x\/checkpoint\.safetensors does not fit its recipe: "wte\.weight" is missing, not \[2, 2\]\.$/,
    );
    expect(() => expectFitting(own, { ...start, parameters: without('momentum') }, 'x')).toThrow(
      /"momentum" is \[1\], not absent\.$/,
    );
    const moments = new Map([...start.moments, ['first:wte.weight', tensor([4], 1, 2, 3, 4)]] as const);
    expect(() => expectFitting(own, { ...start, moments }, 'x')).toThrow(
      /"first:wte\.weight" is \[2, 2\], not \[4\]\.$/,
    );
  });
});

describe('writeResults', () => {
  it('writes each file and the history', async () => {
    mkdirSync(place);
    const { history } = checkpoint();
    await writeResults(place, new Map([['README.md', new TextEncoder().encode('# A card')]]), history);
    expect(readdirSync(place).toSorted()).toEqual(['README.md', 'history.json']);
    expect(readFileSync(join(place, 'README.md'), 'utf8')).toBe('# A card');
    expect(JSON.parse(readFileSync(join(place, 'history.json'), 'utf8'))).toEqual(history);
    expect(existsSync(join(place, 'checkpoint.safetensors'))).toBe(false);
  });

  it('has written all else before the weights, whatever the order given', async () => {
    mkdirSync(place);
    // A directory in the way of one file stands in for a kill at that moment.
    const files = new Map(
      ['model.safetensors', 'config.json', 'provenance.json', 'README.md'].map((file) => [
        file,
        new Uint8Array(1),
      ]),
    );
    for (const last of ['config.json', 'provenance.json', 'README.md', 'history.json']) {
      mkdirSync(join(place, last));
      await expect(writeResults(place, files, [])).rejects.toThrow(InputError);
      expect(existsSync(join(place, 'model.safetensors'))).toBe(false);
      expect(isFinished(place)).toBe(false);
      rmSync(join(place, last), { recursive: true });
    }
    await writeResults(place, files, []);
    expect(isFinished(place)).toBe(true);
    // Earlier versions wrote the weights first.
    rmSync(join(place, 'provenance.json'));
    expect(isFinished(place)).toBe(false);
  });
});
