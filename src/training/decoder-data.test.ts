import { afterAll, describe, expect, it } from 'vitest';
import { at, furthest } from '../../test/fixtures/float64.js';
import { probedModel } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Collector, activationAt, attentionToBos, createCollector } from '../inversion/collect.js';
import { inputOf, sequenceOf } from '../inversion/decoder.js';
import { randomFor } from '../random.js';
import { headOf } from '../models/hooks.js';
import { type CapableTask, awayFromBos } from '../tasks/index.js';
import { addition, counting, decoderRecipe } from '../studies/index.js';
import { type DecoderBatch, batchesPerChunk, drawDecoderChunk } from './decoder-data.js';
import { type DecoderRecipe, decoderConfigFor } from './decoder-recipe.js';

const runtime = nodeRuntime({ threads: 1 });
const collectors = new Map<string, Collector>();
afterAll(async () => {
  for (const collector of collectors.values()) await collector.dispose();
});
for (const task of [addition, counting]) {
  const model = await probedModel(task);
  collectors.set(task.name, createCollector(runtime, model, task.sites, task.maxLength, task.pad, 32));
}
const collectorOf = ({ name }: CapableTask): Collector => {
  const collector = collectors.get(name);
  if (collector === undefined) throw new Error('no collector');
  return collector;
};

const recipeOf = (task: CapableTask, changes: Partial<DecoderRecipe> = {}): DecoderRecipe => ({
  ...decoderRecipe(task.name, 'fast', 3),
  batch: 8,
  perInput: 4,
  trim: 4,
  ...changes,
});
const draw = (
  task: CapableTask,
  recipe: DecoderRecipe,
  index = 0,
  weights?: readonly number[],
): Promise<DecoderBatch[]> =>
  drawDecoderChunk(
    task,
    decoderConfigFor(task, recipe, task.model.width),
    recipe,
    collectorOf(task),
    index,
    weights ?? task.sites.map(() => 1),
  );

interface Row {
  readonly site: number;
  readonly z: Float32Array;
  /** BOS and what is to be said, as ids and targets have it. */
  readonly said: number[];
}

/** The samples of a chunk, taken from what the training is fed. */
function rowsOf(task: CapableTask, batches: readonly DecoderBatch[]): Row[] {
  return batches.flatMap(({ places, feeds }) => {
    const field = (name: string): ArrayLike<number> => feeds[name]?.data as ArrayLike<number>;
    const rows = field('site').length;
    return Array.from({ length: rows }, (_, row): Row => {
      const slice = (name: string, width: number): number[] =>
        Array.from({ length: width }, (__, i) => at(field(name), row * width + i));
      const [ids, targets, weights] = ['ids', 'targets', 'weights'].map((name) => slice(name, places));
      const length = weights?.indexOf(0) ?? -1;
      const said = targets?.slice(0, length < 0 ? places : length) ?? [];
      // What is read is what is said, one place later, and padding has no weight.
      expect(ids?.slice(0, said.length)).toEqual([task.bos, ...said.slice(0, -1)]);
      expect(weights?.slice(0, said.length).every((weight) => weight === 1)).toBe(true);
      expect(weights?.slice(said.length).every((weight) => weight === 0)).toBe(true);
      expect(ids?.slice(said.length).every((id) => id === task.pad)).toBe(true);
      return {
        site: at(field('site'), row),
        z: Float32Array.from(slice('z', task.model.width)),
        said: [task.bos, ...said],
      };
    });
  });
}
/** The inputs of a chunk, drawn again, by what is said of them: in counting several may be said alike. */
function inputsOf(task: CapableTask, recipe: DecoderRecipe, index: number): Map<string, number[][]> {
  const random = randomFor(recipe.seed, 'decoder', index);
  const byFreeTokens = new Map<string, number[][]>();
  for (let i = 0; i < (recipe.batch * batchesPerChunk) / recipe.perInput; i++) {
    const ids = task.sample(random, 'train');
    const said = sequenceOf(task, recipe.architecture.form, ids).join(' ');
    byFreeTokens.set(said, [...(byFreeTokens.get(said) ?? []), ids]);
  }
  return byFreeTokens;
}

const key = ({ said, site, z }: Row): string => `${said.join(' ')} ${site} ${z.join(' ')}`;

const cases = [addition, counting].flatMap((task) =>
  (['plain', 'completion'] as const).map((form) => ({ name: task.name, task, form })),
);

