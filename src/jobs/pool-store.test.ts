import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type DecoderRecipe } from '../training/decoder-recipe.js';
import { textSettings } from '../training/text-settings.js';
import { poolStore } from './pool-store.js';
import { loadCheckpoint } from './run-directory.js';
import { type TrainDecoderJob, trainDecoder } from './train-decoder.js';

const runtime = nodeRuntime({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'inversionview-pool-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const place = (): string => join(root, String(made++));

describe('stored activations of a training', () => {
  it('come back as they were, are collected anew where a file is damaged, and go at the end', async () => {
    const store = poolStore(root, 2);
    const part = [
      { inputs: Int32Array.of(3, 1_000_000), whitened: Float32Array.of(0.1, -2, 3e-30, 4) },
      { inputs: Int32Array.of(), whitened: Float32Array.of() },
    ];
    expect(await store.load(0)).toBeNull();
    await store.save(0, part);
    await store.save(12, part);
    expect(await store.load(0)).toEqual(part);
    expect(readdirSync(root)).toEqual(['activations-00000.safetensors', 'activations-00012.safetensors']);
    const file = join(root, 'activations-00012.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, 40));
    expect(await store.load(12)).toBeNull();
    // Of a decoder of more sites.
    expect(await poolStore(root, 3).load(0)).toBeNull();
    await store.clear();
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('a training that draws from collected activations', () => {
  it('gives the same whether it is stopped while it collects, between steps, or not at all', async () => {
    const task = await meetingsTask();
    const model = await modelFor(task);
    const { fast } = textSettings(12, false);
    if (fast === undefined) throw new Error('no settings');
    const recipe: DecoderRecipe = {
      ...fast,
      task: task.name,
      preset: 'fast',
      seed: 4,
      architecture: {
        ...fast.architecture,
        heads: 2,
        width: 16,
        inner: 16,
        conditioning: {
          kind: 'site-projection',
          width: 16,
          blocks: 1,
          hidden: 16,
          standardize: 'whiten',
          directions: 5,
        },
      },
      batch: 8,
      group: 4,
      pool: 1200,
      perInput: 3,
      schedule: { ...fast.schedule, steps: 20, warmup: 2 },
      evaluateEvery: 16,
      evaluateQueries: 2,
    };
    const until = (
      directory: string,
      { step = Infinity, collected = Infinity }: { step?: number; collected?: number },
      begin = false,
    ): Promise<boolean> => {
      const controller = new AbortController();
      const job: TrainDecoderJob = {
        directory,
        model,
        task,
        checkpointSeconds: 1000,
        ...(begin ? { recipe } : {}),
        signal: controller.signal,
        onCollected: (done) => {
          if (done >= collected) controller.abort();
        },
        onProgress: (progress) => {
          if (progress.step >= step) controller.abort();
        },
      };
      return trainDecoder(runtime, job);
    };
    const whole = place();
    expect(await until(whole, { step: 18 }, true)).toBe(false);
    const broken = place();
    expect(await until(broken, { collected: 600 }, true)).toBe(false);
    const stored = join(broken, 'activations-00000.safetensors');
    const before = readFileSync(stored);
    expect(readdirSync(broken).toSorted()).toEqual([
      'activations-00000.safetensors',
      'activations-00001.safetensors',
      'recipe.json',
    ]);
    expect(await until(broken, { step: 7 })).toBe(false);
    expect(readFileSync(stored)).toEqual(before);
    expect(await until(broken, { step: 18 })).toBe(false);
    const [one, other] = [await loadCheckpoint(whole), await loadCheckpoint(broken)];
    expect(other.state).toEqual(one.state);
    expect(await until(whole, {})).toBe(true);
    expect(readdirSync(whole).filter((name) => name.startsWith('activations'))).toEqual([]);
  });
});
