/**
 * The ε of many sites and places, each chosen from its own exact curves. One pass over the inputs that agree with a drawn one
 * in all held parts serves all sites, places and queries of it.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { activationAt, createCollector } from '../inversion/collect.js';
import { type ExactOptions, type ExactPreimages, openExactSites } from '../inversion/enumerate/exact.js';
import { type Metric } from '../inversion/metrics.js';
import { type HookedModel } from '../models/hooked-model.js';
import { resolveSite } from '../models/hooks.js';
import { randomFor } from '../random.js';
import { type HeldTask, heldTask } from '../tasks/held-task.js';
import { type Task } from '../tasks/task.js';
import { type ChosenEpsilon, type SizeCurve, chooseEpsilon, triedEpsilons } from './choose-epsilon.js';

/** What is asked. */
export interface EpsilonQuestion {
  readonly sites: readonly string[];
  /** Names of places. A query that does not have one is left out there. */
  readonly places: readonly string[];
  /** Passes, each over the inputs that agree with a held-out one in its held parts. */
  readonly passes: number;
  /** Queries of each pass. */
  readonly queries: number;
  readonly seed: number;
  /** Parts that vary; the task's choice unless given. */
  readonly vary?: readonly string[];
  readonly metric: Metric;
}

/** The ε of a site at a place. */
export interface SiteEpsilon {
  /** Full hook name. */
  readonly site: string;
  readonly place: string;
  /** Queries whose curves it rests on. */
  readonly queries: number;
  /** Null where the curves have no plateau. */
  readonly chosen: ChosenEpsilon | null;
}

/** Distance within which an activation is the query's own: well above what storing it in 16 bits may move it. */
const sameWithin = 1e-3;
/** Bytes that the activations of a group of sites take at the most. */
const groupBytes = 0.8e9;

/** The inputs of a pass, by the number of the pass. */
export const passTask = (task: Task, seed: number, pass: number, vary?: readonly string[]): HeldTask =>
  heldTask(task, task.sample(randomFor(seed, 'pass', pass), 'test'), vary);

/** Queries of a pass: inputs of it, each as likely. */
export const passQueries = (held: HeldTask, seed: number, pass: number, count: number): number[][] => {
  const random = randomFor(seed, 'pass queries', pass);
  return Array.from({ length: count }, () => held.sample(random, 'test'));
};

/**
 * Chooses them. Distances are those at the query's own place.
 * @param onProgress of {@link ExactOptions}, over all passes
 * @throws InputError for an unknown site, and as `heldTask` does
 */
export async function siteEpsilons(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  { sites: names, places, passes, queries, seed, vary, metric }: EpsilonQuestion,
  { onProgress, ...options }: ExactOptions = {},
): Promise<SiteEpsilon[]> {
  const sites = [...new Set(names.map((name) => resolveSite(name, task.sites)))];
  const curves = new Map(sites.map((site) => [site, places.map((): SizeCurve[] => [])]));
  for (let pass = 0; pass < passes; pass++) {
    const held = passTask(task, seed, pass, vary);
    const asked = passQueries(held, seed, pass, queries);
    const groups = groupsOf(sites, held, model.architecture.width);
    for (const [number, group] of groups.entries()) {
      const before = pass * groups.length + number;
      const activations = await activationsAt(runtime, model, held, group, asked);
      const exacts = await openExactSites(runtime, model, held, group, {
        ...options,
        onProgress: (done, all) => onProgress?.(before * all + done, passes * groups.length * all),
      });
      for (const exact of exacts) {
        places.forEach((place, at) => {
          const found = asked.flatMap((ids, row) => {
            options.signal?.throwIfAborted();
            const z = activations(exact.site, row, ids, place);
            return z === null ? [] : [curveOf(exact, z, metric, place)];
          });
          curves.get(exact.site)?.[at]?.push(...found);
        });
        await exact.dispose();
      }
    }
  }
  return sites.flatMap((site) =>
    places.map((place, at): SiteEpsilon => {
      const own = curves.get(site)?.[at] ?? [];
      return { site, place, queries: own.length, chosen: chooseEpsilon(triedEpsilons, own) };
    }),
  );
}

/** Sites whose activations fit into memory together. */
function groupsOf(sites: readonly string[], { data, maxLength }: HeldTask, width: number): string[][] {
  const bytes = (data?.size ?? 0) * maxLength * (2 * width + 4);
  const together = Math.max(1, Math.floor(groupBytes / bytes));
  return Array.from({ length: Math.ceil(sites.length / together) }, (_, group) =>
    sites.slice(group * together, (group + 1) * together),
  );
}

/** Activations of queries at several sites; null for one without the place. */
export async function activationsAt(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  sites: readonly string[],
  queries: readonly (readonly number[])[],
): Promise<(site: string, row: number, ids: readonly number[], place: string) => Float32Array | null> {
  const collector = createCollector(runtime, model, sites, task.maxLength, task.pad, queries.length);
  try {
    const collected = await collector.collect(queries);
    const copies = new Map([...collected.sites].map(([site, values]) => [site, values.slice()]));
    return (site, row, ids, place) => {
      const position = task.places(ids).find(({ name }) => name === place)?.index;
      return position === undefined
        ? null
        : activationAt({ ...collected, sites: copies }, site, row, position).slice();
    };
  } finally {
    await collector.dispose();
  }
}

function curveOf(exact: ExactPreimages, z: Float32Array, metric: Metric, place: string): SizeCurve {
  const distances = exact.distances(z, { metric, onlyAt: place }).sort();
  const within = (most: number): number => {
    let [low, high] = [0, distances.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((distances[middle] ?? Infinity) <= most) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    total: exact.total,
    same: Math.max(1, within(sameWithin)),
    sizes: triedEpsilons.map(within),
  };
}
