/**
 * `train-model` as a person uses it: trained, stopped by Ctrl-C, killed, and out of disk. Whatever happened on the
 * way, the weights that come out at the end are bit for bit those of a training that nothing happened to.
 */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TrainingRecord, recordSchema } from '../../src/jobs/training-record.js';
import { bundledCommand, type Command, type Finished, refusal } from './command.js';

let command: Command;
let unbroken: Finished;
beforeAll(async () => {
  command = await bundledCommand();
  unbroken = await command.run(training('unbroken'));
});
afterAll(() => command.dispose());

/** Half of the steps come after the first evaluation: time enough to stop it there. */
const training = (out: string): string[] => [
  ...['train-model', 'addition', '--steps', '400', '--evaluate-every', '200', '--batch', '8'],
  ...['--seed', '5', '--threads', '1', '--out', out],
];
const resuming = (directory: string): string[] => [
  ...['train-model', '--resume', directory, '--evaluate-every', '200', '--threads', '1'],
];
const bytesOf = (directory: string, file = 'model.safetensors'): Buffer =>
  readFileSync(join(command.folder, directory, file));
const recordOf = (directory: string): TrainingRecord =>
  recordSchema.parse(JSON.parse(bytesOf(directory, 'run.json').toString()));
const results = ['README.md', 'config.json', 'history.json', 'model.safetensors', 'provenance.json'];

/** Starts a training and sends signals when a text comes on stderr. */
function interrupted(out: string, signals: Readonly<Record<string, NodeJS.Signals>>): Promise<Finished> {
  const left = new Map(Object.entries(signals));
  return command.run(training(out), {
    onError(text, child) {
      for (const [wanted, signal] of left) {
        if (!text.includes(wanted)) continue;
        left.delete(wanted);
        child.kill(signal);
      }
    },
  });
}

async function expectSameInTheEnd(directory: string): Promise<void> {
  const resumed = await command.run(resuming(directory));
  expect(resumed).toMatchObject({
    code: 0,
    stdout: `Written: ${directory} (its README.md has the figures)\n`,
  });
  expect(bytesOf(directory).equals(bytesOf('unbroken'))).toBe(true);
}

