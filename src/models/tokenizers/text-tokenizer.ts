/**
 * Tokenizers of language models: any text, with tokens of many lengths.
 * @module
 */
import { type Tokenizer } from './tokenizer.js';

/** The token that a tokenizer's files name for the beginning of a text. */
export interface NamedBos {
  readonly id: number;
  /** Whether the files ask for it before every text, or only name it. */
  readonly added: boolean;
}

/** A tokenizer that came with a checkpoint. */
export interface TextTokenizer extends Tokenizer {
  /** Null where the files name none; a person's choice comes in by `chooseBos`. */
  readonly bos: NamedBos | null;
  /** Special tokens, such as `<|endoftext|>`, as the vocabulary writes them. */
  readonly specials: readonly string[];
  /** Id that stands for what no token covers; null where every text has tokens of its own. */
  readonly unknown: number | null;
  /**
   * Ids of a text. Special tokens that stand in it are read as such.
   * @param options `bos`: an id to put before them; none is added otherwise
   */
  encode(text: string, options?: { readonly bos?: number | null }): number[];
  /**
   * Tokens for the eye, one a id: `␣` for a space, `⏎` for a line's end, `<0xE2>` for a byte that is part of a
   * character.
   */
  pieces(ids: readonly number[]): string[];
}
