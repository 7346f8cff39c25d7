/**
 * Where the characters of a text stand among its tokens.
 * @module
 */
import { type Tokenizer } from '../../models/tokenizers/tokenizer.js';

/** By tokenizer, UTF-16 lengths of tokens that are whole characters; null for those that are parts of one. */
const lengths = new WeakMap<Tokenizer, Map<number, number | null>>();

function lengthOf(tokenizer: Tokenizer, id: number): number | null {
  const known = lengths.get(tokenizer) ?? new Map<number, number | null>();
  lengths.set(tokenizer, known);
  const before = known.get(id);
  if (before !== undefined) return before;
  const text = tokenizer.decode([id]);
  const length = text.includes('\ufffd') ? null : text.length;
  known.set(id, length);
  return length;
}

/**
 * For each token, the UTF-16 index at which it ends in the text of all. Bytes that are part of a character count as one
 * until it is whole.
 */
export function tokenEnds(tokenizer: Tokenizer, ids: readonly number[]): number[] {
  const whole = ids.map((id) => lengthOf(tokenizer, id));
  let end = 0;
  const added = whole.map((length) => (end += length ?? 0));
  // Some tokenizers drop a space at the beginning of a text: then the sum is not what the whole text has.
  if (!whole.includes(null) && end === tokenizer.decode(ids).length) return added;
  return ids.map((_, at) => tokenizer.decode(ids.slice(0, at + 1)).length);
}

/** Number of the first token that reaches beyond an index; the number of tokens where none does. */
export function tokenAt(ends: readonly number[], index: number): number {
  const found = ends.findIndex((end) => end > index);
  return found < 0 ? ends.length : found;
}
