/**
 * The judge of many queries at once: each candidate is run once, and its distances from all of them are taken. What a
 * map of a site at every position needs.
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
} from '../engine/index.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';
import { judgeBatch } from './judge.js';
import { type Nearest, leastOf, nearestOf } from './verdict.js';
import { distances, metrics } from './metrics.js';

/** The graph: inputs `ids` and `query0` …, outputs `euclidean0`, `cosine0` … `[batch, place]`. */
function manyGraph(model: HookedModel, site: string, batch: number, places: number, queries: number): Graph {
  const ids = input('ids', 'int32', [batch, places]);
  const z = transformer(model.architecture, model.parameter, ids).cache.get(site);
  if (z === undefined) throw new GraphError(`judge: the model has no site ${site}`);
  return graph(
    Object.fromEntries(
      Array.from({ length: queries }, (_, at) => {
        const far = distances(z, input(`query${at}`, 'float32', [1, 1, model.architecture.width]));
        return metrics.map((metric) => [`${metric}${at}`, far[metric]] as const);
      }).flat(),
    ),
  );
}

/**
 * Judges candidates by several queries at one site.
 * @param candidates token ids from BOS on
 * @param queries activations, each of the model's width
 * @returns by query, what is nearest in each candidate
 */
export async function judgeMany(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  candidates: readonly (readonly number[])[],
  queries: readonly Float32Array[],
  signal?: AbortSignal,
): Promise<Nearest[][]> {
  const [batch, places] = [judgeBatch, task.maxLength];
  const executable: Executable = await runtime.compile(manyGraph(model, site, batch, places, queries.length));
  const out: Nearest[][] = queries.map(() => []);
  try {
    for (let start = 0; start < candidates.length; start += batch) {
      signal?.throwIfAborted();
      const part = candidates.slice(start, start + batch);
      const ids = padded(part, places, task.pad, batch);
      const outputs = await executable.run({
        ids: { dtype: 'int32', shape: [batch, places], data: ids },
        ...Object.fromEntries(
          queries.map((data, at) => [
            `query${at}`,
            { dtype: 'float32' as const, shape: [1, 1, data.length], data },
          ]),
        ),
      });
      out.forEach((nearest, at) => {
        const euclidean = floatsOf(outputs, `euclidean${at}`);
        const cosine = floatsOf(outputs, `cosine${at}`);
        part.forEach((candidate, row) => {
          nearest.push(
            nearestOf({
              euclidean: leastOf(task, site, candidate, euclidean, row),
              cosine: leastOf(task, site, candidate, cosine, row),
            }),
          );
        });
      });
    }
    return out;
  } finally {
    await executable.dispose();
  }
}
