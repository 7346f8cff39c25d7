/**
 * A pool of activations that a decoder's training draws from again and again: collected once, in one pass of the probed
 * model over its inputs for all sites and positions, and reduced to the whitened directions of each site. Where a run of
 * the probed model takes longer than a step of the training, this is what makes the training affordable.
 * @module
 */
import { type Choice, type Collector } from '../inversion/collect.js';
import { sequenceOf } from '../inversion/decoder.js';
import { InputError } from '../input-error.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { type Random, randomFor, shuffle } from '../random.js';
import { readAt } from '../tasks/attended-positions.js';
import { type Task } from '../tasks/task.js';
import { neverRead } from './decoder-data.js';
import { type DecoderRecipe } from './decoder-recipe.js';
import { type Whitener } from './whitener.js';

/** Inputs that are collected and stored together. */
const inputsPerPart = 512;

/** What some inputs left at a site. */
export interface SiteActivations {
  /** Number of the input in the pool, by activation. */
  readonly inputs: Int32Array;
  /** `[activation · direction]` */
  readonly whitened: Float32Array;
}

/** A part of a pool: by site, in the decoder's order. */
export type PoolPart = readonly SiteActivations[];

/** Where the parts of a pool outlast a kill. */
export interface PoolStore {
  /** A part that was stored; null where it was not. */
  load(part: number): Promise<PoolPart | null>;
  save(part: number, content: PoolPart): Promise<void>;
}

/** How a pool is collected. */
export interface PoolOptions {
  readonly store?: PoolStore;
  /** Called with the number of inputs that have been run, and of all. */
  readonly onCollected?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** A pool. */
export interface ActivationPool {
  /** What a decoder says of each input. */
  readonly sequences: readonly (readonly number[])[];
  readonly sites: PoolPart;
  /** What BOS leaves at each site, `[site · direction]`, whitened. */
  readonly bos: Float32Array;
}

/**
 * Collects a pool. A part rests on the recipe's seed and its number alone.
 * @throws InputError where a head is never read; the signal's reason when it stops
 */
export async function collectPool(
  task: Task,
  config: DecoderConfig,
  recipe: DecoderRecipe,
  collector: Pick<Collector, 'pick'>,
  whitener: Whitener,
  { store, onCollected, signal }: PoolOptions = {},
): Promise<ActivationPool> {
  const count = recipe.pool ?? 0;
  const { sites } = config;
  const sequences: (readonly number[])[] = [];
  const parts: PoolPart[] = [];
  for (let part = 0; part * inputsPerPart < count; part++) {
    signal?.throwIfAborted();
    const random = randomFor(recipe.seed, 'pool', part);
    const first = part * inputsPerPart;
    const inputs = Array.from({ length: Math.min(inputsPerPart, count - first) }, () =>
      task.sample(random, 'train'),
    );
    sequences.push(...inputs.map((ids) => sequenceOf(task, config.form, ids)));
    const stored = (await store?.load(part)) ?? null;
    const choices = stored === null ? choicesOf(task, sites, inputs, recipe.perInput, random) : [];
    const content = stored ?? (await collectPart(sites, inputs, choices, first, collector, whitener));
    if (stored === null) await store?.save(part, content);
    parts.push(content);
    onCollected?.(first + inputs.length, count);
  }
  const joined = sites.map((site, at) => {
    const own = parts.flatMap((part) => part[at] ?? []);
    const inputs = Int32Array.from(own.flatMap((one) => [...one.inputs]));
    if (inputs.length === 0) throw new InputError(neverRead(task, site));
    const whitened = new Float32Array(inputs.length * whitener.directions);
    let filled = 0;
    for (const one of own) {
      whitened.set(one.whitened, filled);
      filled += one.whitened.length;
    }
    return { inputs, whitened };
  });
  const bos = new Float32Array(sites.length * whitener.directions);
  const alone = await collector.pick(
    [[task.bos]],
    sites.map((_, site) => ({ row: 0, site, position: 0 })),
  );
  for (const [site, one] of alone.entries())
    if (one !== null) bos.set(await whitener.of(site, [one.activation]), site * whitener.directions);
  return { sequences, sites: joined, bos };
}

/** Where the inputs of a part are read, by site: at up to `each` positions of their own. */
function choicesOf(
  task: Task,
  sites: readonly string[],
  inputs: readonly (readonly number[])[],
  each: number,
  random: Random,
): Choice[] {
  return inputs.flatMap((ids, row) => {
    const positions = task.positions(ids);
    const drawn = [...positions];
    shuffle(drawn, random);
    drawn.length = Math.min(drawn.length, each);
    return sites.flatMap((name, site) =>
      drawn.map((position, at) => {
        if (task.attended === undefined) return { row, site, position };
        // A head's position is drawn from each part of what its rule has to give.
        const share = (at + random.next()) / drawn.length;
        const usual = positions[Math.floor(share * positions.length)] ?? 0;
        return { row, site, position: readAt(task, ids, name, usual, share) };
      }),
    );
  });
}

async function collectPart(
  sites: readonly string[],
  inputs: readonly (readonly number[])[],
  choices: readonly Choice[],
  first: number,
  collector: Pick<Collector, 'pick'>,
  whitener: Whitener,
): Promise<PoolPart> {
  const picked = await collector.pick(inputs, choices);
  const content: SiteActivations[] = [];
  for (const site of sites.keys()) {
    const own = choices.flatMap((choice, at) => {
      const activation = picked[at]?.activation;
      return choice.site === site && activation !== undefined ? [{ row: choice.row, activation }] : [];
    });
    content.push({
      inputs: Int32Array.from(own, ({ row }) => first + row),
      whitened: await whitener.of(
        site,
        own.map(({ activation }) => activation),
      ),
    });
  }
  return content;
}
