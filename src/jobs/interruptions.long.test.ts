import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../engine/runtime/node.js';
import { modelRecipe } from '../studies/index.js';
import { type Checkpoint, loadCheckpoint } from './run-directory.js';
import { trainModel } from './train-model.js';

const runtime = nodeRuntime({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'inversionview-interruptions-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const settings = modelRecipe('counting', 'paper', 2);
const recipe = { ...settings, batch: 4, schedule: { ...settings.schedule, steps: 100_000 } };
const project = fileURLToPath(new URL('../..', import.meta.url));

/** Node with TypeScript, in which `load` imports a file beside this one. */
const script = (code: string): string[] => {
  const load = `const load = (file) => import(new URL(file, ${JSON.stringify(import.meta.url)}).href);`;
  return ['--import', 'tsx', '--input-type=module', '-e', `${load}\n${code}`];
};

async function trainTo(step: number, directory: string, resumed = false): Promise<Checkpoint> {
  const controller = new AbortController();
  await trainModel(runtime, {
    directory,
    ...(resumed ? {} : { recipe }),
    evaluateEvery: 1e9,
    checkpointSeconds: 1000,
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.step === step) controller.abort();
    },
  });
  return loadCheckpoint(directory);
}

/** Waits until a checkpoint is begun for the n-th time; one that has been begun has a file of its own beside the last. */
function begun(directory: string, times: number): Promise<void> {
  return new Promise((resolve) => {
    // What an earlier kill left is swept away first, which is an event too.
    const old = readdirSync(directory);
    const seen = new Set<string>();
    const watcher = watch(directory, (_, file) => {
      if (file?.endsWith('.partial') === true && !old.includes(file)) seen.add(file);
      if (seen.size < times) return;
      watcher.close();
      resolve();
    });
  });
}

describe('a training that is killed while it saves', () => {
  it('has its last checkpoint whole, and ends as an unbroken one', async () => {
    const directory = join(root, 'killed');
    await trainTo(1, directory);
    let reached = 1;
    for (const times of [2, 5]) {
      const child = spawn(
        process.execPath,
        script(`
          const { nodeRuntime } = await load('../engine/runtime/node.ts');
          const { trainModel } = await load('./train-model.ts');
          const job = ${JSON.stringify({ directory, evaluateEvery: 1e9, checkpointSeconds: 0 })};
          await trainModel(nodeRuntime({ threads: 1 }), job);`),
        { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] },
      );
      children.push(child);
      const gone = once(child, 'exit');
      const early = gone.then(() => Promise.reject(new Error('it ended before it was killed')));
      await Promise.race([begun(directory, times), early]);
      child.kill('SIGKILL');
      await gone;
      const { state } = await loadCheckpoint(directory);
      expect(state.step).toBeGreaterThanOrEqual(reached + times - 1);
      reached = state.step;
    }
    const [resumed, unbroken] = [
      await trainTo(reached + 3, directory, true),
      await trainTo(reached + 3, join(root, 'unbroken')),
    ];
    expect({ ...resumed, seconds: 0 }).toEqual({ ...unbroken, seconds: 0 });
    // What the kills left beside it was swept away.
    expect(readdirSync(directory).toSorted()).toEqual(['checkpoint.safetensors', 'recipe.json']);
  }, 120_000);
});

describe('a checkpoint that finds no room', () => {
  it('says so in one line and leaves the last one as it was', async () => {
    const directory = join(root, 'full');
    await trainTo(2, directory);
    const file = join(directory, 'checkpoint.safetensors');
    const before = readFileSync(file);
    // A limit on the size of files stands in for a full disk; the checkpoint has 1.3 MB.
    expect(before.length).toBeGreaterThan(1_200_000);
    const save = script(`
      const { loadCheckpoint, saveCheckpoint } = await load('./run-directory.ts');
      const directory = ${JSON.stringify(directory)};
      try { await saveCheckpoint(directory, { ...(await loadCheckpoint(directory)), seconds: 9 }); }
      catch (error) { console.log(error.name + ': ' + error.message); }`);
    const run = spawnSync('sh', ['-c', 'ulimit -f 1000 && exec "$0" "$@"', process.execPath, ...save], {
      cwd: project,
      encoding: 'utf8',
    });
    expect(run.stdout + run.stderr).toBe(
      `InputError: ${file} was not written, and what was there before is untouched: the file would be larger than the system allows.\n`,
    );
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(directory).toSorted()).toEqual(['checkpoint.safetensors', 'recipe.json']);
    expect((await trainTo(4, directory, true)).state.step).toBe(4);
  }, 120_000);
});
