/**
 * The data of a task whose inputs are numbered: a quarter of them held out by a seeded shuffle that is computed, not
 * stored. Ranks 0 … size/4 − 1 of the shuffled order are the test split, the rest is the training split.
 * @module
 */
import { permute, rankOf } from './permutation.js';
import type { Split, TaskData } from './task.js';

/** Data with the split of each index. */
export interface SplitData extends Omit<TaskData, 'inSplit'> {
  splitOf(index: number): Split;
}

/**
 * Numbers a task's inputs and splits them 75/25.
 * @param size how many inputs there are; a multiple of four, so that the shares are exact
 * @param key fixes the shuffle; it is part of what a trained model means by "held out" and must never change
 */
export function splitData(size: number, key: number, instance: (index: number) => number[]): SplitData {
  const held = size / 4;
  const splitSize = { train: size - held, test: held };
  return {
    size,
    instance,
    splitSize,
    member: (split, k) => instance(permute(split === 'test' ? k : held + k, size, key)),
    splitOf: (index) => (rankOf(index, size, key) < held ? 'test' : 'train'),
  };
}
