/** Reading without a decoder: what a search finds against what there is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { probedModel } from '../../test/fixtures/task-models.js';
import { distancesTo, everyInput, meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { activationsOf } from '../interpret/queries.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor, seededRandom } from '../random.js';
import { addition } from '../studies/index.js';
import { type Task } from '../tasks/task.js';
import { type TemplateTask } from '../tasks/template/template-task.js';
import { createReader } from './preimage.js';
import { neighbour, searchInputs } from './search.js';
import { type Candidate, type JudgedInput } from './view.js';

const runtime = nodeRuntime({ threads: 1 });
const site = 'blocks.1.hook_resid_post';

/** A search whose judge is a function of the ids. */
const search = async (
  task: Task,
  ids: readonly number[],
  distance: (own: readonly number[]) => number,
  options: { budget: number; seed?: number; epsilon?: number; signal?: AbortSignal },
): Promise<JudgedInput[][]> => {
  const { budget, seed = 1, epsilon = 0.1, signal } = options;
  const rounds: JudgedInput[][] = [];
  const found = searchInputs(task, ids, {
    budget,
    epsilon,
    random: seededRandom(seed),
    judge: (inputs) =>
      Promise.resolve(
        inputs.map((own): JudgedInput => {
          const verdict = { distances: new Float32Array(1), distance: distance(own), position: 0 };
          return {
            ids: own,
            valid: task.check(own) === null,
            verdicts: { euclidean: verdict, cosine: verdict },
          };
        }),
      ),
    distanceOf: ({ verdicts }) => verdicts.euclidean.distance,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const some of found) rounds.push([...some]);
  return rounds;
};

describe('a search over a template', () => {
  let task: TemplateTask;
  let model: HookedModel;
  let all: number[][];
  beforeAll(async () => {
    task = await meetingsTask();
    model = await modelFor(task);
    all = everyInput(task);
  });
  const read = async (
    ids: readonly number[],
    budget: number,
    seed: number,
    epsilon: number,
  ): Promise<Candidate[]> => {
    const reader = createReader(runtime, model, null, task);
    try {
      const position = ids.length - 3;
      const rounds = [{ temperature: 1, noise: 0, candidates: budget }];
      const { candidates } = await reader.read({ ids, site, position, rounds, seed, epsilon, shown: 1 });
      return [...candidates];
    } finally {
      await reader.dispose();
    }
  };

  it('judges distinct inputs of the task, as many as it may, and the seed decides which', async () => {
    const ids = task.encode('Ann and Bo in Rome. Ann met Bo');
    for (const budget of [1, 20, 100]) {
      const candidates = await read(ids, budget, 3, 0.3);
      const keys = candidates.map((one) => one.ids.join());
      expect(keys).toHaveLength(budget);
      expect(new Set(keys).size).toBe(budget);
      expect(keys[0]).toBe(ids.join());
      expect(candidates.every(({ valid, ids: own }) => valid && task.check(own) === null)).toBe(true);
      expect((await read(ids, budget, 3, 0.3)).map((one) => one.ids.join())).toEqual(keys);
    }
    const [some, other] = [await read(ids, 20, 3, 0.3), await read(ids, 20, 4, 0.3)];
    expect(some.map((one) => one.ids.join())).not.toEqual(other.map((one) => one.ids.join()));
  });

  it('finds more of the exact preimage than as many blind draws', async () => {
    const budget = 72;
    const shares: { searched: number; blind: number }[] = [];
    for (let query = 0; query < 8; query++) {
      const ids = task.sample(randomFor(7, 'search test', query), 'test');
      const [z = new Float32Array()] = await activationsOf(runtime, model, task, site, [
        { ids, position: ids.length - 3 },
      ]);
      const distances = await distancesTo(model, task, site, z, all);
      // The nearest four in a hundred.
      const epsilon = [...distances].sort((a, b) => a - b)[Math.round(0.04 * all.length)] ?? NaN;
      const members = new Set(
        all.filter((_, at) => (distances[at] ?? Infinity) < epsilon).map((one) => one.join()),
      );
      const shareOf = (inputs: readonly (readonly number[])[]): number =>
        new Set(inputs.map((one) => one.join()).filter((key) => members.has(key))).size / members.size;
      const random = randomFor(8, 'blind', query);
      const blind = Array.from({ length: budget }, () => task.distribution?.draw(random) ?? []);
      shares.push({
        searched: shareOf((await read(ids, budget, query, epsilon)).map((one) => one.ids)),
        blind: shareOf(blind),
      });
    }
    const mean = (of: 'searched' | 'blind'): number =>
      shares.reduce((sum, one) => sum + one[of], 0) / shares.length;
    expect(mean('searched')).toBeGreaterThan(1.5 * mean('blind'));
  });

  it('ends when there is nothing more to find', async () => {
    const few = await meetingsTask({
      patterns: ['{A} and {B} in {town}. {S} met'],
      slots: {
        A: ['Ann', 'Bo'],
        B: { 'same-as': 'A' },
        S: { 'one-of': ['A', 'B'] },
        O: { 'other-of': ['A', 'B'], than: 'S' },
        town: ['Rome'],
      },
    });
    const found = await search(few, few.encode('Ann and Bo in Rome. Ann met Bo'), () => 1, { budget: 1000 });
    expect(found.flat()).toHaveLength(4);
  });

  it('stops where it is told to, and begins with what is no input of the task', async () => {
    const controller = new AbortController();
    let judged = 0;
    const stopped = search(
      task,
      task.encode('Ann and Bo in Rome. Ann met Bo'),
      () => {
        if (++judged === 60) controller.abort();
        return 1;
      },
      { budget: 300, signal: controller.signal },
    );
    await expect(stopped).rejects.toThrow('aborted');
    expect(judged).toBeLessThan(120);
    const outside = task.encode('Ann and Ann in Rome. Ann met Ann');
    expect(task.check(outside)).not.toBeNull();
    const found = await search(task, outside, () => 1, { budget: 50 });
    expect(found.flat().every(({ valid }) => valid)).toBe(true);
  });

  it('changes one part at a time', () => {
    const random = seededRandom(2);
    const ids = task.encode('Ann and Bo in Rome. Ann met Bo');
    const parts = (own: readonly number[]): Map<string, unknown> =>
      new Map(['pattern', 'A', 'B', 'town'].map((name) => [name, task.annotate(own)[name]]));
    const before = parts(ids);
    const changed = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const next = neighbour(task, ids, random) ?? [];
      expect(task.check(next)).toBeNull();
      const different = [...parts(next)].filter(([name, value]) => before.get(name) !== value);
      expect(different.length).toBeLessThanOrEqual(1);
      for (const [name] of different) changed.add(name);
    }
    expect([...changed].sort()).toEqual(['A', 'B', 'pattern', 'town']);
  });
});

