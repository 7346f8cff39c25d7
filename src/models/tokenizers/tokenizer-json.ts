/**
 * Tokenizers that come with a checkpoint as `tokenizer.json` (Hugging Face's format), run by @huggingface/tokenizers.
 * @module
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { InputError } from '../../input-error.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * The part of the library's class that is used here, written down because its own declarations import one another
 * without file endings and so do not resolve in an ES module project.
 */
interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  get_vocab(withAddedTokens: boolean): Map<string, number>;
}
const LibraryTokenizer = HuggingFaceTokenizer as unknown as new (
  json: object,
  config: object,
) => LibraryTokenizer;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Builds the tokenizer that a parsed `tokenizer.json` describes.
 * Text comes back exactly as it went in: nothing is added by `encode`, and `decode` keeps special tokens and spaces.
 * @param json the parsed content of `tokenizer.json`
 * @param config the parsed content of `tokenizer_config.json`, when there is one
 * @throws InputError when it is not a tokenizer, or of a kind that is not supported
 */
export function tokenizerFromJson(json: unknown, config: unknown = {}): Tokenizer {
  if (!isRecord(json) || !isRecord(json['model']) || json['model']['vocab'] === undefined) {
    throw new InputError(
      'This is not a tokenizer.json: an object with a "model" that has a "vocab" is expected.',
    );
  }
  if (!isRecord(config)) throw new InputError('This is not a tokenizer_config.json: an object is expected.');
  const inner = build(json, config);

  const vocabulary: string[] = [];
  for (const [token, id] of inner.get_vocab(true)) vocabulary[id] = token;
  // Ids that no token has (vocabularies may have gaps) read as empty tokens, so that every index holds a string.
  for (let id = 0; id < vocabulary.length; id++) vocabulary[id] ??= '';

  const known = (id: number): number => {
    if (vocabulary[id] !== undefined) return id;
    throw new InputError(`Token id ${id} is not accepted: ids are 0 to ${vocabulary.length - 1}.`);
  };
  const decode = (ids: readonly number[]): string =>
    // The library throws for no ids, and its tidying of spaces before punctuation would change the text.
    ids.length === 0
      ? ''
      : inner.decode(ids.map(known), { skip_special_tokens: false, clean_up_tokenization_spaces: false });

  return {
    vocabulary,
    encode: (text) => (text === '' ? [] : [...inner.encode(text, { add_special_tokens: false }).ids]),
    decode,
    // A token that holds part of a character has no text of its own: its stored form is shown instead.
    tokens: (ids) =>
      ids.map((id) => {
        const text = decode([id]);
        return text === '' || text.includes('\ufffd') ? (vocabulary[id] ?? text) : text;
      }),
  };
}

function build(json: Record<string, unknown>, config: Record<string, unknown>): LibraryTokenizer {
  try {
    return new LibraryTokenizer(json, { ...config, clean_up_tokenization_spaces: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`The tokenizer.json cannot be used: ${reason}`);
  }
}
