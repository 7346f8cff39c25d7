/**
 * Where the characters of a text stand among its tokens.
 * @module
 */
import { type Tokenizer } from '../../models/tokenizers/tokenizer.js';

/**
 * For each token, the UTF-16 index at which it ends in the text of all. Bytes that are part of a character count as one
 * until it is whole.
 */
export const tokenEnds = (tokenizer: Tokenizer, ids: readonly number[]): number[] =>
  ids.map((_, at) => tokenizer.decode(ids.slice(0, at + 1)).length);

/** Number of the first token that reaches beyond an index; the number of tokens where none does. */
export function tokenAt(ends: readonly number[], index: number): number {
  const found = ends.findIndex((end) => end > index);
  return found < 0 ? ends.length : found;
}
