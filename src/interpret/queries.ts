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

/**
 * Draws queries.
 * @param place a place name or an index; null for a random one of those that the task asks about
 * @throws InputError when hardly any input has the place
 */
export function drawQueries(task: Task, count: number, place: string | null, seed: number): PlacedInput[] {
  const random = randomFor(seed, 'queries');
  const queries: PlacedInput[] = [];
  let missed = 0;
  while (queries.length < count) {
    const ids = task.sample(random, 'test');
    if (place === null) {
      const among = task.positions(ids);
      queries.push({ ids, position: among[random.int(among.length)] ?? 0 });
      continue;
    }
    try {
      queries.push({ ids, position: resolvePosition(task, ids, place) });
    } catch (error) {
      // A place that some inputs have not, such as a fourth answer digit.
      if (!(error instanceof InputError) || ++missed > 200 + 20 * queries.length) throw error;
    }
  }
  return queries;
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
