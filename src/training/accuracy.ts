/**
 * Accuracy of a probed model: the share of held-out inputs whose answer tokens are all the most likely ones.
 * Each answer token is judged after the right ones before it, which is when a greedy answer is right as a whole.
 * @module
 */
import { type Runtime, type Value, floatsOf, graph, input } from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { type Gpt2Config } from '../models/gpt2-config.js';
import { gpt2 } from '../models/gpt2.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';

/** Rows of the compiled graph. */
const batch = 256;

/**
 * Measures accuracy over the first `count` held-out inputs of the task.
 * @param parameter the model's parameters as values of a graph, see {@link gpt2}
 * @returns a share, 0 … 1
 * @throws InputError when logits are not finite
 */
export async function modelAccuracy(
  runtime: Runtime,
  config: Gpt2Config,
  parameter: (name: string) => Value | null,
  task: Task,
  count: number,
): Promise<number> {
  const places = task.maxLength - 1;
  const vocabulary = config.vocab_size;
  const { logits } = gpt2(config, parameter, input('ids', 'int32', [batch, places]));
  const executable = await runtime.compile(graph({ logits }));
  const held = Math.min(count, task.data.splitSize.test);
  let right = 0;
  try {
    for (let start = 0; start < held; start += batch) {
      const size = Math.min(batch, held - start);
      const inputs = Array.from({ length: size }, (_, row) => task.data.member('test', start + row));
      const data = padded(inputs, places, task.pad, batch);
      const outputs = await executable.run({ ids: { dtype: 'int32', shape: [batch, places], data } });
      const scores = floatsOf(outputs, 'logits');
      inputs.forEach((ids, row) => {
        expectFinite(
          scores.subarray(row * places * vocabulary, (row * places + ids.length - 1) * vocabulary),
          'logits',
        );
        const answered = task.determined(ids).every((at) => {
          const from = (row * places + at - 1) * vocabulary;
          return largest(scores.subarray(from, from + vocabulary)) === ids[at];
        });
        if (answered) right += 1;
      });
    }
  } finally {
    await executable.dispose();
  }
  return right / held;
}

function largest(scores: Float32Array): number {
  let best = 0;
  scores.forEach((score, at) => {
    if (score > (scores[best] ?? -Infinity)) best = at;
  });
  return best;
}
