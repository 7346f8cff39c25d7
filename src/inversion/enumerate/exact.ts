/**
 * Exact ε-preimages: of all inputs of a task, those whose activation at a site is near a query's. Nothing is sampled.
 *
 * One pass of the probed model gives the activations of all inputs; any query, threshold and metric is then answered
 * from them. They are stored in 16 bits, so the few inputs whose distance lies so near the threshold that rounding could
 * decide are run through the model again.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { resolveSite } from '../../models/hooks.js';
import { type Task } from '../../tasks/task.js';
import { type Judge, createJudge } from '../judge.js';
import { type Metric } from '../metrics.js';
import {
  type EnumeratedActivations,
  type PassOptions,
  enumerateActivations,
  expectEnumerable,
} from './activations.js';
import { type ActivationStore, identityOf, saveActivations, loadActivations } from './saved-activations.js';
import { measure, noPosition } from './measure.js';
import { absent, fresh } from './prefixes.js';

/** All inputs within ε of a query. */
export interface ExactSet {
  /** Inputs inside, and inputs there are. */
  readonly size: number;
  readonly total: number;
  /** `−log2(size / total)`: the information in the activation; null of an empty set. */
  readonly bits: number | null;
  /** Numbers of the inputs inside, rising: `instance` of the task's data gives them. */
  readonly members: Uint32Array;
  /** Least distance of every input over its positions, to four digits or so; see {@link ExactView} for those outside. */
  readonly distances: Float32Array;
  /** Index of the token that has it. */
  readonly positions: Uint16Array;
  /** Inputs that the model had to run again. */
  readonly rechecked: number;
}

/** How a query is viewed; the task's unless given. */
export interface ExactView {
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** Only what is inside is wanted: distances of other inputs may be infinite then. It takes a fraction of the time. */
  readonly insideOnly?: boolean;
  /** Compares at this named place of each input alone; at the nearest of all its positions unless given. */
  readonly onlyAt?: string | null;
}

/** Activations of all inputs, those that inputs share by their common beginnings once. */
export interface DistinctActivations {
  readonly count: number;
  /** For each input the number of its activation; −1 for one that does not have its position. */
  readonly of: Int32Array;
  /** Those with numbers `start … end`, `[end − start, width]`, to 16 bits an element. */
  rows(start: number, end: number): Float32Array;
}

/** Answers queries at one site. */
export interface ExactPreimages {
  readonly site: string;
  readonly total: number;
  /** @param z the query's activation */
  find(z: Float32Array, view?: ExactView): Promise<ExactSet>;
  /** Distances of all inputs from a query, to four digits or so; infinite for one without the place. No input is run. */
  distances(z: Float32Array, view?: Pick<ExactView, 'metric' | 'onlyAt'>): Float32Array;
  /** The different activations that inputs have at one position each. @param positions of each input, as a set has them */
  distinct(positions: Uint16Array): DistinctActivations;
  dispose(): Promise<void>;
}

/** What opening a site may use. */
export interface ExactOptions extends PassOptions {
  /** Where passes are saved; without it each is made anew. */
  readonly store?: ActivationStore;
  /** Called with why a pass could not be saved; its answers stand. */
  readonly onNotSaved?: (reason: string) => void;
}

/**
 * Makes or takes up the pass of a site.
 * @throws InputError for an unknown site or a task whose inputs cannot be enumerated
 * @example
 * const exact = await openExactPreimages(runtime, model, addition, 'a0.0');
 * const { size, bits } = await exact.find(z);
 */
export async function openExactPreimages(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  siteName: string,
  options: ExactOptions = {},
): Promise<ExactPreimages> {
  const [found] = await openExactSites(runtime, model, task, [siteName], options);
  if (found === undefined) throw new RangeError('no site');
  return found;
}

/**
 * The same for several sites: one pass serves all of them that are not saved.
 * @returns in the order of the sites
 */
export async function openExactSites(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  siteNames: readonly string[],
  options: ExactOptions = {},
): Promise<ExactPreimages[]> {
  expectEnumerable(task);
  const sites = siteNames.map((name) => resolveSite(name, task.sites));
  const all = await activationsOf(runtime, model, task, [...new Set(sites)], options);
  const positionsOf = placePositions(task);
  return sites.map((site) => {
    const activations = all.get(site);
    if (activations === undefined) throw new RangeError(`no pass of ${site}`);
    return preimagesOf(runtime, model, task, site, activations, positionsOf);
  });
}

