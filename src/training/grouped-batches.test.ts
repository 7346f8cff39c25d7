import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, furthest } from '../../test/fixtures/float64.js';
import { meetingsTask, modelFor } from '../../test/fixtures/template-models.js';
import { type Tensor, createTrainer, floatsOf, graph, input } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Collector, activationAt, createCollector, placesBeforeEos } from '../inversion/collect.js';
import { sequenceOf } from '../inversion/decoder.js';
import { condition, conditionWhitened } from '../models/decoder.js';
import { type DecoderConfig, decoderParameters, isStatistic } from '../models/decoder-config.js';
import { type HookedModel } from '../models/hooked-model.js';
import { headOf, shortName } from '../models/hooks.js';
import { seededRandom } from '../random.js';
import { type Task, awayFromBos } from '../tasks/index.js';
import { type TemplateTask } from '../tasks/template/template-task.js';
import { type ActivationPool, type PoolPart, type PoolStore, collectPool } from './activation-pool.js';
import { type DecoderRecipe, decoderConfigFor } from './decoder-recipe.js';
import { planDecoderTraining } from './decoder-training.js';
import { initializeParameters } from './initialize.js';
import { type GroupedRecipe, drawGroupedChunk, drawPooledBatch } from './grouped-batches.js';
import { measureSites } from './site-statistics.js';
import { textSettings } from './text-settings.js';
import { type Whitener, createWhitener } from './whitener.js';

const runtime = nodeRuntime({ threads: 1 });
let task: TemplateTask;
let model: HookedModel;
let recipe: GroupedRecipe;
let config: DecoderConfig;
let collector: Collector;
let whitener: Whitener;
let parameters: Map<string, Tensor>;
/** Directions kept, fewer than the width of 12. */
const directions = 5;

beforeAll(async () => {
  task = await meetingsTask();
  model = await modelFor(task);
  const { fast } = textSettings(12, false);
  if (fast === undefined) throw new Error('no settings');
  recipe = {
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
        directions,
      },
    },
    batch: 12,
    group: 4,
    pool: 600,
    perInput: 2,
  };
  config = decoderConfigFor(task, recipe, 12);
  collector = createCollector(runtime, model, config.sites, placesBeforeEos(task), task.pad);
  const random = seededRandom(2);
  const statistics = await measureSites(runtime, task, config, collector, random);
  parameters = initializeParameters(decoderParameters(config), random, statistics);
  whitener = await createWhitener(
    runtime,
    12,
    directions,
    new Map([...parameters].filter(([name]) => isStatistic(name))),
  );
});
afterAll(async () => {
  await collector.dispose();
  await whitener.dispose();
});

/** What an activation is in whitened directions, by the statistics themselves. */
function whitenedBy(site: number, z: Float32Array): number[] {
  const mean = parameters.get('condition.mean')?.data ?? [];
  const whiten = parameters.get('condition.whiten')?.data ?? [];
  return Array.from({ length: directions }, (_, direction) =>
    z.reduce(
      (sum, value, i) =>
        sum +
        (value - at(mean as Float32Array, site * 12 + i)) *
          at(whiten as Float32Array, (site * 12 + i) * directions + direction),
      0,
    ),
  );
}

const collect = (of: Task = task, store?: PoolStore): Promise<ActivationPool> =>
  collectPool(of, config, recipe, collector, whitener, store === undefined ? {} : { store });

