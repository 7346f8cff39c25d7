/**
 * Shuffled orders that need no memory: a keyed bijection on 0 … size − 1, computed either way in a few operations.
 * The tasks draw their held-out splits with it (the first ranks of the order are held out, so the share is exact) and
 * pick distinct members of a set (the first k of the order).
 * @module
 */
import { hash32 } from '../random.js';

/** Six rounds of a Feistel network whose round functions are hashes: enough that no structure of the index remains. */
const ROUNDS = 6;

/** The index at a rank of the shuffled order that belongs to `key`, for 0 ≤ rank < size. */
export function permute(rank: number, size: number, key: number): number {
  // Halves are numbers below `side`, added modulo `side`, so that the domain is hardly larger than `size`. What falls
  // outside is walked on until it lies inside (the cycle returns, since the network is a bijection).
  const side = Math.ceil(Math.sqrt(size));
  let value = rank;
  do {
    let left = Math.floor(value / side);
    let right = value % side;
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = (left + hash32(key + round, right)) % side;
      left = right;
      right = mixed;
    }
    value = left * side + right;
  } while (value >= size);
  return value;
}

/** The rank of an index: the inverse of `permute`. */
export function rankOf(index: number, size: number, key: number): number {
  const side = Math.ceil(Math.sqrt(size));
  let value = index;
  do {
    let left = Math.floor(value / side);
    let right = value % side;
    for (let round = ROUNDS - 1; round >= 0; round--) {
      const unmixed = (right - (hash32(key + round, left) % side) + side) % side;
      right = left;
      left = unmixed;
    }
    value = left * side + right;
  } while (value >= size);
  return value;
}