/** Gives by name the position of a place in every input: what it costs to find them is paid once for all sites. */
function placePositions(task: Task): (place: string) => Uint16Array {
  const { size, instance } = capability(task, 'data', 'An exact preimage');
  const known = new Map<string, Uint16Array>();
  return (place) => {
    const positions =
      known.get(place) ??
      Uint16Array.from({ length: size }, (_, input) => {
        const found = task.places(instance(input)).find(({ name }) => name === place);
        return found?.index ?? noPosition;
      });
    known.set(place, positions);
    return positions;
  };
}

function preimagesOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  activations: EnumeratedActivations,
  positionsOf: (place: string) => Uint16Array,
): ExactPreimages {
  const { instance } = capability(task, 'data', 'An exact preimage');
  const total = activations.inputs;
  let judge: Judge | null = null;
  const measured = (z: Float32Array, metric: Metric, within: number, only: Uint16Array | null) => {
    if (z.length !== activations.width) {
      throw new InputError(
        `The query has ${z.length} elements, the activations of ${model.name} have ${activations.width}.`,
      );
    }
    return measure(activations.marks, activations.rows, z, metric, within, only);
  };
  return {
    site,
    total,
    async find(z, { epsilon = task.epsilon, metric = task.metric, insideOnly = false, onlyAt = null } = {}) {
      const only = onlyAt === null ? null : positionsOf(onlyAt);
      const { distances, lower, upper, positions } = measured(
        z,
        metric,
        insideOnly ? epsilon : Infinity,
        only,
      );
      const inside = new Uint8Array(total);
      const open: number[] = [];
      for (let input = 0; input < total; input++) {
        if ((upper[input] ?? Infinity) <= epsilon) inside[input] = 1;
        else if ((lower[input] ?? Infinity) <= epsilon) open.push(input);
      }
      if (open.length > 0) {
        judge ??= createJudge(runtime, model, task, site);
        const verdicts = await judge.judge(
          open.map((input) => instance(input)),
          z,
        );
        open.forEach((input, at) => {
          const verdict = verdicts[metric][at];
          if (verdict === undefined) return;
          const position = only?.[input] ?? verdict.position;
          const distance = verdict.distances[position] ?? Infinity;
          inside[input] = distance <= epsilon ? 1 : 0;
          distances[input] = distance;
          positions[input] = position;
        });
      }
      const members = new Uint32Array(inside.reduce((sum, one) => sum + one, 0));
      let next = 0;
      for (let input = 0; input < total; input++) if (inside[input] === 1) members[next++] = input;
      const size = members.length;
      return {
        size,
        total,
        bits: size === 0 ? null : Math.log2(total / size),
        members,
        distances,
        positions,
        rechecked: open.length,
      };
    },
    distances: (z, { metric = task.metric, onlyAt = null } = {}) =>
      measured(z, metric, Infinity, onlyAt === null ? null : positionsOf(onlyAt)).distances,
    distinct: (chosen) => distinctAt(activations, chosen),
    async dispose() {
      await judge?.dispose();
    },
  };
}

function distinctAt(
  { inputs, width, marks, rows }: EnumeratedActivations,
  positions: Uint16Array,
): DistinctActivations {
  const of = new Int32Array(inputs).fill(-1);
  const found: { readonly position: number; readonly row: number }[] = [];
  marks.forEach((column, position) => {
    let row = -1;
    let numbered = -1;
    for (let input = 0; input < inputs; input++) {
      if (column[input] === absent) continue;
      if (column[input] === fresh) row++;
      if (positions[input] !== position) continue;
      if (numbered !== row) found.push({ position, row });
      numbered = row;
      of[input] = found.length - 1;
    }
  });
  return {
    count: found.length,
    of,
    rows(start, end) {
      const out = new Float32Array((end - start) * width);
      for (let at = start; at < end; at++) {
        const { position = 0, row = 0 } = found[at] ?? {};
        const own = rows[position];
        const scale = own?.scales[row] ?? 0;
        for (let j = 0; j < width; j++)
          out[(at - start) * width + j] = scale * (own?.values[row * width + j] ?? 0);
      }
      return out;
    },
  };
}

async function activationsOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  sites: readonly string[],
  { store, onNotSaved, ...options }: ExactOptions,
): Promise<Map<string, EnumeratedActivations>> {
  const found = new Map<string, EnumeratedActivations>();
  for (const site of sites) {
    const saved = store === undefined ? null : await loadActivations(store, identityOf(model, task, site));
    if (saved !== null) found.set(site, saved);
  }
  const missing = sites.filter((site) => !found.has(site));
  if (missing.length === 0) return found;
  const made = await enumerateActivations(runtime, model, task, missing, options);
  for (const [at, site] of missing.entries()) {
    const activations = made[at];
    if (activations === undefined) continue;
    found.set(site, activations);
    if (store === undefined) continue;
    try {
      await saveActivations(store, identityOf(model, task, site), activations);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      onNotSaved?.(error.message);
    }
  }
  return found;
}