describe('train-model', () => {
  it('writes a checkpoint that the other commands take, and says what it measured', async () => {
    expect(unbroken).toMatchObject({
      code: 0,
      stdout: 'Written: unbroken (its README.md has the figures)\n',
    });
    expect(unbroken.stderr).toMatch(
      /^step 200\/400 {2}loss \d\.\d{4} {2}\d+ s {2}accuracy \d\.\d{3}\nstep 400\/400 [^\n]+\n$/,
    );
    const files = readdirSync(join(command.folder, 'unbroken'));
    for (const file of [...results, 'checkpoint.safetensors', 'recipe.json']) expect(files).toContain(file);
    expect(bytesOf('unbroken', 'README.md').toString()).toContain(
      'train-model addition --preset fast --seed 5',
    );
    const evaluated = await command.run([
      'evaluate',
      '--what',
      'model',
      '--model',
      'unbroken',
      '-q',
      '64',
      '--json',
    ]);
    expect(JSON.parse(evaluated.stdout)).toMatchObject({ inputs: 64 });
    const asked = ['activations', '--model', 'unbroken', '--input', '1+1=2', '--sites', 'a0.1', '--json'];
    expect((await command.run(asked)).code).toBe(0);
  });

  it('saves at Ctrl-C, exits with 130, and goes on to the very same weights', async () => {
    const stopped = await interrupted('stopped', { 'step 200/400': 'SIGINT' });
    expect(stopped).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(stopped.stderr).toContain('Stopping after this step; the state is being saved.');
    expect(stopped.stderr).toMatch(/\nStopped\. Go on with: inversionview train-model --resume stopped\n$/);
    const saved = readdirSync(join(command.folder, 'stopped'));
    expect(saved).toContain('checkpoint.safetensors');
    expect(saved).not.toContain('model.safetensors');
    await expectSameInTheEnd('stopped');
  });

  it('stops at once at a second Ctrl-C, and the last checkpoint stays', async () => {
    const stopped = await interrupted('twice', { 'step 200/400': 'SIGINT', 'Stopping after': 'SIGINT' });
    expect(stopped).toMatchObject({ code: 130, signal: null, stdout: '' });
    await expectSameInTheEnd('twice');
  });

  it('saves at the end of its terminal, however often it is told', async () => {
    const stopped = await interrupted('hung-up', { 'step 200/400': 'SIGHUP', 'Stopping after': 'SIGHUP' });
    expect(stopped).toMatchObject({ code: 130, signal: null, stdout: '' });
    expect(recordOf('hung-up')).toMatchObject({ state: 'paused' });
    await expectSameInTheEnd('hung-up');
  });

  it('is alone in its directory, as long as its process lives', async () => {
    let pid = 0;
    const others: Promise<Finished>[] = [];
    const before = await command.run(training('shared'), {
      onError(text, child) {
        if (!text.includes('step 200/400') || others.length > 0) return;
        pid = child.pid ?? 0;
        child.kill('SIGSTOP');
        others.push(command.run(resuming('shared')), command.run(training('shared')));
        void Promise.all(others).finally(() => child.kill('SIGKILL'));
      },
    });
    expect(before.signal).toBe('SIGKILL');
    expect(recordOf('shared')).toMatchObject({ pid, state: 'running' });
    expect(others).toHaveLength(2);
    for (const other of await Promise.all(others))
      expect(refusal(other)).toBe(`shared is being trained by process ${pid}: wait for its end, or stop it.`);
    await expectSameInTheEnd('shared');
    expect(recordOf('shared').pid).not.toBe(pid);
    expect(readdirSync(join(command.folder, 'shared')).filter((file) => /lock|partial/.test(file))).toEqual(
      [],
    );
  });

  it('that was killed before its first checkpoint begins anew by its recipe', async () => {
    const directory = join(command.folder, 'early');
    mkdirSync(directory);
    copyFileSync(join(command.folder, 'unbroken', 'recipe.json'), join(directory, 'recipe.json'));
    expect(refusal(await command.run(training('early')))).toBe(
      'early exists already: choose another directory with --out, or go on with it: --resume early.',
    );
    await expectSameInTheEnd('early');
  });

  it('that was killed as it wrote its results writes them again', async () => {
    const directory = join(command.folder, 'late');
    cpSync(join(command.folder, 'unbroken'), directory, { recursive: true });
    for (const file of ['provenance.json', 'README.md', 'history.json']) rmSync(join(directory, file));
    await expectSameInTheEnd('late');
    for (const file of results) expect(readdirSync(directory)).toContain(file);
  });

  it('goes on from the last checkpoint after kill -9', async () => {
    expect(await interrupted('killed', { 'step 200/400': 'SIGKILL' })).toMatchObject({ signal: 'SIGKILL' });
    const before = bytesOf('killed', 'checkpoint.safetensors');
    // A limit on the size of files stands in for a full disk: the next checkpoint does not fit.
    const full = await command.run(resuming('killed'), { shell: 'ulimit -f 100; exec "$@"' });
    expect(refusal({ ...full, stderr: full.stderr.replace(/^step [^\n]+\n/, '') })).toMatch(
      /^killed\/checkpoint\.safetensors was not written, and what was there before is untouched: the file would be larger than the system allows\.$/,
    );
    expect(bytesOf('killed', 'checkpoint.safetensors').equals(before)).toBe(true);
    expect(readdirSync(join(command.folder, 'killed')).filter((file) => file.endsWith('.partial'))).toEqual(
      [],
    );
    await expectSameInTheEnd('killed');
  });

  it('refuses a directory that holds a training, and tells how to go on with it', async () => {
    const before = bytesOf('unbroken', 'checkpoint.safetensors');
    expect(refusal(await command.run(training('unbroken')))).toBe(
      'unbroken exists already: choose another directory with --out, or go on with it: --resume unbroken.',
    );
    expect(bytesOf('unbroken', 'checkpoint.safetensors').equals(before)).toBe(true);
  });

  it('refuses to go on with it as something else', async () => {
    expect(refusal(await command.run(['train-decoder', '--resume', 'unbroken']))).toBe(
      'unbroken is the training of a model: use train-model.',
    );
    expect(refusal(await command.run(['train-model', 'counting', '--resume', 'unbroken']))).toBe(
      'unbroken is a training for addition, not for counting.',
    );
  });
});
