import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Tensor,
  type TrainingSpec,
  initialState,
  input,
  matmul,
  mul,
  reduceMean,
  sub,
  tanh,
} from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { randomFor } from '../random.js';
import { type PlannedTraining } from '../training/model-training.js';
import { type Checkpoint, loadCheckpoint } from './run-directory.js';
import { type LoopOptions, type Progress, trainingLoop } from './training-loop.js';

const runtime = nodeRuntime({ threads: 1 });
const root = mkdtempSync(join(tmpdir(), 'inversionview-loop-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const place = (): string => {
  const directory = join(root, String(made++));
  mkdirSync(directory);
  return directory;
};

/** A small real training: tanh(x·W) is fitted to random targets, a batch a step, in two sizes of batch. */
function planOf(steps: number, peak = 0.05): PlannedTraining & { disposed: number } {
  const tensor = (shape: readonly number[], seed: number): Tensor => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { dtype: 'float32', shape, data: randomFor(seed, 'toy').fillGaussian(new Float32Array(size)) };
  };
  const spec: TrainingSpec = {
    optimizer: {
      schedule: { kind: 'cosine', peak, warmup: 2, steps: 40, floor: 0.1 },
      weightDecay: 0.01,
      clip: 1,
      muon: (name) => name === 'square',
    },
    loss(parameter, variant) {
      const rows = Number(variant);
      const hidden = tanh(matmul(input('x', 'float32', [rows, 4]), parameter('square')));
      const error = sub(matmul(hidden, parameter('out')), input('y', 'float32', [rows, 2]));
      return { loss: reduceMean(mul(error, error)) };
    },
  };
  const start = new Map([
    ['square', tensor([4, 4], 1)],
    ['out', tensor([4, 2], 2)],
  ]);
  const plan = {
    spec,
    steps,
    disposed: 0,
    start: () => initialState(start, spec.optimizer),
    feeds: (step: number) => {
      const rows = 3 + (step % 2);
      const feeds = { x: tensor([rows, 4], 100 + step), y: tensor([rows, 2], 10_000 + step) };
      return Promise.resolve({ variant: String(rows), feeds });
    },
    dispose: () => {
      plan.disposed += 1;
      return Promise.resolve();
    },
  };
  return plan;
}

const fresh = (plan: PlannedTraining): Checkpoint => ({
  kind: 'model',
  recipe: { own: true },
  state: plan.start(),
  history: [],
  seconds: 0,
  pendingLoss: 0,
  siteWeights: [],
  modelHash: '',
  processing: 'none',
});
type Changes = Partial<Omit<LoopOptions, 'directory' | 'plan' | 'from'>>;
async function run(directory: string, from: Checkpoint, plan: PlannedTraining, changes: Changes = {}) {
  // The evaluation depends on the weights: it tells when they differ.
  const weighed: number[] = [...from.siteWeights];
  return trainingLoop(runtime, {
    directory,
    plan,
    from,
    evaluateEvery: 4,
    checkpointSeconds: 1000,
    evaluate: (state) => {
      const sum = [...state.parameters.values()]
        .flatMap(({ data }) => [...data])
        .map(Number)
        .reduce((a, b) => a + b, 0);
      weighed.push(sum);
      return Promise.resolve({ sum, evaluations: weighed.length });
    },
    siteWeights: () => weighed,
    ...changes,
  });
}
/** Runs until `step` has been taken, or until the end. */
async function runTo(
  step: number,
  directory: string,
  from: Checkpoint,
  plan: PlannedTraining,
  changes: Changes = {},
) {
  const controller = new AbortController();
  if (from.state.step >= step) controller.abort();
  return run(directory, from, plan, {
    ...changes,
    signal: controller.signal,
    onProgress(progress) {
      changes.onProgress?.(progress);
      if (progress.step === step) controller.abort();
    },
  });
}
/** A checkpoint without what depends on the clock. */
const timeless = ({ seconds, history, ...rest }: Checkpoint) => {
  expect(seconds).toBeGreaterThanOrEqual(history.at(-1)?.seconds ?? 0);
  return { ...rest, history: history.map(({ step, loss, figures }) => ({ step, loss, figures })) };
};

