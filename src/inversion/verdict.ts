/**
 * What judges are, and what they say of a candidate: its distances from a query, and where it is nearest.
 * @module
 */
import { expectFinite } from '../models/finite.js';
import { type Task } from '../tasks/task.js';
import { endOf } from '../tasks/tokens.js';
import { type Metric } from './metrics.js';

/** Distances of one candidate from the query. */
export interface Verdict {
  /** Distance at each of its positions, EOS and PAD left out. */
  readonly distances: Float32Array;
  /** The least of them. */
  readonly distance: number;
  /** Where that is: the matched position. */
  readonly position: number;
}

/** The least distance of a candidate over its positions, and the index of the token that has it. */
export interface Nearest {
  readonly distances: Readonly<Record<Metric, number>>;
  readonly positions: Readonly<Record<Metric, number>>;
}

/** What is left of verdicts where distances at other positions are not asked for. */
export const nearestOf = ({ euclidean, cosine }: Verdicts): Nearest => ({
  distances: { euclidean: euclidean.distance, cosine: cosine.distance },
  positions: { euclidean: euclidean.position, cosine: cosine.position },
});

/** A verdict by each metric. */
export type Verdicts = Readonly<Record<Metric, Verdict>>;

/** The same made by each metric. */
export const verdictsBy = <T>(make: (metric: Metric) => T): Record<Metric, T> => ({
  euclidean: make('euclidean'),
  cosine: make('cosine'),
});

/** Judges candidates at one site. */
export interface Judge {
  /**
   * @param candidates token ids from BOS on; EOS and PAD may follow
   * @param queries one activation for all, or one for each candidate, row after row
   * @returns for each metric a verdict a candidate, in the order of the candidates
   */
  judge(
    candidates: readonly (readonly number[])[],
    queries: Float32Array,
  ): Promise<Record<Metric, Verdict[]>>;
  /**
   * Compares each candidate, which is run once, with several queries: what a map of a site at every position needs.
   * @returns by query, what is nearest in each candidate
   */
  nearest(
    candidates: readonly (readonly number[])[],
    queries: readonly Float32Array[],
    signal?: AbortSignal,
  ): Promise<Nearest[][]>;
  dispose(): Promise<void>;
}

/**
 * The verdict on a candidate.
 * @param all distances of a batch `[candidate, place]`, of which it is one row
 * @param places of a row; as many as the task's longest input has unless given
 * @throws InputError when one is not finite: the activation that it is of is not, or is too large to be squared
 */
export const leastOf = (
  task: Task,
  site: string,
  candidate: readonly number[],
  all: Float32Array,
  row: number,
  places = task.maxLength,
): Verdict => {
  const start = row * places;
  const own = all.slice(start, start + judgedPlaces(task, candidate));
  expectFinite(own, `${site} compared with the query's`);
  return verdict(own);
};

/** What of a task a verdict rests on. */
export type JudgedTask = Pick<Task, 'maxLength' | 'eos' | 'pad'>;

/** How many positions of a candidate count: those before the first EOS or PAD. */
export const judgedPlaces = (task: JudgedTask, candidate: readonly number[]): number =>
  Math.min(endOf(task, candidate), task.maxLength);

/** The verdict that distances at each position give. */
export function verdict(row: Float32Array): Verdict {
  let position = 0;
  row.forEach((value, at) => {
    if (value < (row[position] ?? Infinity)) position = at;
  });
  return { distances: row, distance: row[position] ?? Infinity, position };
}
