/**
 * Queries of measurements: held-out inputs, read at named places or at any that the task asks about.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { activationAt, createCollector } from '../inversion/collect.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor } from '../random.js';
import { resolvePosition } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';

/** An input and where it is read. */
export interface PlacedInput {
  /** Ids from BOS to EOS. */
  readonly ids: readonly number[];
  readonly position: number;
}

/** Draws for one query before its place counts as one that hardly any input has. */
const mostDraws = 1000;

/**
 * Draws queries. Each rests on the seed and its own number alone; places that all inputs have are asked of the same inputs.
 * @param place a place name or an index; null for a random one of those that the task asks about
 * @param first number of the first query
 * @throws InputError when hardly any input has the place
 */
export function drawQueries(
  task: Task,
  count: number,
  place: string | null,
  seed: number,
  first = 0,
): PlacedInput[] {
  return Array.from({ length: count }, (_, at) => {
    const random = randomFor(seed, 'queries', first + at);
    for (let draws = 1; ; draws++) {
      const ids = task.sample(random, 'test');
      if (place === null) {
        const among = task.positions(ids);
        return { ids, position: among[random.int(among.length)] ?? 0 };
      }
      try {
        return { ids, position: resolvePosition(task, ids, place) };
      } catch (error) {
        // A place that some inputs have not, such as a fourth answer digit.
        if (!(error instanceof InputError) || draws >= mostDraws) throw error;
      }
    }
  });
}

/** Activations of queries at one site. */
export async function activationsOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  site: string,
  queries: readonly PlacedInput[],
): Promise<Float32Array[]> {
  const batch = Math.min(64, Math.max(1, queries.length));
  const collector = createCollector(runtime, model, [site], task.maxLength, task.pad, batch);
  try {
    const collected = await collector.collect(queries.map(({ ids }) => ids));
    return queries.map(({ position }, row) => activationAt(collected, site, row, position).slice());
  } finally {
    await collector.dispose();
  }
}
