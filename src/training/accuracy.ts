/**
 * Accuracy of a probed model: the share of held-out inputs whose answer tokens are all the most likely ones.
 * Each answer token is judged after the right ones before it, which is when a greedy answer is right as a whole.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { type Runtime, type Value, floatsOf, graph, input } from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { type Architecture } from '../models/architecture.js';
import { transformer } from '../models/transformer.js';
import { inBatches } from '../models/batches.js';
import { type Task } from '../tasks/task.js';

/** Rows of the compiled graph. */
const batch = 256;

/**
 * Measures accuracy over the first `count` held-out inputs of the task.
 * @param parameter the model's parameters as values of a graph, see {@link transformer}
 * @returns a share, 0 … 1
 * @throws InputError when logits are not finite
 */
export async function modelAccuracy(
  runtime: Runtime,
  architecture: Architecture,
  parameter: (name: string) => Value | null,
  task: Task,
  count: number,
): Promise<number> {
  const inputs = heldOutWhere(task, count);
  return (await answeredRight(runtime, architecture, parameter, task, inputs)) / inputs.length;
}

/**
 * The first held-out inputs of a task, or the first of those that meet a condition; fewer where there are no more.
 * @param count 1 at least
 */
export function heldOutWhere(
  task: Task,
  count: number,
  holds: (ids: readonly number[]) => boolean = () => true,
): number[][] {
  const { splitSize, member } = capability(task, 'data', 'Accuracy');
  const found: number[][] = [];
  for (let k = 0; k < splitSize.test && found.length < count; k++) {
    const ids = member('test', k);
    if (holds(ids)) found.push(ids);
  }
  return found;
}

/**
 * Counts the inputs whose whole answer is right.
 * @param parameter the model's parameters as values of a graph, see {@link transformer}
 * @param inputs ids from BOS to EOS
 */
export async function answeredRight(
  runtime: Runtime,
  architecture: Architecture,
  parameter: (name: string) => Value | null,
  task: Task,
  inputs: readonly (readonly number[])[],
  onProgress?: (done: number, all: number) => void,
): Promise<number> {
  const places = task.maxLength - 1;
  const { vocabulary } = architecture;
  const { determined } = capability(task, 'answer', 'Accuracy');
  const { logits } = transformer(architecture, parameter, input('ids', 'int32', [batch, places]));
  const executable = await runtime.compile(graph({ logits }));
  const size = { batch, places, pad: task.pad };
  let right = 0;
  try {
    for await (const { start, texts: part, outputs } of inBatches(executable, inputs, size)) {
      const scores = floatsOf(outputs, 'logits');
      part.forEach((ids, row) => {
        expectFinite(
          scores.subarray(row * places * vocabulary, (row * places + ids.length - 1) * vocabulary),
          'logits',
        );
        const answered = determined(ids).every((at) => {
          const from = (row * places + at - 1) * vocabulary;
          return largest(scores.subarray(from, from + vocabulary)) === ids[at];
        });
        if (answered) right += 1;
      });
      onProgress?.(start + part.length, inputs.length);
    }
  } finally {
    await executable.dispose();
  }
  return right;
}

function largest(scores: Float32Array): number {
  let best = 0;
  scores.forEach((score, at) => {
    if (score > (scores[best] ?? -Infinity)) best = at;
  });
  return best;
}
