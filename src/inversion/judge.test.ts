import { describe, expect, it } from 'vitest';
import { activationsOf, distanceBy } from '../../test/fixtures/brute-force.js';
import { at } from '../../test/fixtures/float64.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { seededRandom } from '../random.js';
import { type Task } from '../tasks/index.js';
import { addition, counting } from '../studies/index.js';
import { type Verdict, createJudge } from './judge.js';
import { metrics } from './metrics.js';

const runtime = nodeRuntime({ threads: 1 });

const close = (given: readonly Verdict[], wanted: readonly Verdict[]): void => {
  expect(given).toHaveLength(wanted.length);
  given.forEach((verdict, row) => {
    const other = wanted[row];
    expect(verdict.position).toBe(other?.position);
    expect(verdict.distances).toHaveLength(other?.distances.length ?? -1);
    verdict.distances.forEach((value, i) => expect(value).toBeCloseTo(at(other?.distances ?? [], i), 4));
  });
};

describe.each([
  [addition, 'blocks.1.attn.hook_result.2', 8],
  [counting, 'blocks.1.hook_resid_post', -2],
] as const)('judging', (task: Task, site, place) => {
  const random = seededRandom(5);
  const query = task.sample(random, 'test');
  const position = place < 0 ? query.length + place : place;
  const inputs = [query, ...Array.from({ length: 10 }, () => task.sample(random, 'test'))];

  it(`takes the least distance over all positions but EOS and PAD: ${task.name}`, async () => {
    const model = await probedModel(task);
    const z = (await activationsOf(runtime, model, site, query))[position] ?? new Float32Array();
    const judge = createJudge(runtime, model, task, site, 4);
    const verdicts = await judge.judge(inputs, z);
    for (const [row, ids] of inputs.entries()) {
      const own = await activationsOf(runtime, model, site, ids);
      for (const metric of metrics) {
        // All inputs end with EOS.
        const wanted = own.slice(0, -1).map((one) => distanceBy[metric](one, z));
        const verdict = verdicts[metric][row];
        expect(verdict?.distances).toHaveLength(ids.length - 1);
        wanted.forEach((value, i) => expect(at(verdict?.distances ?? [], i)).toBeCloseTo(value, 4));
        expect(verdict?.distance).toBeCloseTo(Math.min(...wanted), 4);
        expect(verdict?.position).toBe(wanted.indexOf(Math.min(...wanted)));
      }
    }
    expect(verdicts.euclidean[0]).toMatchObject({ position });
    expect(verdicts.euclidean[0]?.distance).toBeLessThan(1e-3);
    await judge.dispose();
  });

  it(`does not depend on padding, on the batch or on neighbours: ${task.name}`, async () => {
    const model = await probedModel(task);
    const z = (await activationsOf(runtime, model, site, query))[position] ?? new Float32Array();
    const judge = createJudge(runtime, model, task, site, 16);
    const whole = await judge.judge(inputs, z);
    const padded = inputs.map((ids) => [
      ...ids,
      ...Array<number>(task.maxLength - ids.length).fill(task.pad),
    ]);
    const other = await judge.judge(padded, z);
    const [single, odd] = [1, 3].map((batch) => createJudge(runtime, model, task, site, batch));
    for (const metric of metrics) {
      close(other[metric], whole[metric]);
      for (const one of [single, odd]) close((await one?.judge(inputs, z))?.[metric] ?? [], whole[metric]);
      const reversed = (await judge.judge([...inputs].reverse(), z))[metric];
      close(reversed.reverse(), whole[metric]);
    }
    for (const one of [judge, single, odd]) await one?.dispose();
  });

  it(`takes one query for all or one a candidate: ${task.name}`, async () => {
    const model = await probedModel(task);
    const width = model.architecture.width;
    const judge = createJudge(runtime, model, task, site, 4);
    // Each candidate is asked about an activation of its own: the one it has itself at the second position.
    const queries = new Float32Array(inputs.length * width);
    for (const [row, ids] of inputs.entries())
      queries.set((await activationsOf(runtime, model, site, ids))[2] ?? [], row * width);
    const own = await judge.judge(inputs, queries);
    for (const verdict of own.euclidean) {
      expect(at(verdict.distances, 2)).toBeLessThan(1e-3);
      expect(verdict.distance).toBeLessThan(1e-3);
    }
    const first = queries.slice(0, width);
    const repeated = new Float32Array(inputs.length * width);
    inputs.forEach((_, row) => repeated.set(first, row * width));
    close((await judge.judge(inputs, repeated)).cosine, (await judge.judge(inputs, first)).cosine);
    await expect(judge.judge(inputs, queries.subarray(0, 3 * width))).rejects.toThrow(
      /^judge: 3 queries for 11 candidates$/,
    );
    await judge.dispose();
  });
});

describe('odd candidates', () => {
  it('count up to the first EOS or PAD, or to their end', async () => {
    const model = await probedModel(addition);
    const site = 'blocks.0.hook_resid_post';
    const judge = createJudge(runtime, model, addition, site, 4);
    const z =
      (await activationsOf(runtime, model, site, addition.encode('615+861=1476')))[8] ?? new Float32Array();
    const { bos, eos, pad } = addition;
    const lengths = async (candidates: number[][]): Promise<number[]> =>
      (await judge.judge(candidates, z)).euclidean.map(({ distances }) => distances.length);
    const long = [bos, ...Array<number>(13).fill(7)];
    expect(
      await lengths([[bos, 1, 2, 3], [bos, 1, eos, 3], [bos, 1, 2, pad, 4], long, [bos, eos], [bos]]),
    ).toEqual([4, 2, 3, 14, 1, 1]);
    await judge.dispose();
  });

  it('are refused at a site that the model lacks', async () => {
    const judge = createJudge(runtime, await probedModel(addition), addition, 'blocks.0.hook_mlp');
    await expect(judge.judge([[10, 13]], new Float32Array(32))).rejects.toThrow(
      /^judge: the model has no site blocks\.0\.hook_mlp$/,
    );
  });
});
