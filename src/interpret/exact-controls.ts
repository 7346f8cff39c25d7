/**
 * Controls of an exact preimage: how many inputs are within ε of an activation that holds nothing of the query.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type ExactPreimages } from '../inversion/enumerate/exact.js';
import { type Metric } from '../inversion/metrics.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { randomOfNorm } from './control-activations.js';
import { activationsOf } from './queries.js';
import { type ExactControl } from './records.js';

/** Random vectors that are tried. */
const vectors = 8;

/** Activations that hold nothing of a query: that of BOS, and random ones of its norm. */
export interface ControlVectors {
  readonly bos: Float32Array;
  readonly random: readonly Float32Array[];
}

/** Makes them. @param seed decides the random ones */
export async function controlVectors(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  { ids, z }: { readonly ids: readonly number[]; readonly z: Float32Array },
  seed: number,
): Promise<ControlVectors> {
  const [bos = new Float32Array(z.length)] = await activationsOf(runtime, model, task, site, [
    { ids, position: 0 },
  ]);
  return {
    bos,
    random: Array.from({ length: vectors }, (_, at) => randomOfNorm(z, randomFor(seed, 'control', at))),
  };
}

/** How controls are compared with the inputs. */
export interface ExactControlView {
  readonly epsilon: number;
  readonly metric: Metric;
  readonly onlyAt: string | null;
  readonly seed: number;
  /** Activations whose inputs were counted, and how many there are. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Stops between activations. */
  readonly signal?: AbortSignal;
}

/** Counts the inputs within ε of BOS and of random vectors. */
export async function exactControls(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  exact: ExactPreimages,
  query: { readonly ids: readonly number[]; readonly z: Float32Array },
  { epsilon, metric, onlyAt, seed, onProgress, signal }: ExactControlView,
): Promise<ExactControl[]> {
  const { bos, random } = await controlVectors(runtime, model, task, exact.site, query, seed);
  let done = 0;
  const counted = async (activation: ExactControl['activation'], all: readonly Float32Array[]) => {
    const sizes: number[] = [];
    const nearest: number[] = [];
    for (const one of all) {
      signal?.throwIfAborted();
      const { size, distances } = await exact.find(one, { epsilon, metric, onlyAt });
      sizes.push(size);
      nearest.push(distances.reduce((least, distance) => Math.min(least, distance), Infinity));
      onProgress?.(++done, 1 + random.length);
    }
    return { activation, sizes, nearest };
  };
  return [await counted('bos', [bos]), await counted('random', random)];
}
