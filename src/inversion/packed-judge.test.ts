import { beforeAll, describe, expect, it } from 'vitest';
import { activationsOf, distanceBy } from '../../test/fixtures/brute-force.js';
import { furthest } from '../../test/fixtures/float64.js';
import { fewSums } from '../../test/fixtures/few-sums.js';
import { smallModel, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { type Runtime } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { seededRandom } from '../random.js';
import { probedModelConfig } from '../training/model-training.js';
import { enumerateActivations } from './enumerate/activations.js';
import { openExactPreimages } from './enumerate/exact.js';
import { absent, fresh } from './enumerate/prefixes.js';
import { createJudge } from './judge.js';
import { metrics } from './metrics.js';

const task = fewSums([100, 101, 109, 110, 199, 450, 455, 459, 500, 555, 901, 999]);
const site = 'blocks.1.hook_resid_post';
const cpu = nodeRuntime({ threads: 1 });
/** Rows of all runs together. */
let rowsRun = 0;
const runtime: Runtime = {
  name: cpu.name,
  async compile(graph) {
    const executable = await cpu.compile(graph);
    return {
      ...executable,
      run(inputs, into) {
        rowsRun += inputs['mask']?.shape[0] ?? 0;
        return executable.run(inputs, into);
      },
    };
  },
};

let model: HookedModel;
beforeAll(async () => {
  // A vocabulary that makes the model a large one; the task uses its first tokens.
  const config = { ...probedModelConfig(task), vocab_size: 140_000 };
  model = await smallModel(config, 'none', smallWeights(config));
});

const random = seededRandom(4);
const drawn = (count: number): number[][] =>
  Array.from({ length: count }, () => [...task.data.instance(random.int(task.data.size))]);
const activationOf = async (ids: readonly number[], at: number): Promise<Float32Array> =>
  (await activationsOf(cpu, model, site, ids))[at] ?? new Float32Array(0);

describe('the judge of a large model', () => {
  it('finds the distances at all positions before the end, of one query or of one a candidate', async () => {
    expect(isLarge(model)).toBe(true);
    const { bos, eos, pad } = task;
    const odd = [
      [bos],
      [bos, 1, 2, 3],
      [bos, 1, eos, 3],
      [bos, 1, 2, pad, 4],
      [bos, 1],
      [bos, ...Array<number>(20).fill(7)],
    ];
    const candidates = [...drawn(60), ...odd];
    candidates.push(candidates[7] ?? [], [...(candidates[8] ?? []), pad]);
    const lengths = [
      ...candidates.slice(0, 60).map((ids) => ids.indexOf(eos)),
      1,
      4,
      2,
      3,
      2,
      task.maxLength,
    ];
    lengths.push(lengths[7] ?? 0, lengths[8] ?? 0);
    const queries = await Promise.all(
      candidates.map((_, row) => activationOf(task.data.instance(row), row % 9)),
    );
    const judge = createJudge(runtime, model, task, site);
    const [one = new Float32Array(0)] = queries;
    const all = Float32Array.from(queries.flatMap((query) => [...query]));
    for (const [verdicts, queryOf] of [
      [await judge.judge(candidates, one), () => one],
      [await judge.judge(candidates, all), (row: number) => queries[row] ?? one],
    ] as const)
      for (const metric of metrics)
        for (const [row, ids] of candidates.entries()) {
          const counted = lengths[row] ?? 0;
          const own = await activationsOf(cpu, model, site, ids.slice(0, counted));
          const wanted = own.map((z) => distanceBy[metric](z, queryOf(row)));
          const verdict = verdicts[metric][row];
          expect(verdict?.distances).toHaveLength(counted);
          wanted.forEach((distance, at) => expect(verdict?.distances[at]).toBeCloseTo(distance, 4));
          expect(verdict?.distance).toBeCloseTo(Math.min(...wanted), 4);
          expect(verdict?.distances[verdict.position]).toBe(verdict?.distance);
        }
    await judge.dispose();
  });

  it('runs what is alike once, in one call and in later ones of the same query', async () => {
    const judge = createJudge(runtime, model, task, site);
    const z = await activationOf(task.data.instance(3), 8);
    const some = drawn(30);
    const first = await judge.judge(some, z);
    const before = rowsRun;
    // The same values are the same query.
    expect(await judge.judge([...some, ...some], z.slice())).toEqual({
      euclidean: [...first.euclidean, ...first.euclidean],
      cosine: [...first.cosine, ...first.cosine],
    });
    expect(rowsRun).toBe(before);
    // Two queries under way at once do not get each other's verdicts.
    const other = await activationOf(task.data.instance(140), 8);
    const [own, others] = await Promise.all([judge.judge(some.slice(0, 2), z), judge.judge(some, other)]);
    const alone = createJudge(runtime, model, task, site);
    expect(own.euclidean).toEqual(first.euclidean.slice(0, 2));
    expect(others).toEqual(await alone.judge(some, other));
    expect(await judge.judge(some, other)).toEqual(others);
    expect(await judge.judge(some, z)).toEqual(first);
    expect(await judge.judge([], z)).toEqual({ euclidean: [], cosine: [] });
    for (const each of [judge, alone]) await each.dispose();
  });

  it('shares beginnings: sums of few numbers take fewer tokens than one by one, rows that are not full counted', async () => {
    const judge = createJudge(runtime, model, task, site);
    const every = Array.from({ length: task.data.size }, (_, index) => task.data.instance(index));
    const before = rowsRun;
    await judge.judge(every, await activationOf(every[0] ?? [], 4));
    const tokens = every.reduce((sum, ids) => sum + ids.indexOf(task.eos), 0);
    expect((rowsRun - before) * 128).toBeLessThan(0.7 * tokens);
    await judge.dispose();
  });

  it('refuses what cannot be judged in a sentence', async () => {
    const judge = createJudge(runtime, model, task, site);
    await expect(judge.judge(drawn(3), new Float32Array(2 * 32))).rejects.toThrow(
      /^judge: 2 queries for 3 candidates$/,
    );
    await expect(judge.judge(drawn(1), new Float32Array(32).fill(NaN))).rejects.toThrow(InputError);
    await judge.dispose();
    const lost = createJudge(runtime, model, task, 'blocks.0.hook_mlp');
    await expect(lost.judge(drawn(1), new Float32Array(32))).rejects.toThrow(/no site blocks\.0\.hook_mlp$/);
  });
});

describe('the exact pass of a large model', () => {
  it('gives each beginning the activation that it has alone, and says how far it is', async () => {
    const sites = [site, 'blocks.0.attn.hook_result.1'];
    const told: number[] = [];
    const passes = await enumerateActivations(runtime, model, task, sites, {
      onProgress: (done, all) => told.push(done / all),
    });
    expect(told.at(-1)).toBe(1);
    expect([...told].sort((a, b) => a - b)).toEqual(told);
    for (const [which, { inputs, width, marks, rows }] of passes.entries()) {
      expect(inputs).toBe(144);
      const next = marks.map(() => -1);
      for (let index = 0; index < inputs; index++) {
        const own = await activationsOf(cpu, model, sites[which] ?? '', task.data.instance(index));
        marks.forEach((column, position) => {
          if (column[index] === absent) return;
          if (column[index] === fresh) next[position] = (next[position] ?? 0) + 1;
          const { values, scales } = rows[position] ?? { values: [], scales: [] };
          const row = next[position] ?? 0;
          const scale = scales[row] ?? 0;
          const stored = Float32Array.from(
            { length: width },
            (_, k) => scale * (values[row * width + k] ?? 0),
          );
          expect(furthest(stored, own[position] ?? [])).toBeLessThan(scale + 1e-4);
        });
      }
    }
  });

  it('finds the inputs that the judge finds, and stops', async () => {
    const exact = await openExactPreimages(runtime, model, task, site);
    const judge = createJudge(runtime, model, task, site);
    const every = Array.from({ length: task.data.size }, (_, index) => task.data.instance(index));
    for (const [index, at] of [
      [5, 4],
      [77, 8],
      [100, 11],
    ] as const) {
      const z = await activationOf(every[index] ?? [], at);
      const { euclidean } = await judge.judge(every, z);
      for (const epsilon of [0.1, 0.5, (euclidean[9]?.distance ?? 0) + 1e-5]) {
        const inside = euclidean.flatMap(({ distance }, input) => (distance <= epsilon ? [input] : []));
        expect([...(await exact.find(z, { epsilon, metric: 'euclidean' })).members]).toEqual(inside);
      }
    }
    await exact.dispose();
    await judge.dispose();
    const stop = new AbortController();
    const options = { signal: stop.signal, onProgress: () => stop.abort() };
    await expect(openExactPreimages(runtime, model, task, site, options)).rejects.toThrow(/abort/i);
  });
});
