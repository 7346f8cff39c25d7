/**
 * The judge: the probed model itself runs every candidate, and its activations alone say how near it is.
 * @module
 */
import {
  type Graph,
  GraphError,
  type Runtime,
  compiled,
  floatsOf,
  graph,
  input,
  reshape,
} from '../engine/index.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';
import { distances, metrics } from './metrics.js';
import { createPackedJudge } from './packed-judge.js';
import { type Judge, type Verdicts, leastOf, nearestOf, verdictsBy } from './verdict.js';

export { type Judge, type Nearest, type Verdict, leastOf, nearestOf } from './verdict.js';

/** Rows of one compiled graph by default. */
export const judgeBatch = 256;

/**
 * The graph that gives distances at a site: inputs `ids` and `query0` … `[batch, width]`, outputs `euclidean0`, `cosine0` …
 * `[batch, place]`.
 * @param queries how many each row is compared with
 */
function judgeGraph(model: HookedModel, site: string, batch: number, places: number, queries: number): Graph {
  const width = model.architecture.width;
  const ids = input('ids', 'int32', [batch, places]);
  const z = transformer(model.architecture, model.parameter, ids).cache.get(site);
  if (z === undefined) throw new GraphError(`judge: the model has no site ${site}`);
  return graph(
    Object.fromEntries(
      Array.from({ length: queries }, (_, at) => {
        const query = input(`query${at}`, 'float32', [batch, width]);
        const far = distances(z, reshape(query, [batch, 1, width]));
        return metrics.map((metric) => [`${metric}${at}`, far[metric]] as const);
      }).flat(),
    ),
  );
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
  const graphs = compiled(runtime, (queries: number) => judgeGraph(model, site, batch, places, queries));

  /**
   * Runs candidates, batch after batch.
   * @param queriesOf the queries that a candidate, by number, is compared with: `count` of them
   */
  async function run(
    candidates: readonly (readonly number[])[],
    count: number,
    queriesOf: (row: number) => readonly Float32Array[],
    put: (row: number, verdicts: readonly Verdicts[]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const executable = await graphs.of(count);
    const numbers = Array.from({ length: count }, (_, at) => at);
    for (let start = 0; start < candidates.length; start += batch) {
      signal?.throwIfAborted();
      const inputs = candidates.slice(start, start + batch);
      const queries = numbers.map(() => new Float32Array(batch * width));
      inputs.forEach((_, row) =>
        queriesOf(start + row).forEach((query, at) => queries[at]?.set(query, row * width)),
      );
      const outputs = await executable.run({
        ids: { dtype: 'int32', shape: [batch, places], data: padded(inputs, places, task.pad, batch) },
        ...Object.fromEntries(
          queries.map((data, at) => [
            `query${at}`,
            { dtype: 'float32' as const, shape: [batch, width], data },
          ]),
        ),
      });
      const far = numbers.map((at) => verdictsBy((metric) => floatsOf(outputs, `${metric}${at}`)));
      inputs.forEach((ids, row) =>
        put(
          start + row,
          far.map((all) => verdictsBy((metric) => leastOf(task, site, ids, all[metric], row))),
        ),
      );
    }
  }

  return {
    async judge(candidates, queries) {
      const one = queries.length === width;
      if (!one && queries.length !== candidates.length * width) {
        throw new GraphError(`judge: ${queries.length / width} queries for ${candidates.length} candidates`);
      }
      // By what is run: the numbers of the candidates that it serves.
      const alike = new Map<string, number[]>();
      candidates.forEach((ids, row) => {
        const key = one ? ids.join() : String(row);
        if (alike.get(key)?.push(row) === undefined) alike.set(key, [row]);
      });
      const groups = [...alike.values()];
      const first = (at: number): number => groups[at]?.[0] ?? 0;
      const euclidean = new Array<Verdicts['euclidean']>(candidates.length);
      const cosine = new Array<Verdicts['cosine']>(candidates.length);
      await run(
        groups.map((_, at) => candidates[first(at)] ?? []),
        1,
        (at) => [one ? queries : queries.subarray(first(at) * width, (first(at) + 1) * width)],
        (at, [verdicts]) => {
          if (verdicts === undefined) throw new GraphError('judge: a candidate was not judged');
          for (const row of groups[at] ?? [])
            [euclidean[row], cosine[row]] = [verdicts.euclidean, verdicts.cosine];
        },
      );
      return { euclidean, cosine };
    },
    async nearest(candidates, queries, signal) {
      const out = queries.map(() => new Array<ReturnType<typeof nearestOf>>());
      await run(
        candidates,
        queries.length,
        () => queries,
        (_, verdicts) => verdicts.forEach((own, at) => out[at]?.push(nearestOf(own))),
        signal,
      );
      return out;
    },
    dispose: () => graphs.dispose(),
  };
}
