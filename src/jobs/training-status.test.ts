import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelRecipe } from '../studies/index.js';
import { holdRun } from './run-hold.js';
import { type TrainingRecord, putRecord } from './training-record.js';
import { statusOf, statuses } from './training-status.js';

const name = 'mine';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-status-'));
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'recipe.json'), JSON.stringify(modelRecipe('addition', 'fast', 3)));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = (state: TrainingRecord['state'], pid = process.pid, message: string | null = null): void =>
  putRecord(join(folder, name), {
    kind: 'model',
    pid,
    state,
    message,
    model: null,
    processing: 'transformerlens',
  });
const points = (...steps: number[]): void =>
  writeFileSync(
    join(folder, name, 'progress.jsonl'),
    steps
      .map((step) => `${JSON.stringify({ step, steps: 5000, loss: 1 / step, seconds: step * 2 })}\n`)
      .join(''),
  );
const finished = (): void => {
  for (const file of ['model.safetensors', 'provenance.json']) writeFileSync(join(folder, name, file), '');
};
const gone = 2 ** 22 + 1;
const child = (pid: number, ended: boolean, failure: string | null = null) => ({ pid, ended, failure });
const state = async (...of: Parameters<typeof child> | []): Promise<string | undefined> =>
  (await statusOf(folder, name, of.length === 0 ? undefined : child(...of)))?.state;

describe('how a training stands', () => {
  it('is read from a recipe that an editor has put a byte order mark before', async () => {
    const recipe = JSON.stringify(modelRecipe('addition', 'fast', 3), null, 2).replaceAll('\n', '\r\n');
    writeFileSync(join(folder, name, 'recipe.json'), `\ufeff${recipe}`);
    expect(await statusOf(folder, name)).toMatchObject({ task: 'addition', preset: 'fast', seed: 3 });
  });

  it('is what its record says while its process lives', async () => {
    record('running');
    expect(await state()).toBe('starting');
    points(1, 50);
    expect(await statusOf(folder, name)).toMatchObject({
      name,
      kind: 'model',
      task: 'addition',
      preset: 'fast',
      seed: 3,
      state: 'running',
      step: 50,
      steps: 5000,
      seconds: 100,
      left: 9900,
      loss: 0.02,
      resumable: false,
    });
    record('pausing');
    expect(await state()).toBe('pausing');
    record('failed', process.pid, 'the disk is full');
    expect(await statusOf(folder, name)).toMatchObject({ state: 'failed', message: 'the disk is full' });
  });

  it('is interrupted when its process is gone, finished when its files are there', async () => {
    expect(await state()).toBe('interrupted');
    record('running', gone);
    points(1);
    expect(await state()).toBe('interrupted');
    finished();
    expect(await state()).toBe('finished');
    rmSync(join(folder, name, 'run.json'));
    expect(await state()).toBe('finished');
  });

  it('is that of the process that was just started, whatever an earlier one left', async () => {
    points(1);
    record('paused', gone);
    expect(await state()).toBe('paused');
    expect(await state(process.pid, false)).toBe('starting');
    record('running');
    expect(await state(process.pid, false)).toBe('running');
    expect(await statusOf(folder, name, child(process.pid, true, 'no memory'))).toMatchObject({
      state: 'failed',
      message: 'no memory',
    });
  });

  it('is no more that of a process that has ended once another goes on with it', async () => {
    points(1);
    record('running');
    expect(await state(gone, true)).toBe('running');
    expect(await state(gone, true, 'an old failure')).toBe('running');
  });
});

describe('a training that a process left', () => {
  it('before its first checkpoint can be begun anew, with a damaged one it cannot', async () => {
    expect(await statusOf(folder, name)).toMatchObject({ state: 'interrupted', resumable: true, step: 0 });
    writeFileSync(join(folder, name, 'checkpoint.safetensors'), 'damaged');
    expect(await statusOf(folder, name)).toMatchObject({ state: 'interrupted', resumable: false });
  });

  it('between its weights and the rest is not finished', async () => {
    record('running', gone);
    writeFileSync(join(folder, name, 'model.safetensors'), '');
    expect(await statusOf(folder, name)).toMatchObject({ state: 'interrupted', resumable: true });
  });

  it('is starting again once another holds its directory', async () => {
    record('paused', gone);
    const hold = await holdRun(join(folder, name));
    expect(await statusOf(folder, name)).toMatchObject({ state: 'starting', resumable: false });
    await hold.release();
    expect(await state()).toBe('paused');
  });
});

it('a folder lists its trainings, newest first, and nothing else', async () => {
  expect(await statuses(join(folder, 'nowhere'), new Map())).toEqual([]);
  mkdirSync(join(folder, 'junk'));
  writeFileSync(join(folder, 'junk', 'recipe.json'), '{');
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'mine.log'), 'a line');
  record('paused');
  const list = await statuses(folder, new Map());
  expect(list).toMatchObject([{ name, state: 'paused' }]);
  expect(Object.keys(list[0] ?? {})).not.toContain('points');
  expect(await statusOf(folder, '../mine.log')).toBeNull();
});