describe('a training', () => {
  it('that was stopped anywhere, any number of times, ends as one that was not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 1, max: 5 }),
        fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
        fc.boolean(),
        async (steps, evaluateEvery, stops, often) => {
          const changes = { evaluateEvery, checkpointSeconds: often ? 0 : 1000 };
          const [whole, broken] = [place(), place()];
          const unbroken = await run(whole, fresh(planOf(steps)), planOf(steps), changes);
          expect(unbroken).toMatchObject({ finished: true, state: { step: steps } });

          let from = fresh(planOf(steps));
          for (const stop of stops.toSorted((a, b) => a - b).filter((step) => step < steps)) {
            const part = await runTo(stop, broken, from, planOf(steps), changes);
            expect(part).toMatchObject({ finished: false, state: { step: stop } });
            from = await loadCheckpoint(broken);
            expect(from.state.step).toBe(stop);
          }
          const resumed = await run(broken, from, planOf(steps), changes);
          expect(resumed.state).toEqual(unbroken.state);
          expect(timeless(await loadCheckpoint(broken))).toEqual(timeless(await loadCheckpoint(whole)));
          expect(timeless({ ...from, ...resumed })).toEqual(timeless({ ...from, ...unbroken }));
        },
      ),
      { numRuns: 10 },
    );
  });

  it('that was killed goes on from any of its checkpoints', async () => {
    const [steps, directory] = [10, place()];
    const whole = await run(directory, fresh(planOf(steps)), planOf(steps));
    const copies: string[] = [];
    const watched = place();
    await run(watched, fresh(planOf(steps)), planOf(steps), {
      checkpointSeconds: 0,
      onProgress: ({ step }) => {
        // What a kill at this moment would leave: the checkpoint of this step, or of the one before it.
        if (!readdirSync(watched).includes('checkpoint.safetensors')) return;
        const copy = place();
        copyFileSync(join(watched, 'checkpoint.safetensors'), join(copy, 'checkpoint.safetensors'));
        copies.push(copy);
        expect(step).toBeGreaterThan(1);
      },
    });
    expect(copies.length).toBeGreaterThan(7);
    for (const copy of copies) {
      const from = await loadCheckpoint(copy);
      const { state } = await run(copy, from, planOf(steps));
      expect(state).toEqual(whole.state);
      expect(timeless(await loadCheckpoint(copy))).toEqual(timeless(await loadCheckpoint(directory)));
    }
  });

  it('that is stopped before its first step has saved where it starts', async () => {
    const directory = place();
    const from = fresh(planOf(5));
    const { finished, state } = await runTo(0, directory, from, planOf(5));
    expect(finished).toBe(false);
    expect(state).toEqual(from.state);
    expect(timeless(await loadCheckpoint(directory))).toEqual(timeless(from));
  });

  it('that is finished already takes no step and writes nothing', async () => {
    const directory = place();
    const first = await run(directory, fresh(planOf(6)), planOf(6));
    const before = readFileSync(join(directory, 'checkpoint.safetensors'));
    const seen: Progress[] = [];
    const again = await run(directory, await loadCheckpoint(directory), planOf(6), {
      onProgress: (one) => seen.push(one),
    });
    expect(again).toMatchObject({ finished: true, history: first.history });
    expect(again.state).toEqual(first.state);
    expect(seen).toEqual([]);
    expect(readFileSync(join(directory, 'checkpoint.safetensors'))).toEqual(before);
  });

  it('evaluates at its steps and at its end, and saves then', async () => {
    const directory = place();
    const saved: number[] = [];
    const { history } = await run(directory, fresh(planOf(10)), planOf(10), {
      onProgress: ({ step, figures }) => {
        if (figures !== undefined) saved.push(step);
      },
    });
    expect(history.map(({ step }) => step)).toEqual([4, 8, 10]);
    expect(saved).toEqual([4, 8, 10]);
    expect(history.map(({ figures }) => figures['evaluations'])).toEqual([1, 2, 3]);
    const { siteWeights, state } = await loadCheckpoint(directory);
    expect(siteWeights).toHaveLength(3);
    expect(state.step).toBe(10);
  });

  it('tells each step, and the mean loss since the last evaluation', async () => {
    const seen: Progress[] = [];
    const { history } = await run(place(), fresh(planOf(6)), planOf(6), {
      onProgress: (one) => seen.push(one),
    });
    expect(seen.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen.every(({ steps }) => steps === 6)).toBe(true);
    expect(seen.map(({ figures }) => figures !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(seen.map(({ seconds }) => seconds)).toEqual(
      seen.map(({ seconds }) => seconds).toSorted((a, b) => a - b),
    );
    // Losses of single steps come from a run that is evaluated after each.
    const single = await run(place(), fresh(planOf(6)), planOf(6), { evaluateEvery: 1 });
    const mean = (from: number, to: number): number =>
      single.history.slice(from, to).reduce((sum, { loss }) => sum + loss, 0) / (to - from);
    expect(history.map(({ loss }) => loss)).toEqual([
      expect.closeTo(mean(0, 4), 9),
      expect.closeTo(mean(4, 6), 9),
    ]);
    expect(history.at(-1)?.loss).toBe(seen.at(-1)?.loss);
  });

  it('counts the seconds of all its parts', async () => {
    const directory = place();
    await runTo(3, directory, { ...fresh(planOf(6)), seconds: 1000 }, planOf(6));
    const from = await loadCheckpoint(directory);
    expect(from.seconds).toBeGreaterThan(1000);
    const { seconds } = await run(directory, from, planOf(6));
    expect(seconds).toBeGreaterThan(from.seconds);
    expect(seconds).toBeLessThan(1100);
  });
});

