/**
 * The judged samples of a reading as they come in, and their order by distance. Another ε or metric is another way
 * through the same order: nothing is sampled or computed again.
 * @module
 */
import type { SavedSample, QueryFacts, ReadSample } from '../../../src/inversion/saved-reading.js';
import type { CandidatesEvent, DeltasEvent } from '../../../src/workbench/verbs/read.js';
import { indexOfPlace } from '../../../src/inversion/placed.js';
import type { Metric } from '../state/address.js';

/** The colours of a sample. */
export interface Colours {
  /** A number a token; null where it is not judged. */
  readonly deltas: readonly (number | null)[];
  /** Indices of tokens that follow from others and are judged at their place. */
  readonly follows: readonly number[];
}

/** Samples from near to far in one metric. */
export interface Sorted {
  /** Numbers of the samples. */
  readonly order: readonly number[];
  /** Their distances. */
  readonly distances: Float64Array;
  /** How many candidates the first k of them stand for; k from 0 to their number. */
  readonly candidatesBefore: Float64Array;
}

/** What is known of a reading's samples at one moment. */
export interface Samples {
  readonly list: readonly ReadSample[];
  /** How often each was drawn. */
  readonly counts: readonly number[];
  /** Colours; undefined before they are known, or where they never were. */
  readonly colours: readonly (Colours | undefined)[];
  /** Candidates drawn, and of these those that are not inputs of the task. */
  readonly candidates: number;
  readonly invalid: number;
  /** Tokens of the longest sample. */
  readonly longest: number;
  /** Names of the facts about samples, each with the characters of its longest value. */
  readonly facts: ReadonlyMap<string, number>;
  /** Sorts on first use. Samples without distances in the metric are left out. */
  sorted(metric: Metric): Sorted;
  /** The same by the distance at one place of each. Samples that have not the place are left out. */
  sortedAt(metric: Metric, query: QueryFacts, place: string): Sorted;
}

/** Collects events. `now` gives what is known so far; it changes no more when later events come. */
export interface Collection {
  add(event: CandidatesEvent): void;
  colour(event: DeltasEvent): void;
  now(): Samples;
}

/** Starts an empty collection. */
export function collect(): Collection {
  const list: ReadSample[] = [];
  const counts: number[] = [];
  const colours: (Colours | undefined)[] = [];
  const facts = new Map<string, number>();
  let candidates = 0;
  let invalid = 0;
  let longest = 0;
  return {
    add({ samples, draws }) {
      for (const sample of samples) {
        list.push(sample);
        counts.push(0);
        longest = Math.max(longest, sample.tokens.length);
        widen(facts, sample);
      }
      for (const number of draws) {
        counts[number] = (counts[number] ?? 0) + 1;
        candidates++;
        if (list[number]?.valid === false) invalid++;
      }
    },
    colour({ start, deltas, follows }) {
      for (const [at, row] of deltas.entries())
        colours[start + at] = { deltas: row, follows: follows[at] ?? [] };
    },
    now: () =>
      samplesOf({
        list: [...list],
        counts: [...counts],
        colours: [...colours],
        facts: new Map(facts),
        candidates,
        invalid,
        longest,
      }),
  };
}

/** The samples of a saved reading. */
export function samplesOfSaved(saved: readonly SavedSample[]): Samples {
  const facts = new Map<string, number>();
  for (const sample of saved) widen(facts, sample);
  const sum = (count: (sample: SavedSample) => number): number =>
    saved.reduce((total, sample) => total + count(sample), 0);
  return samplesOf({
    list: saved,
    counts: saved.map(({ count }) => count),
    colours: saved.map(({ tokenDelta, follows = [] }) =>
      tokenDelta === null ? undefined : { deltas: tokenDelta, follows },
    ),
    facts,
    candidates: sum(({ count }) => count),
    invalid: sum(({ count, valid }) => (valid ? 0 : count)),
    longest: Math.max(0, ...saved.map(({ tokens }) => tokens.length)),
  });
}

/** Before anything has come. */
export const noSamples: Samples = samplesOfSaved([]);

function samplesOf(known: Pick<Samples, Exclude<keyof Samples, 'sorted' | 'sortedAt'>>): Samples {
  const made: Record<string, Sorted> = {};
  return {
    ...known,
    sorted: (metric) => (made[metric] ??= sortBy(known, (sample) => sample[metric]?.distance)),
    sortedAt: (metric, query, place) =>
      (made[`${metric} ${place}`] ??= sortBy(known, (sample) => distanceAt(query, sample, metric, place))),
  };
}

/** The distance at a place of a sample; undefined where it has none. */
export function distanceAt(
  query: QueryFacts,
  sample: Pick<ReadSample, Metric | 'places'>,
  metric: Metric,
  place: string,
): number | undefined {
  const index = indexOfPlace(query, sample, place);
  return index === null ? undefined : sample[metric]?.distances[index];
}

function sortBy(
  { list, counts }: Pick<Samples, 'list' | 'counts'>,
  distanceOf: (sample: ReadSample) => number | undefined,
): Sorted {
  const known = list.map(distanceOf);
  const distance = (number: number): number => known[number] ?? Infinity;
  const order = [...known.keys()]
    .filter((number) => known[number] !== undefined)
    .sort((a, b) => distance(a) - distance(b) || a - b);
  const candidatesBefore = new Float64Array(order.length + 1);
  for (const [at, number] of order.entries()) {
    candidatesBefore[at + 1] = (candidatesBefore[at] ?? 0) + (counts[number] ?? 0);
  }
  return { order, distances: Float64Array.from(order, distance), candidatesBefore };
}

function widen(facts: Map<string, number>, { annotation }: ReadSample): void {
  for (const [name, value] of Object.entries(annotation)) {
    facts.set(name, Math.max(facts.get(name) ?? name.length, String(value).length));
  }
}

/** How many of the sorted samples lie inside ε. */
export function insideOf({ distances }: Sorted, epsilon: number): number {
  let low = 0;
  let high = distances.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((distances[middle] ?? Infinity) <= epsilon) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Candidates by distance in equal bins from 0 to `most`; `beyond` are farther. */
export function binned(
  { distances, candidatesBefore }: Sorted,
  most: number,
  bins: number,
): { bins: number[]; beyond: number } {
  const made = new Array<number>(bins).fill(0);
  let beyond = 0;
  for (const [at, distance] of distances.entries()) {
    const weight = (candidatesBefore[at + 1] ?? 0) - (candidatesBefore[at] ?? 0);
    const bin = Math.floor((distance / most) * bins);
    if (bin < bins) made[bin] = (made[bin] ?? 0) + weight;
    else beyond += weight;
  }
  return { bins: made, beyond };
}
