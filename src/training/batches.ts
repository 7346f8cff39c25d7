/**
 * Batches as pure functions of a seed and a number: a training that is taken up again at step n sees what
 * an unbroken one would have seen, without any state to keep.
 * @module
 */
import { type Random, randomFor, shuffle } from '../random.js';
import { type Task } from '../tasks/task.js';

/** Batches drawn and ordered together. */
const batchesPerChunk = 16;

/** Equally padded inputs. */
export interface Batch {
  /** Sequences BOS … EOS as drawn. */
  readonly sequences: readonly (readonly number[])[];
  /** Places that the longest of them needs, rounded up to the step of the trimming. */
  readonly places: number;
}

/** Where batches come from. */
export interface BatchSource {
  readonly task: Task;
  readonly seed: number;
  readonly size: number;
  /** Sequences are grouped by length and padded to a multiple of this; 0 pads all to the task's maximum. */
  readonly trim: number;
}

/** Gives batch after batch; only the latest chunk is kept. */
export function batchReader(source: BatchSource): (step: number) => Batch {
  let held = -1;
  let chunk: Batch[] = [];
  return (step) => {
    const wanted = Math.floor(step / batchesPerChunk);
    if (wanted !== held) {
      chunk = drawChunk(source, randomFor(source.seed, 'batches', wanted));
      held = wanted;
    }
    const batch = chunk[step % batchesPerChunk];
    if (batch === undefined) throw new Error(`no batch for step ${step}`);
    return batch;
  };
}

function drawChunk({ task, size, trim }: BatchSource, random: Random): Batch[] {
  const drawn = Array.from({ length: size * batchesPerChunk }, () => task.sample(random, 'train'));
  // Lengths of a batch are alike, so that little of it is padding; batches come in random order.
  if (trim > 0) drawn.sort((a, b) => a.length - b.length);
  const batches = Array.from({ length: batchesPerChunk }, (_, index) => {
    const sequences = drawn.slice(index * size, (index + 1) * size);
    const longest = sequences.reduce((most, ids) => Math.max(most, ids.length), 0);
    const places = trim > 0 ? Math.min(task.maxLength, Math.ceil(longest / trim) * trim) : task.maxLength;
    return { sequences, places };
  });
  shuffle(batches, random);
  return batches;
}
