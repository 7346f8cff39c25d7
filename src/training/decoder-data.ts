/**
 * Training samples of a decoder: what an input says, and the activation it left at a site and position.
 * Activations are made as they are needed; nothing is stored.
 * @module
 */
import { type Tensors } from '../engine/index.js';
import { type Choice, type Collector } from '../inversion/collect.js';
import { sequenceOf, symbolsOf } from '../inversion/decoder.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { InputError } from '../input-error.js';
import { padded } from '../models/padding.js';
import { type Random, drawWeighted, randomFor, shuffle } from '../random.js';
import { readAt } from '../tasks/attended-positions.js';
import { type Task } from '../tasks/task.js';
import { type DecoderRecipe } from './decoder-recipe.js';

/** Batches drawn from one run of the probed model. */
export const batchesPerChunk = 16;

interface Sample extends Choice {
  readonly sequence: readonly number[];
}

/** A sample with what was seen of it. */
interface Seen {
  readonly site: number;
  readonly sequence: readonly number[];
  readonly activation: Float32Array;
}

/** One batch, ready to be fed, and the number of tokens its sequences are padded to. */
export interface DecoderBatch {
  readonly places: number;
  readonly feeds: Tensors;
}

/**
 * Draws the samples of chunk number `index` and lays them out in batches.
 * @param siteWeights how often each site is drawn, in proportion
 */
export async function drawDecoderChunk(
  task: Task,
  config: DecoderConfig,
  recipe: DecoderRecipe,
  collector: Pick<Collector, 'pick'>,
  index: number,
  siteWeights: readonly number[],
): Promise<DecoderBatch[]> {
  const random = randomFor(recipe.seed, 'decoder', index);
  const total = siteWeights.reduce((sum, weight) => sum + weight, 0);
  const size = recipe.batch * batchesPerChunk;
  const samples: Seen[] = [];
  // Where positions rest on attention, some choices come to nothing and are made up for.
  for (let tries = 0; samples.length < size; tries++) {
    if (tries === mostTries) throw new InputError(neverRead(task, config.sites.join(', ')));
    const missing = size - samples.length;
    const inputs = Array.from({ length: Math.ceil(missing / recipe.perInput) }, () =>
      task.sample(random, 'train'),
    );
    const drawn: Sample[] = [];
    for (const [row, ids] of inputs.entries()) {
      const sequence = sequenceOf(task, config.form, ids);
      const positions = task.positions(ids);
      for (let i = 0; i < recipe.perInput && drawn.length < missing; i++) {
        const positionAt = drawPosition(task, ids, positions, recipe, random);
        const site = drawWeighted(random, siteWeights, total);
        drawn.push({ row, site, sequence, position: positionAt(config.sites[site] ?? '') });
      }
    }
    const picked = await collector.pick(inputs, drawn);
    drawn.forEach(({ site, sequence }, at) => {
      const { activation } = picked[at] ?? {};
      if (activation !== undefined) samples.push({ site, sequence, activation });
    });
  }
  shuffle(samples, random);
  // Sorting is stable: samples of one length stay shuffled.
  if (recipe.trim > 0) samples.sort((a, b) => a.sequence.length - b.sequence.length);
  const batches = Array.from({ length: batchesPerChunk }, (_, at) =>
    layOut(task, config, recipe, samples.slice(at * recipe.batch, (at + 1) * recipe.batch)),
  );
  shuffle(batches, random);
  return batches;
}

/** How often a chunk is filled up before its heads count as never read. */
export const mostTries = 64;

/** What is wrong where heads attend to BOS nearly everywhere. @param sites hook names */
export const neverRead = ({ name }: Task, sites: string): string =>
  `Too few positions to learn ${sites} from: nearly everywhere in texts of ${name} these heads attend to BOS. Leave such heads out with --sites.`;

/**
 * Draws where an input is read, by site: a head whose positions rest on its attention is run first.
 * @param positions the task's for the input
 */
export function drawPosition(
  task: Task,
  ids: readonly number[],
  positions: readonly number[],
  { bosShare }: DecoderRecipe,
  random: Random,
): (site: string) => Choice['position'] {
  if (random.next() < bosShare) return () => 0;
  const share = task.attended === undefined ? 0 : random.next();
  const number =
    task.attended === undefined ? random.int(positions.length) : Math.floor(share * positions.length);
  return (site) => readAt(task, ids, site, positions[number] ?? 0, share);
}

function layOut(
  task: Task,
  config: DecoderConfig,
  recipe: DecoderRecipe,
  samples: readonly Seen[],
): DecoderBatch {
  const rows = samples.length;
  const width = config.activation_width;
  const z = new Float32Array(rows * width);
  const site = new Int32Array(rows);
  samples.forEach((sample, row) => {
    z.set(sample.activation, row * width);
    site[row] = sample.site;
  });
  const said = saidBatch(
    task,
    config,
    recipe,
    samples.map(({ sequence }) => sequence),
  );
  return {
    places: said.places,
    feeds: {
      z: { dtype: 'float32', shape: [rows, width], data: z },
      site: { dtype: 'int32', shape: [rows], data: site },
      ...said.feeds,
    },
  };
}

/** What a batch of samples says: `ids` `[row, places]`, `targets` and `weights` `[row · places]`. */
export function saidBatch(
  task: Task,
  config: DecoderConfig,
  { trim }: DecoderRecipe,
  sequences: readonly (readonly number[])[],
): DecoderBatch {
  const { pad } = symbolsOf(task, config.form);
  const rows = sequences.length;
  const longest = sequences.reduce((most, { length }) => Math.max(most, length - 1), 1);
  const places = trim > 0 ? Math.min(config.places, Math.ceil(longest / trim) * trim) : config.places;
  const targets = new Int32Array(rows * places);
  const weights = new Float32Array(rows * places);
  sequences.forEach((sequence, row) => {
    for (let at = 1; at < sequence.length; at++) {
      targets[row * places + at - 1] = sequence[at] ?? pad;
      weights[row * places + at - 1] = 1;
    }
  });
  const ids = padded(
    sequences.map((sequence) => sequence.slice(0, -1)),
    places,
    pad,
  );
  return {
    places,
    feeds: {
      ids: { dtype: 'int32', shape: [rows, places], data: ids },
      targets: { dtype: 'int32', shape: [rows * places], data: targets },
      weights: { dtype: 'float32', shape: [rows * places], data: weights },
    },
  };
}