describe('a search over a task without parts', () => {
  it('goes over its tokens', async () => {
    const ids = addition.encode('135+246=381');
    const distance = (own: readonly number[]): number =>
      own.reduce((sum, id, at) => sum + (id === ids[at] ? 0 : 0.2), 0);
    const found = (await search(addition, ids, distance, { budget: 400, epsilon: 0.7 })).flat();
    expect(found).toHaveLength(400);
    expect(new Set(found.map((one) => one.ids.join())).size).toBe(400);
    expect(found.every(({ valid }) => valid)).toBe(true);
    // Within three tokens of the query there are a few in 10,000 sums.
    expect(found.filter((one) => one.verdicts.euclidean.distance <= 0.7).length).toBeGreaterThan(20);
  });

  it('gives a reading of the model', async () => {
    const model = await probedModel(addition);
    const reader = createReader(runtime, model, null, addition);
    const ids = addition.encode('135+246=381');
    const rounds = [{ temperature: 1, noise: 0, candidates: 100 }];
    const { reading } = await reader.read({ ids, site: 'a0.0', position: 8, rounds, seed: 1, shown: 10 });
    expect(reading).toMatchObject({ candidates: 100, distinct: 100, invalid: 0 });
    expect(reading.decoder).toBe('none: the model searched by itself');
    expect(reading.samples[0]?.tokenDelta.every((one) => one === null)).toBe(true);
    await reader.dispose();
  });

  it('is refused for one that does not say how its inputs change', async () => {
    const { redraw: _redraw, variation: _variation, ...bare }: Task = addition;
    await expect(search(bare, addition.encode('135+246=381'), () => 1, { budget: 10 })).rejects.toThrow(
      'A search changes inputs part by part; addition does not say how: give a decoder.',
    );
  });
});