describe('a training that goes wrong', () => {
  it('ends with one line, and keeps the last checkpoint', async () => {
    const directory = place();
    await runTo(3, directory, fresh(planOf(9)), planOf(9));
    const before = readFileSync(join(directory, 'checkpoint.safetensors'));
    const plan = planOf(9);
    const broken: PlannedTraining = {
      ...plan,
      async feeds(step) {
        const { variant, feeds } = await plan.feeds(step);
        const rows = Number(variant);
        const y: Tensor = { dtype: 'float32', shape: [rows, 2], data: new Float32Array(2 * rows).fill(3e38) };
        return { variant, feeds: step === 5 ? { ...feeds, y } : feeds };
      },
    };
    const running = run(directory, await loadCheckpoint(directory), broken, { evaluateEvery: 100 });
    await expect(running).rejects.toThrow(InputError);
    await expect(running).rejects.toThrow(
      /^The loss is Infinity at step 6: start again with a lower learning rate\.$/,
    );
    expect(readFileSync(join(directory, 'checkpoint.safetensors'))).toEqual(before);
    expect(readdirSync(directory)).toEqual(['checkpoint.safetensors']);
  });

  it('frees what it holds whatever happens', async () => {
    const plans = [planOf(3), planOf(3), planOf(3)];
    const [good, failing, stopped] = plans;
    if (!good || !failing || !stopped) throw new Error('three plans');
    await run(place(), fresh(good), good);
    await runTo(1, place(), fresh(stopped), stopped);
    const evaluate = () => Promise.reject(new RangeError('a fault'));
    await expect(run(place(), fresh(failing), failing, { evaluate })).rejects.toThrow(RangeError);
    expect(plans.map(({ disposed }) => disposed)).toEqual([1, 1, 1]);
  });

  it('says so when its directory is gone', async () => {
    const directory = place();
    const running = run(directory, fresh(planOf(3)), planOf(3), {
      onProgress: () => rmSync(directory, { recursive: true, force: true }),
    });
    await expect(running).rejects.toThrow(InputError);
    await expect(running).rejects.toThrow(
      /checkpoint\.safetensors was not written, .*: no such file or directory\.$/,
    );
  });
});