describe('a pool of activations', () => {
  it('has what inputs of the training split left at positions of their own, whitened, and what is said of each', async () => {
    const { sequences, sites, bos } = await collect();
    expect(sequences).toHaveLength(600);
    const random = seededRandom(9);
    for (const [number, { inputs, whitened }] of sites.entries()) {
      // Two positions an input, at every site.
      expect([...inputs].sort((a, b) => a - b)).toEqual(Array.from({ length: 1200 }, (_, i) => i >> 1));
      expect(whitened).toHaveLength(1200 * directions);
      for (let tries = 0; tries < 3; tries++) {
        const sample = random.int(1200);
        const said = sequences[at(inputs, sample)] ?? [];
        const ids = task.completion?.complete(said) ?? [];
        expect(sequenceOf(task, 'completion', ids)).toEqual(said);
        expect(task.data?.inSplit(ids) ?? 'train').toBe('train');
        const collected = await collector.collect([ids]);
        const own = whitened.subarray(sample * directions, (sample + 1) * directions);
        const distances = task
          .positions(ids)
          .map((position) =>
            furthest(
              own,
              whitenedBy(number, activationAt(collected, config.sites[number] ?? '', 0, position)),
            ),
          );
        expect(Math.min(...distances)).toBeLessThan(1e-3);
      }
      const begun = activationAt(await collector.collect([[task.bos]]), config.sites[number] ?? '', 0, 0);
      expect(
        furthest(bos.subarray(number * directions, (number + 1) * directions), whitenedBy(number, begun)),
      ).toBeLessThan(1e-3);
    }
  });

  it('is stored in parts and read from them: what is missing is collected, and comes out alike', async () => {
    const parts = new Map<number, PoolPart>();
    const saved: number[] = [];
    const store: PoolStore = {
      load: (part) => Promise.resolve(parts.get(part) ?? null),
      save(part, content) {
        parts.set(part, content);
        saved.push(part);
        return Promise.resolve();
      },
    };
    const first = await collect(task, store);
    expect(saved).toEqual([0, 1]);
    expect(await collect(task, store)).toEqual(first);
    expect(saved).toEqual([0, 1]);
    parts.delete(1);
    expect(await collect(task, store)).toEqual(first);
    expect(saved).toEqual([0, 1, 1]);
  });

  it('says how far it is, and stops between parts', async () => {
    const controller = new AbortController();
    const told: number[][] = [];
    const stopped = collectPool(task, config, recipe, collector, whitener, {
      onCollected(done, all) {
        told.push([done, all]);
        controller.abort();
      },
      signal: controller.signal,
    });
    await expect(stopped.catch((error: unknown) => error === controller.signal.reason)).resolves.toBe(true);
    expect(told).toEqual([[512, 600]]);
  });

  it('leaves out a head where it attends to BOS, of a task that says so', async () => {
    const attended: Task = { ...task, attended: awayFromBos(task, 0.1) };
    const { sites } = await collect(attended);
    const counts = new Map(config.sites.map((site, number) => [site, sites[number]?.inputs.length ?? 0]));
    for (const [site, count] of counts)
      if (headOf(site) === null) expect([shortName(site), count]).toEqual([shortName(site), 1200]);
    const ofHeads = [...counts].flatMap(([site, count]) => (headOf(site) === null ? [] : [count]));
    expect(Math.min(...ofHeads)).toBeGreaterThan(0);
    expect(Math.min(...ofHeads)).toBeLessThan(1200);
    await expect(collect({ ...task, attended: { positions: () => [] } })).rejects.toThrow(
      /^Too few positions to learn /,
    );
  });
});

describe('a batch from a pool', () => {
  it('is groups of one site, each sample with what is said of its own input', async () => {
    const pool = await collect();
    const weights = config.sites.map((_, site) => (site === 0 ? 0 : 1));
    const seen = new Set<number>();
    let ofBos = 0;
    for (let step = 0; step < 40; step++) {
      const { feeds, places } = drawPooledBatch(
        task,
        config,
        { ...recipe, bosShare: 0.2 },
        pool,
        step,
        weights,
      );
      const [z, site, targets] = ['z', 'site', 'targets'].map((name) => feeds[name]?.data as Float32Array);
      if (z === undefined || site === undefined || targets === undefined) throw new Error('no feeds');
      expect(site).toHaveLength(3);
      for (let row = 0; row < 12; row++) {
        const number = at(site, row >> 2);
        seen.add(number);
        const own = z.subarray(row * directions, (row + 1) * directions);
        const same = (all: Float32Array, index: number): boolean =>
          furthest(own, all.subarray(index * directions, (index + 1) * directions)) === 0;
        if (same(pool.bos, number)) {
          ofBos += 1;
          continue;
        }
        const { inputs, whitened } = pool.sites[number] ?? { inputs: [], whitened: new Float32Array() };
        const said = [...targets.subarray(row * places, (row + 1) * places)];
        const among = [...inputs.keys()].filter((sample) => same(whitened, sample));
        expect(
          among.some((sample) => {
            const sequence = pool.sequences[inputs[sample] ?? 0] ?? [];
            return sequence.slice(1).every((symbol, i) => symbol === said[i]);
          }),
        ).toBe(true);
      }
    }
    expect(seen.has(0)).toBe(false);
    expect(seen.size).toBe(config.sites.length - 1);
    expect(ofBos / 480).toBeGreaterThan(0.12);
    expect(ofBos / 480).toBeLessThan(0.28);
  });

  it('rests on the step and the seed alone', async () => {
    const pool = await collect();
    const even = config.sites.map(() => 1);
    const draw = (step: number, seed = 4) =>
      drawPooledBatch(task, config, { ...recipe, seed }, pool, step, even);
    expect(draw(3)).toEqual(draw(3));
    expect(draw(4)).not.toEqual(draw(3));
    expect(draw(3, 5)).not.toEqual(draw(3));
  });
});