describe.each(cases)('samples for a decoder of $name, $form', ({ task, form }) => {
  const own = recipeOf(task);
  const recipe: DecoderRecipe = { ...own, architecture: { ...own.architecture, form } };

  it('have an activation that their own input left at an allowed position', async () => {
    const rows = rowsOf(task, await draw(task, recipe));
    expect(rows).toHaveLength(8 * batchesPerChunk);
    const inputs = inputsOf(task, recipe, 0);
    const all = [...inputs.values()].flat();
    for (const ids of all) expect(task.data.inSplit(ids)).toBe('train');
    const collected = await collectorOf(task).collect(all);
    for (const { said, site, z } of rows) {
      const near = (inputs.get(said.join(' ')) ?? []).some((ids) =>
        [0, ...task.positions(ids)].some((position) => {
          const left = activationAt(collected, task.sites[site] ?? '', all.indexOf(ids), position);
          return furthest(left, z) < 1e-4;
        }),
      );
      expect(near).toBe(true);
    }
  });

  it('are the same whatever they are padded to: trimming loses nothing', async () => {
    const whole = rowsOf(task, await draw(task, { ...recipe, trim: 0 })).map(key);
    expect(new Set(whole).size).toBeGreaterThan(100);
    for (const trim of [1, 3, 4]) {
      const batches = await draw(task, { ...recipe, trim });
      expect(rowsOf(task, batches).map(key).toSorted()).toEqual(whole.toSorted());
      for (const { places, feeds } of batches) {
        const longest = Math.max(...rowsOf(task, [{ places, feeds }]).map(({ said }) => said.length - 1));
        expect(places).toBeGreaterThanOrEqual(longest);
        expect(places - longest).toBeLessThan(trim);
        expect(feeds['ids']?.shape).toEqual([8, places]);
        expect(feeds['targets']?.shape).toEqual([8 * places]);
      }
    }
  });

  it('come in fours from each input, once for each batch of the probed model', async () => {
    const wanted = [...inputsOf(task, recipe, 5)].flatMap(([said, inputs]) =>
      Array<string>(4 * inputs.length).fill(said),
    );
    const rows = rowsOf(task, await draw(task, recipe, 5));
    expect(rows.map(({ said }) => said.join(' ')).toSorted()).toEqual(wanted.toSorted());
  });
});

