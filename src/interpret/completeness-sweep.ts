/**
 * Completeness over sites and queries: the published figure has eight random sites with one random query each. The pass
 * over all inputs at a site answers all of its queries.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type Decoder } from '../inversion/decoder.js';
import { type ExactPreimages } from '../inversion/enumerate/exact.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor, seedFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type Completeness, type CompletenessOptions, completeness } from './completeness.js';
import { type PlacedInput, activationsOf, drawQueries } from './queries.js';

/** One query of a sweep. */
export interface SweptQuery extends PlacedInput {
  /** Full hook name. */
  readonly site: string;
  /** Its number among those of its site, from 0. */
  readonly number: number;
}

/** Sites of the published figure. */
export const publishedSites = 8;

/**
 * Draws sites, each once, in the order of a run. As in the published figure the embeddings are not among them.
 * @param count fewer where there are no more
 */
export function drawSites(sites: readonly string[], count: number, seed: number): string[] {
  const random = randomFor(seed, 'sites');
  const left = sites.filter((site) => site !== 'blocks.0.hook_resid_pre');
  const drawn = new Set<string>();
  while (drawn.size < count && left.length > 0) {
    for (const site of left.splice(random.int(left.length), 1)) drawn.add(site);
  }
  return sites.filter((site) => drawn.has(site));
}

/**
 * Draws the queries of each site: inputs of the test split, other ones at each site. Each rests on the seed, its site and
 * its number alone.
 * @param each queries a site
 * @param place a place name or an index; null for a random one of those that the task asks about
 * @throws InputError when hardly any input has the place
 */
export function sweptQueries(
  task: Task,
  sites: readonly string[],
  each: number,
  place: string | null,
  seed: number,
): SweptQuery[] {
  return sites.flatMap((site) =>
    drawQueries(task, each, place, seedFor(seed, `completeness ${site}`)).map((placed, number) => ({
      ...placed,
      site,
      number,
    })),
  );
}

/** How a sweep is made. */
export interface SweepOptions extends Omit<CompletenessOptions, 'onProgress'> {
  /** Makes or takes up the pass of a site; it is disposed of here. */
  readonly exactAt: (site: string) => Promise<ExactPreimages>;
  /** Called with the number of the query, from 0, and its draws of noise. */
  readonly onProgress?: (query: number, done: number, all: number) => void;
}

/** Scores the queries of a sweep; results stand in their order. */
export async function sweepCompleteness(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  queries: readonly SweptQuery[],
  { seed, exactAt, onProgress, ...options }: SweepOptions,
): Promise<Completeness[]> {
  const results = new Map<number, Completeness>();
  for (const site of new Set(queries.map((query) => query.site))) {
    const own = [...queries.entries()].filter(([, query]) => query.site === site);
    const exact = await exactAt(site);
    try {
      for (const [at, query] of own) {
        // Each by itself: in a batch, its last digits would hang on the others.
        const [z = new Float32Array(0)] = await activationsOf(runtime, model, task, site, [query]);
        const set = await exact.find(z, options);
        const scored = await completeness(runtime, decoder, task, { z, site }, set, {
          ...options,
          seed: seedFor(seed, `completeness ${site}`, query.number),
          ...(onProgress === undefined ? {} : { onProgress: (done, all) => onProgress(at, done, all) }),
        });
        results.set(at, scored);
      }
    } finally {
      await exact.dispose();
    }
  }
  return queries.flatMap((_, at) => results.get(at) ?? []);
}
