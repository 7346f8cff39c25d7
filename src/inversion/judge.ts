/**
 * The judge: the probed model itself runs every candidate, and its activations alone say how near it is.
 * @module
 */
import {
  type Executable,
  type Graph,
  GraphError,
  type Runtime,
  floatsOf,
  graph,
  input,
  reshape,
} from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';
import { endOf } from '../tasks/tokens.js';
import { type Metric, distances } from './metrics.js';

/** Rows of one compiled graph by default. */
export const judgeBatch = 256;

/** Rows of a graph that is to take some number of inputs once. */
export function rowsFor(model: HookedModel, count: number): number {
  if (!isLarge(model)) return judgeBatch;
  return Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(8, count))));
}

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
export const nearestOf = ({ euclidean, cosine }: Readonly<Record<Metric, Verdict>>): Nearest => ({
  distances: { euclidean: euclidean.distance, cosine: cosine.distance },
  positions: { euclidean: euclidean.position, cosine: cosine.position },
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
  dispose(): Promise<void>;
}

/** The graph that gives distances at a site: inputs `ids` and `query`, one output a metric. */
export function judgeGraph(model: HookedModel, site: string, batch: number, places: number): Graph {
  const width = model.architecture.width;
  const ids = input('ids', 'int32', [batch, places]);
  const query = input('query', 'float32', [batch, width]);
  const z = transformer(model.architecture, model.parameter, ids).cache.get(site);
  if (z === undefined) throw new GraphError(`judge: the model has no site ${site}`);
  return graph(distances(z, reshape(query, [batch, 1, width])));
}

/** Lengths of a large model's graphs: multiples of so many tokens. */
const lengthStep = 4;

/**
 * Makes a judge for one site; its graphs are compiled at the first candidates. Of one query, candidates that are alike are
 * run once. A large model runs short candidates in a shorter graph.
 */
export function createJudge(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  batch = judgeBatch,
): Judge {
  const width = model.architecture.width;
  const large = isLarge(model);
  const compiled = new Map<number, Promise<Executable>>();
  const graphOf = (places: number): Promise<Executable> => {
    const known = compiled.get(places) ?? runtime.compile(judgeGraph(model, site, batch, places));
    compiled.set(places, known);
    return known;
  };
  const placesFor = (length: number): number =>
    large ? Math.min(task.maxLength, Math.ceil(length / lengthStep) * lengthStep) : task.maxLength;

  /** Runs some candidates. @param rows their numbers, as many as a graph takes at most */
  async function run(
    places: number,
    rows: readonly number[],
    candidates: readonly (readonly number[])[],
    queryOf: (row: number) => Float32Array,
    put: (row: number, verdicts: Record<Metric, Verdict>) => void,
  ): Promise<void> {
    const executable = await graphOf(places);
    const inputs = rows.map((row) => candidates[row] ?? []);
    const query = new Float32Array(batch * width);
    rows.forEach((row, at) => query.set(queryOf(row), at * width));
    const outputs = await executable.run({
      ids: { dtype: 'int32', shape: [batch, places], data: padded(inputs, places, task.pad, batch) },
      query: { dtype: 'float32', shape: [batch, width], data: query },
    });
    const [euclidean, cosine] = [floatsOf(outputs, 'euclidean'), floatsOf(outputs, 'cosine')];
    rows.forEach((row, at) => {
      const own = (all: Float32Array): Verdict => leastOf(task, site, inputs[at] ?? [], all, at, places);
      put(row, { euclidean: own(euclidean), cosine: own(cosine) });
    });
  }

  return {
    async judge(candidates, queries) {
      const one = queries.length === width;
      if (!one && queries.length !== candidates.length * width) {
        throw new GraphError(`judge: ${queries.length / width} queries for ${candidates.length} candidates`);
      }
      const queryOf = (row: number): Float32Array =>
        one ? queries : queries.subarray(row * width, (row + 1) * width);
      // By what is run: the numbers of the candidates that it serves.
      const alike = new Map<string, number[]>();
      candidates.forEach((ids, row) => {
        const key = one ? ids.join() : String(row);
        const known = alike.get(key);
        if (known === undefined) alike.set(key, [row]);
        else known.push(row);
      });
      const euclidean = new Array<Verdict>(candidates.length);
      const cosine = new Array<Verdict>(candidates.length);
      // Those of one length together, so that no run is longer than it must be.
      const lengthOf = (row: number): number => candidates[row]?.length ?? 0;
      const distinct = [...alike.values()].map(([first = 0]) => first);
      if (large) distinct.sort((one, other) => lengthOf(one) - lengthOf(other));
      for (let start = 0; start < distinct.length; start += batch) {
        const rows = distinct.slice(start, start + batch);
        const places = placesFor(Math.max(...rows.map(lengthOf)));
        await run(places, rows, candidates, queryOf, (row, verdicts) => {
          const key = one ? (candidates[row] ?? []).join() : String(row);
          for (const same of alike.get(key) ?? []) {
            euclidean[same] = verdicts.euclidean;
            cosine[same] = verdicts.cosine;
          }
        });
      }
      return { euclidean, cosine };
    },
    async dispose() {
      for (const executable of compiled.values()) await (await executable).dispose();
    },
  };
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

/** How many positions of a candidate count: those before the first EOS or PAD. */
const judgedPlaces = (task: Task, candidate: readonly number[]): number =>
  Math.min(endOf(task, candidate), task.maxLength);

function verdict(row: Float32Array): Verdict {
  let position = 0;
  row.forEach((value, at) => {
    if (value < (row[position] ?? Infinity)) position = at;
  });
  return { distances: row, distance: row[position] ?? Infinity, position };
}