describe('what is drawn', () => {
  const bigger = recipeOf(addition, { batch: 256, perInput: 8 });
  /** No count strays from its expectation by more than this many deviations. */
  const bound = 5;

  it('is decided by the seed, the number of the chunk and the weights of the sites', async () => {
    const recipe = recipeOf(addition);
    expect(await draw(addition, recipe, 4)).toEqual(await draw(addition, recipe, 4));
    expect(await draw(addition, recipe, 5)).not.toEqual(await draw(addition, recipe, 4));
    expect(await draw(addition, { ...recipe, seed: 4 }, 4)).not.toEqual(await draw(addition, recipe, 4));
    const skewed = addition.sites.map((_, site) => site + 1);
    expect(await draw(addition, recipe, 4, skewed)).not.toEqual(await draw(addition, recipe, 4));
    // Only proportions count.
    const doubled = addition.sites.map(() => 2);
    expect(await draw(addition, recipe, 4, doubled)).toEqual(await draw(addition, recipe, 4));
  });

  it('has sites in proportion to their weights', async () => {
    const weights = addition.sites.map((_, site) => (site === 2 ? 0 : site === 5 ? 6 : 1 + site / 13));
    const rows = rowsOf(addition, await draw(addition, bigger, 0, weights));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights.forEach((weight, site) => {
      const count = rows.filter((row) => row.site === site).length;
      const p = weight / total;
      const deviation = Math.sqrt(rows.length * p * (1 - p));
      expect(Math.abs(count - rows.length * p)).toBeLessThanOrEqual(bound * deviation);
    });
  });

  it('has BOS in 1% of samples and every other position of an input alike', async () => {
    const x0 = addition.sites.indexOf('blocks.0.hook_resid_pre');
    // At x0.pre the activation says which token and position it is.
    const only = addition.sites.map((_, site) => (site === x0 ? 1 : 0));
    const rows = rowsOf(addition, await draw(addition, bigger, 1, only));
    // Eight rows share an input, so that there are few to run.
    const numbers = new Map(
      [...new Set(rows.map(({ said }) => said.join(' ')))].map((text, row) => [text, row]),
    );
    const inputs = [...numbers.keys()].map((text) =>
      inputOf(addition, 'completion', text.split(' ').map(Number).slice(1)),
    );
    const collected = await collectorOf(addition).collect(inputs);
    const counts = Array<number>(14).fill(0);
    const expected = Array<number>(14).fill(0);
    rows.forEach(({ z, said }) => {
      const row = numbers.get(said.join(' ')) ?? 0;
      const ids = inputs[row] ?? [];
      const distances = ids.map((_, position) =>
        furthest(activationAt(collected, 'blocks.0.hook_resid_pre', row, position), z),
      );
      const position = distances.indexOf(Math.min(...distances));
      expect(distances[position]).toBeLessThan(1e-4);
      counts[position] = (counts[position] ?? 0) + 1;
      expected[0] = (expected[0] ?? 0) + 0.01;
      const allowed = addition.positions(ids);
      for (const one of allowed) expected[one] = (expected[one] ?? 0) + 0.99 / allowed.length;
    });
    counts.forEach((count, position) => {
      const wanted = at(expected, position);
      expect(Math.abs(count - wanted)).toBeLessThanOrEqual(bound * Math.sqrt(wanted));
    });
    // EOS is never asked about.
    expect(counts[13]).toBe(0);
    expect(counts[0]).toBeGreaterThan(0);
  });

  it('has BOS as often as the recipe says', async () => {
    const rows = async (bosShare: number) =>
      new Set(
        rowsOf(
          addition,
          await draw(addition, recipeOf(addition, { bosShare }), 0, [1, ...Array(12).fill(0)]),
        ).map(({ z }) => z.join()),
      );
    // All at BOS: one activation. None: as many as there are tokens and places.
    expect((await rows(1)).size).toBe(1);
    expect((await rows(0)).size).toBeGreaterThan(40);
  });

  it('is asked at the letter and at the colon alone, in counting', async () => {
    const only = counting.sites.map((site) => (site === 'blocks.0.hook_resid_pre' ? 1 : 0));
    const recipe = recipeOf(counting, { bosShare: 0 });
    const rows = rowsOf(counting, await draw(counting, recipe, 0, only));
    const inputs = inputsOf(counting, recipe, 0);
    const all = [...inputs.values()].flat();
    const collected = await collectorOf(counting).collect(all);
    const seen = rows.flatMap(({ said, z }) =>
      (inputs.get(said.join(' ')) ?? []).flatMap((ids) => {
        const near = ids.findIndex((_, position) => {
          const left = activationAt(collected, 'blocks.0.hook_resid_pre', all.indexOf(ids), position);
          return furthest(left, z) < 1e-4;
        });
        return near < 0 ? [] : [counting.places(ids).find(({ index }) => index === near)?.name];
      }),
    );
    expect(seen.length).toBeGreaterThanOrEqual(rows.length);
    expect(new Set(seen)).toEqual(new Set(['query', ':']));
  });
});

describe('heads whose positions rest on their attention', () => {
  const resting = { ...addition, attended: awayFromBos(addition, 0.3) };
  const recipe = recipeOf(addition);

  it('are learned from where they attend to something else; other sites everywhere', async () => {
    const rows = rowsOf(addition, await draw(resting, recipe));
    expect(rows).toHaveLength(8 * batchesPerChunk);
    const collector = collectorOf(addition);
    let heads = 0;
    for (const { said, site, z } of rows.slice(0, 60)) {
      const name = addition.sites[site] ?? '';
      const ids = addition.completion.complete(said) ?? [];
      const collected = await collector.collect([ids], undefined, true);
      const found = ids.findIndex((_, at) => furthest(activationAt(collected, name, 0, at), z) < 1e-4);
      expect(found).toBeGreaterThanOrEqual(0);
      if (headOf(name) === null || found === 0) continue;
      heads += 1;
      expect(resting.attended.positions(ids, attentionToBos(collected, name, 0))).toContain(found);
    }
    expect(heads).toBeGreaterThan(10);
  });

  it('are named where there is nothing to learn', async () => {
    const never = { ...addition, attended: { positions: () => [] } };
    const headsAlone = addition.sites.map((site) => (headOf(site) === null ? 0 : 1));
    await expect(draw(never, recipe, 0, headsAlone)).rejects.toThrow(
      /^Too few positions to learn .*blocks\.0\.attn\.hook_result\.0.* Leave such heads out with --sites\.$/s,
    );
  });
});
