/**
 * Runs of one graph over any number of texts: they are cut into batches, and the last is filled up with padding.
 * @module
 */
import { type Executable, type Tensors } from '../engine/index.js';
import { padded } from './padding.js';

/** The size of a graph's input `ids`. */
export interface BatchSize {
  readonly batch: number;
  readonly places: number;
  readonly pad: number;
}

/** A batch that has been run. */
export interface Batch<Text> {
  /** Number of its first text. */
  readonly start: number;
  /** Its texts; rows of the outputs behind them are padding. */
  readonly texts: readonly Text[];
  readonly outputs: Tensors;
}

/**
 * Runs texts, batch after batch.
 * @param executable takes `ids` `[batch, places]`, int32
 * @param texts token ids; what is behind `places` is left out
 * @param others what the graph takes besides, for a batch
 */
export async function* inBatches<Text extends readonly number[]>(
  executable: Executable,
  texts: readonly Text[],
  { batch, places, pad }: BatchSize,
  others: (start: number, texts: readonly Text[]) => Tensors = () => ({}),
): AsyncGenerator<Batch<Text>, void> {
  for (let start = 0; start < texts.length; start += batch) {
    const some = texts.slice(start, start + batch);
    const ids = { dtype: 'int32' as const, shape: [batch, places], data: padded(some, places, pad, batch) };
    yield { start, texts: some, outputs: await executable.run({ ids, ...others(start, some) }) };
  }
}
