/**
 * The interface between text and token ids that every tokenizer here has.
 * @module
 */

/** Text to ids and back. */
export interface Tokenizer {
  /** Token strings as the tokenizer stores them; the index is the id. */
  readonly vocabulary: readonly string[];
  /** Ids of a text, without any special tokens added. */
  encode(text: string): number[];
  /** The text of ids; the empty text for none. */
  decode(ids: readonly number[]): string;
  /** One readable string for each id. */
  tokens(ids: readonly number[]): string[];
}