describe('a chunk of batches in groups', () => {
  const weights = (): number[] => config.sites.map((_, site) => (site === 1 ? 0 : 1));
  const chunk = (index: number, changes: Partial<GroupedRecipe> = {}, of: Task = task) =>
    drawGroupedChunk(of, config, { ...recipe, ...changes }, whitener, collector, index, weights());

  it('has what inputs of its own left, each with what is said of it', async () => {
    const batches = await chunk(0);
    expect(batches).toHaveLength(16);
    const random = seededRandom(3);
    for (const { feeds, places } of batches) {
      const [z, site, targets, weight] = ['z', 'site', 'targets', 'weights'].map(
        (name) => feeds[name]?.data as Float32Array,
      );
      if (z === undefined || site === undefined || targets === undefined || weight === undefined)
        throw new Error('no feeds');
      expect([...site]).not.toContain(1);
      const row = random.int(12);
      const number = at(site, row >> 2);
      const length = weight.subarray(row * places, (row + 1) * places).filter((one) => one === 1).length;
      const said = [...targets.subarray(row * places, row * places + length)];
      const ids = task.completion?.complete([0, ...said]) ?? [];
      expect(task.check(ids)).toBeNull();
      const collected = await collector.collect([ids]);
      const distances = [0, ...task.positions(ids)].map((position) =>
        furthest(
          z.subarray(row * directions, (row + 1) * directions),
          whitenedBy(number, activationAt(collected, config.sites[number] ?? '', 0, position)),
        ),
      );
      expect(Math.min(...distances)).toBeLessThan(1e-3);
    }
  });

  it('rests on its number and the seed alone', async () => {
    expect(await chunk(2)).toEqual(await chunk(2));
    expect(await chunk(3)).not.toEqual(await chunk(2));
    expect(await chunk(2, { seed: 5 })).not.toEqual(await chunk(2));
  });

  it('conceals a share of what was said, never where it begins or what is to be said', async () => {
    const [plain, concealed] = [await chunk(0), await chunk(0, { concealed: 0.5 })];
    let hidden = 0;
    let all = 0;
    concealed.forEach(({ feeds, places }, number) => {
      const before = plain[number]?.feeds;
      expect(feeds['targets']).toEqual(before?.['targets']);
      expect(feeds['weights']).toEqual(before?.['weights']);
      const [ids, seen] = [feeds['ids']?.data ?? [], before?.['ids']?.data ?? []];
      for (let i = 0; i < ids.length; i++) {
        if (i % places === 0 || seen[i] === 0) expect(ids[i]).toBe(seen[i]);
        else {
          all += 1;
          if (ids[i] === 0) hidden += 1;
          else expect(ids[i]).toBe(seen[i]);
        }
      }
    });
    expect(hidden / all).toBeGreaterThan(0.4);
    expect(hidden / all).toBeLessThan(0.6);
  });

  it('moves each direction by about the jitter', async () => {
    const [plain, moved] = [await chunk(0), await chunk(0, { jitter: 0.3 })];
    const squares = moved.flatMap(({ feeds }, number) => {
      const before = plain[number]?.feeds['z']?.data ?? [];
      return [...(feeds['z']?.data ?? [])].map((value, i) => (Number(value) - Number(before[i])) ** 2);
    });
    expect(Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length)).toBeCloseTo(0.3, 1);
  });

  it('is of heads where these are read, of a task that says so', async () => {
    const attended: Task = { ...task, attended: awayFromBos(task, 0.1) };
    expect(await chunk(0, {}, attended)).toHaveLength(16);
    await expect(chunk(0, {}, { ...task, attended: { positions: () => [] } })).rejects.toThrow(
      /^Too few positions to learn /,
    );
  });
});

