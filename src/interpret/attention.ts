/**
 * Where heads look, over many inputs: the mean attention from a named place to each other place. Tokens without a name,
 * such as the letters of a string, are put together: those that are the same token as a named one (`as query`), and the
 * others.
 * @module
 */
import { type Runtime, floatsOf } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { expectFinite } from '../models/finite.js';
import { type HookedModel, questionGraph } from '../models/hooked-model.js';
import { blockHook, headOf, shortName } from '../models/hooks.js';
import { inBatches } from '../models/batches.js';
import { randomFor } from '../random.js';
import { resolvePosition } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';
import { type Condition } from './condition.js';

/** A head at a place, and where it looks. */
export interface AttentionRow {
  readonly site: string;
  readonly place: string;
  /** Mean attention by what is attended to; they sum to 1. */
  readonly shares: Readonly<Record<string, number>>;
}

/** Where heads look. */
export interface AttentionRecord {
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly inputs: number;
  /** Whether the model is known not to have trained on the inputs; else they are those of the task's test split. */
  readonly heldOut: boolean;
  /** Which inputs took part; null for all. */
  readonly only: string | null;
  /** What is attended to, in the order of the input. */
  readonly sources: readonly string[];
  readonly rows: readonly AttentionRow[];
}

/** Inputs run at once. */
const batch = 256;
/** Draws for one input before a condition counts as one that hardly any input meets. */
const mostDraws = 20_000;

/**
 * Inputs of the test split that meet a condition and have the places asked for. Each rests on the seed and its own number
 * alone.
 * @throws InputError when hardly any does
 */
export function heldOutInputs(
  task: Task,
  count: number,
  seed: number,
  only: Condition | null,
  places: readonly string[],
): number[][] {
  const place = (ids: readonly number[]): void => {
    for (const name of places) resolvePosition(task, ids, name);
  };
  return Array.from({ length: count }, (_, item) => {
    const random = randomFor(seed, 'profile', item);
    let problem: InputError | null = null;
    for (let draws = 0; draws < mostDraws; draws++) {
      const ids = task.sample(random, 'test');
      if (only !== null && !only.holds(ids)) continue;
      try {
        place(ids);
        return ids;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problem = error;
      }
    }
    throw problem ?? new InputError(`Hardly any input of ${task.name} meets ${only?.text ?? 'this'}.`);
  });
}

/** What each token of an input is called as something that is attended to. */
export function sourceNames(task: Task, ids: readonly number[]): string[] {
  const named = new Map(task.places(ids).map(({ name, index }) => [index, name]));
  const byToken = new Map([...named].map(([index, name]) => [ids[index], name]));
  return ids.map((id, at) => {
    const same = byToken.get(id);
    return named.get(at) ?? (same === undefined ? 'others' : `as ${same}`);
  });
}

/** Attention of heads at one place of each input: by site, for each input, the share of each name. */
export async function attentionByName(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  sites: readonly string[],
  inputs: readonly (readonly number[])[],
  positions: readonly number[],
): Promise<Map<string, Map<string, number>[]>> {
  const heads = sites.map((site) => {
    const head = headOf(site);
    if (head === null)
      throw new InputError(`${shortName(site)} is no head: attention is asked of a0.0 and the like.`);
    return { site, ...head };
  });
  const places = Math.max(...inputs.map(({ length }) => length));
  const names = [...new Set(heads.map(({ layer }) => blockHook(layer, 'pattern')))];
  const executable = await runtime.compile(questionGraph(model, batch, places, { names }));
  const out = new Map(sites.map((site) => [site, new Array<Map<string, number>>()]));
  try {
    const size = { batch, places, pad: task.pad };
    for await (const { start, texts: part, outputs } of inBatches(executable, inputs, size)) {
      for (const { site, layer, head } of heads) {
        const pattern = floatsOf(outputs, blockHook(layer, 'pattern'));
        part.forEach((input, row) => {
          const from =
            ((row * model.architecture.heads + head) * places + (positions[start + row] ?? 0)) * places;
          const shares = new Map<string, number>();
          expectFinite(pattern.subarray(from, from + input.length), blockHook(layer, 'pattern'));
          sourceNames(task, input).forEach((name, at) => {
            shares.set(name, (shares.get(name) ?? 0) + (pattern[from + at] ?? 0));
          });
          out.get(site)?.push(shares);
        });
      }
    }
  } finally {
    await executable.dispose();
  }
  return out;
}

/** Means of shares by name. */
export function meanShares(all: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const shares of all) {
    for (const [name, share] of shares) sums[name] = (sums[name] ?? 0) + share / all.length;
  }
  return sums;
}

/** What is asked. */
export interface AttentionQuestion {
  /** Full hook names of heads. */
  readonly sites: readonly string[];
  readonly places: readonly string[];
  readonly inputs: number;
  readonly seed: number;
  readonly only: Condition | null;
  /** How the model is named in the record. */
  readonly model: string;
}

/**
 * Measures where heads look.
 * @throws InputError for a site that is no head, or places that hardly any input has
 */
export async function attentionOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  { sites, places, inputs: count, seed, only, model: name }: AttentionQuestion,
): Promise<AttentionRecord> {
  const inputs = heldOutInputs(task, count, seed, only, places);
  const rows: AttentionRow[] = [];
  const order = new Map<string, number>();
  for (const ids of inputs) {
    sourceNames(task, ids).forEach((source, at) => order.set(source, Math.max(order.get(source) ?? 0, at)));
  }
  const byPlace = new Map<string, Map<string, Map<string, number>[]>>();
  for (const place of places) {
    const positions = inputs.map((ids) => resolvePosition(task, ids, place));
    byPlace.set(place, await attentionByName(runtime, model, task, sites, inputs, positions));
  }
  for (const site of sites) {
    for (const place of places) {
      rows.push({ site, place, shares: meanShares(byPlace.get(place)?.get(site) ?? []) });
    }
  }
  const attended = (source: string): boolean => rows.some(({ shares }) => (shares[source] ?? 0) > 0);
  return {
    task: task.name,
    model: name,
    seed,
    inputs: inputs.length,
    heldOut: model.trainedOn === task.name,
    only: only?.text ?? null,
    sources: [...order]
      .sort((a, b) => a[1] - b[1])
      .map(([source]) => source)
      .filter(attended),
    rows,
  };
}
