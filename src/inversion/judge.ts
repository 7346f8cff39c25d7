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
import { transformer } from '../models/transformer.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';
import { type Metric, distances } from './metrics.js';
import { createPackedJudge } from './packed-judge.js';
import { type Verdict, leastOf } from './verdict.js';

export { type Nearest, type Verdict, leastOf, nearestOf } from './verdict.js';

/** Rows of one compiled graph by default. */
export const judgeBatch = 256;

/** Rows of a graph that is to take some number of inputs. */
export function rowsFor(model: HookedModel, count: number): number {
  if (!isLarge(model)) return judgeBatch;
  return Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(8, count))));
}

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

/**
 * Makes a judge for one site; its graphs are compiled at the first candidates. Of one query, candidates that are alike are
 * run once. A large model runs what candidates begin with once too, see `packed-judge.ts`.
 * @param batch candidates of one run; a large model's runs take as many as their tokens allow
 */
export function createJudge(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  batch = judgeBatch,
): Judge {
  if (isLarge(model)) return createPackedJudge(runtime, model, task, site);
  const width = model.architecture.width;
  const places = task.maxLength;
  let compiled: Promise<Executable> | null = null;

  /** Runs some candidates. @param rows their numbers, as many as a graph takes at most */
  async function run(
    rows: readonly number[],
    candidates: readonly (readonly number[])[],
    queryOf: (row: number) => Float32Array,
    put: (row: number, verdicts: Record<Metric, Verdict>) => void,
  ): Promise<void> {
    compiled ??= runtime.compile(judgeGraph(model, site, batch, places));
    const executable = await compiled;
    const inputs = rows.map((row) => candidates[row] ?? []);
    const query = new Float32Array(batch * width);
    rows.forEach((row, at) => query.set(queryOf(row), at * width));
    const outputs = await executable.run({
      ids: { dtype: 'int32', shape: [batch, places], data: padded(inputs, places, task.pad, batch) },
      query: { dtype: 'float32', shape: [batch, width], data: query },
    });
    const [euclidean, cosine] = [floatsOf(outputs, 'euclidean'), floatsOf(outputs, 'cosine')];
    rows.forEach((row, at) => {
      const own = (all: Float32Array): Verdict => leastOf(task, site, inputs[at] ?? [], all, at);
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
      const distinct = [...alike.values()].map(([first = 0]) => first);
      for (let start = 0; start < distinct.length; start += batch) {
        const rows = distinct.slice(start, start + batch);
        await run(rows, candidates, queryOf, (row, verdicts) => {
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
      await (await compiled)?.dispose();
    },
  };
}