describe('whitened activations in groups', () => {
  it('are conditioned on as the activations themselves are', async () => {
    const random = seededRandom(6);
    const groups = [1, 0, 1];
    const z = Float32Array.from({ length: 6 * 12 }, () => random.gaussian());
    const row = (i: number): Float32Array => z.subarray(i * 12, (i + 1) * 12);
    const sites = groups.flatMap((site) => [site, site]);
    const whitened = new Float32Array(6 * directions);
    for (const [i, site] of sites.entries()) whitened.set(await whitener.of(site, [row(i)]), i * directions);
    const constant = (name: string) => {
      const tensor = parameters.get(name);
      if (tensor === undefined) throw new Error(name);
      return input(name, 'float32', tensor.shape);
    };
    const whole = await runtime.compile(
      graph({
        u: condition(config, constant, input('z', 'float32', [6, 12]), input('site', 'int32', [6])),
      }),
    );
    const grouped = await runtime.compile(
      graph({
        u: conditionWhitened(
          config,
          constant,
          input('z', 'float32', [6, directions]),
          input('site', 'int32', [3]),
        ),
      }),
    );
    const feeds = Object.fromEntries([...parameters].filter(([name]) => name.startsWith('condition.')));
    const without = (names: RegExp): Record<string, Tensor> =>
      Object.fromEntries(Object.entries(feeds).filter(([name]) => !names.test(name)));
    const one = floatsOf(
      await whole.run({
        ...without(/scale|add/),
        z: { dtype: 'float32', shape: [6, 12], data: z },
        site: { dtype: 'int32', shape: [6], data: Int32Array.from(sites) },
      }),
      'u',
    );
    const other = floatsOf(
      await grouped.run({
        ...without(/mean|whiten|scale|add/),
        z: { dtype: 'float32', shape: [6, directions], data: whitened },
        site: { dtype: 'int32', shape: [3], data: Int32Array.from(groups) },
      }),
      'u',
    );
    expect(furthest(one, other)).toBeLessThan(1e-4);
  });

  it('are refused in groups that do not make up the batch', () => {
    const p = (name: string) => input(name, 'float32', decoderParameters(config).get(name)?.shape ?? []);
    expect(() =>
      conditionWhitened(config, p, input('z', 'float32', [5, directions]), input('site', 'int32', [2])),
    ).toThrow(/in groups \[2\] where \[group · row, 5\] and \[group\] are needed/);
  });
});

describe('a training from a pool', () => {
  it('learns to say what an activation is of', async () => {
    const plan = await planDecoderTraining(runtime, model, task, {
      ...recipe,
      schedule: { ...recipe.schedule, steps: 60, warmup: 5, peak: 1e-2 },
    });
    const trainer = createTrainer(runtime, plan.spec, plan.start());
    try {
      await expect(plan.feeds(0)).rejects.toThrow(/not collected/);
      await plan.collect({});
      const losses: number[] = [];
      for (let step = 0; step < 60; step++) {
        const { variant, feeds } = await plan.feeds(step);
        losses.push((await trainer.step(feeds, variant)).loss);
      }
      const mean = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0) / some.length;
      expect(mean(losses.slice(-8))).toBeLessThan(0.8 * mean(losses.slice(0, 8)));
    } finally {
      await trainer.dispose();
      await plan.dispose();
    }
  });

  it('is refused where groups do not make up a batch, and where whole activations are looked at', async () => {
    const refused = (changes: Partial<DecoderRecipe>, message: string | RegExp) =>
      expect(planDecoderTraining(runtime, model, task, { ...recipe, ...changes })).rejects.toThrow(message);
    await refused({ batch: 10 }, 'A batch of 10 is not made of groups of 4: take a multiple of 4.');
    await refused({ group: undefined }, '"pool" is of a recipe with a "group".');
    const { conditioning, ...rest } = recipe.architecture;
    if (conditioning.kind !== 'site-projection') throw new Error('another conditioning');
    const { directions: _, ...whole } = conditioning;
    await refused({ architecture: { ...rest, conditioning: whole } }, /leading directions of a site\.$/);
  });
});
