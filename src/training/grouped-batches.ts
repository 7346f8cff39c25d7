/**
 * Batches in groups of one site, of whitened activations: the maps that each site has of its own are then looked up once a
 * group. Samples are of inputs run for the purpose, or of a pool that was collected before.
 * @module
 */
import { type Choice, type Collector } from '../inversion/collect.js';
import { sequenceOf, symbolsOf } from '../inversion/decoder.js';
import { InputError } from '../input-error.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { type Random, drawWeighted, randomFor, shuffle } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type ActivationPool } from './activation-pool.js';
import {
  type DecoderBatch,
  batchesPerChunk,
  drawPosition,
  mostTries,
  neverRead,
  saidBatch,
} from './decoder-data.js';
import { type DecoderRecipe } from './decoder-recipe.js';
import { type Whitener } from './whitener.js';

/** A recipe with groups. */
export type GroupedRecipe = DecoderRecipe & { readonly group: number };

/** A whitened activation and what is said of it. */
interface Sample {
  readonly whitened: Float32Array;
  readonly sequence: readonly number[];
}

/** Samples of one site. */
interface Group {
  readonly site: number;
  readonly samples: readonly Sample[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** The sites of some groups. */
function drawSites(count: number, siteWeights: readonly number[], random: Random): number[] {
  const total = sum(siteWeights);
  return Array.from({ length: count }, () => drawWeighted(random, siteWeights, total));
}

/**
 * The batches of a chunk, of inputs of their own. They rest on the recipe's seed, the number and the weights alone.
 * @param siteWeights how often each site is drawn, in proportion
 * @throws InputError where a head is hardly ever read, of a task that says where heads are read
 */
export async function drawGroupedChunk(
  task: Task,
  config: DecoderConfig,
  recipe: GroupedRecipe,
  whitener: Whitener,
  collector: Pick<Collector, 'pick'>,
  index: number,
  siteWeights: readonly number[],
): Promise<DecoderBatch[]> {
  const random = randomFor(recipe.seed, 'grouped', index);
  const { batch, group, perInput } = recipe;
  const sites = drawSites((batch / group) * batchesPerChunk, siteWeights, random);
  const wanted = config.sites.map((_, site) => group * sites.filter((one) => one === site).length);
  const seen = config.sites.map((): { activation: Float32Array; sequence: readonly number[] }[] => []);
  // Where positions rest on attention, some choices come to nothing and are made up for.
  for (let tries = 0; ; tries++) {
    const missing = wanted.flatMap((count, site) =>
      new Array<number>(count - (seen[site]?.length ?? 0)).fill(site),
    );
    if (missing.length === 0) break;
    if (tries === mostTries)
      throw new InputError(
        neverRead(task, [...new Set(missing)].map((site) => config.sites[site]).join(', ')),
      );
    // An input is read at several sites.
    shuffle(missing, random);
    const inputs = Array.from({ length: Math.ceil(missing.length / perInput) }, () =>
      task.sample(random, 'train'),
    );
    const positions = inputs.map((ids) => task.positions(ids));
    const choices = missing.map((site, at): Choice => {
      const row = at % inputs.length;
      const positionAt = drawPosition(task, inputs[row] ?? [], positions[row] ?? [], recipe, random);
      return { row, site, position: positionAt(config.sites[site] ?? '') };
    });
    const sequences = inputs.map((ids) => sequenceOf(task, config.form, ids));
    (await collector.pick(inputs, choices)).forEach((one, at) => {
      const { row, site } = choices[at] ?? { row: 0, site: 0 };
      if (one !== null) seen[site]?.push({ activation: one.activation, sequence: sequences[row] ?? [] });
    });
  }
  const { directions } = whitener;
  const samples: Sample[][] = [];
  for (const [site, own] of seen.entries()) {
    const whitened = await whitener.of(
      site,
      own.map(({ activation }) => activation),
    );
    samples.push(
      own.map(({ sequence }, at) => ({
        sequence,
        whitened: whitened.subarray(at * directions, (at + 1) * directions),
      })),
    );
  }
  const groups = sites.map((site): Group => ({ site, samples: samples[site]?.splice(0, group) ?? [] }));
  return Array.from({ length: batchesPerChunk }, (_, at) =>
    layOut(
      task,
      config,
      recipe,
      groups.slice((at * batch) / group, ((at + 1) * batch) / group),
      directions,
      random,
    ),
  );
}

/** The batch of a step, of a pool. It rests on the recipe's seed, the step and the weights alone. */
export function drawPooledBatch(
  task: Task,
  config: DecoderConfig,
  recipe: GroupedRecipe,
  pool: ActivationPool,
  step: number,
  siteWeights: readonly number[],
): DecoderBatch {
  const random = randomFor(recipe.seed, 'pooled', step);
  const directions = pool.bos.length / config.sites.length;
  const groups = drawSites(recipe.batch / recipe.group, siteWeights, random).map((site): Group => {
    const { inputs, whitened } = pool.sites[site] ?? none;
    const samples = Array.from({ length: recipe.group }, (): Sample => {
      const sample = random.int(inputs.length);
      const [from, at] = random.next() < recipe.bosShare ? [pool.bos, site] : [whitened, sample];
      return {
        whitened: from.subarray(at * directions, (at + 1) * directions),
        sequence: pool.sequences[inputs[sample] ?? 0] ?? [],
      };
    });
    return { site, samples };
  });
  return layOut(task, config, recipe, groups, directions, random);
}

const none = { inputs: new Int32Array(), whitened: new Float32Array() };

/** Feeds `z` `[row, direction]`, whitened, `site` `[group]`, and what is said. */
function layOut(
  task: Task,
  config: DecoderConfig,
  recipe: DecoderRecipe,
  groups: readonly Group[],
  directions: number,
  random: Random,
): DecoderBatch {
  const rows = groups.flatMap(({ samples }) => samples);
  const z = new Float32Array(rows.length * directions);
  rows.forEach(({ whitened }, row) => z.set(whitened, row * directions));
  const { jitter = 0, concealed = 0 } = recipe;
  if (jitter > 0) for (let i = 0; i < z.length; i++) z[i] = (z[i] ?? 0) + jitter * random.gaussian();
  const said = saidBatch(
    task,
    config,
    recipe,
    rows.map(({ sequence }) => sequence),
  );
  const { ids } = said.feeds;
  const { pad } = symbolsOf(task, config.form);
  // What is concealed looks like padding; what begins is always seen.
  if (concealed > 0 && ids !== undefined)
    for (let i = 0; i < ids.data.length; i++)
      if (i % said.places > 0 && random.next() < concealed) ids.data[i] = pad;
  return {
    places: said.places,
    feeds: {
      ...said.feeds,
      z: { dtype: 'float32', shape: [rows.length, directions], data: z },
      site: {
        dtype: 'int32',
        shape: [groups.length],
        data: Int32Array.from(groups, ({ site }) => site),
      },
    },
  };
}
