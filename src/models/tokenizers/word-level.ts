/**
 * Vocabularies of whole words, for small models that are trained on the texts of one task. Texts are cut as GPT-2 cuts
 * them, a word with the space before it; each piece is one token, so that texts come back exactly. The files are those of
 * Hugging Face's `tokenizers`: its WordLevel model behind the byte-level pre-tokenizer.
 * @module
 */
import { byteCharacters } from './byte-level.js';
import { gpt2Split } from './split-patterns.js';

/** What stands before a text and ends it. */
const endOfText = '<|endoftext|>';
/** What every piece that is not in the vocabulary becomes. */
const unknown = '<|unknown|>';

/**
 * The pieces of a text, each of which is a token.
 * @example wordsOf('Mary and John.') // ['Mary', ' and', ' John', '.']
 */
export const wordsOf = (text: string): string[] => text.match(new RegExp(gpt2Split, 'gu')) ?? [];

/** Pieces as a byte-level vocabulary writes them: `Ġand` for ` and`. */
const written = (word: string): string =>
  [...new TextEncoder().encode(word)].map((byte) => byteCharacters[byte] ?? '').join('');

/** A special token as `added_tokens` lists it. */
const added = (content: string, id: number): object => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/**
 * The content of `tokenizer.json` and `tokenizer_config.json`.
 * @param words pieces of texts, see {@link wordsOf}; ids go by their order, after the two special tokens
 */
export function wordLevelTokenizer(words: readonly string[]): {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
} {
  const vocabulary = [endOfText, unknown, ...words.map(written)];
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const before = { SpecialToken: { id: endOfText, type_id: 0 } };
  const text = { Sequence: { id: 'A', type_id: 0 } };
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [added(endOfText, 0), added(unknown, 1)],
      normalizer: null,
      pre_tokenizer: bytes,
      post_processor: {
        type: 'TemplateProcessing',
        single: [before, text],
        pair: [before, text, { Sequence: { id: 'B', type_id: 1 } }],
        special_tokens: { [endOfText]: { id: endOfText, ids: [0], tokens: [endOfText] } },
      },
      decoder: bytes,
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
        unk_token: unknown,
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: endOfText,
      eos_token: endOfText,
      unk_token: unknown,
      pad_token: endOfText,
      clean_up_tokenization_spaces: false,
    },
  };
}
