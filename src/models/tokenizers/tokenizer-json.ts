/**
 * Tokenizers that come with a checkpoint as `tokenizer.json` (Hugging Face's format), run by @huggingface/tokenizers.
 * @module
 */
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { InputError } from '../../input-error.js';
import { quote } from '../../printable.js';
import { isRecord } from '../weights/strict-json.js';
import { exactJson } from './exact-json.js';
import { type NamedBos, type TextTokenizer } from './text-tokenizer.js';
import { tokenBytes } from './token-bytes.js';
import { visibleBytes, visibleText } from './visible.js';

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

/**
 * Builds the tokenizer that a parsed `tokenizer.json` describes.
 * Text comes back exactly as it went in: nothing is added by `encode`, and `decode` keeps special tokens and spaces.
 * @param json the parsed content of `tokenizer.json`
 * @param config the parsed content of `tokenizer_config.json`, when there is one
 * @throws InputError when it is not a tokenizer, or of a kind that is not supported
 */
export function tokenizerFromJson(json: unknown, config: unknown = {}): TextTokenizer {
  if (!isRecord(json) || !isRecord(json['model']) || json['model']['vocab'] === undefined) {
    throw new InputError(
      'This is not a tokenizer.json: an object with a "model" that has a "vocab" is expected.',
    );
  }
  const kind = modelKind(json['model']);
  if (!['BPE', 'Unigram', 'WordLevel', 'WordPiece'].includes(kind)) {
    throw new InputError(
      `The tokenizer.json cannot be used: its model is of the kind ${quote(kind)}, and BPE, Unigram, WordLevel and WordPiece are known.`,
    );
  }
  if (!isRecord(config)) throw new InputError('This is not a tokenizer_config.json: an object is expected.');
  const whole = exactJson({ ...json, model: { ...json['model'], type: kind } });
  const inner = build(whole, kind === 'WordLevel' ? wordLevelConfig(json['model'], config) : config);

  const vocabulary: string[] = [];
  for (const [token, id] of inner.get_vocab(true)) vocabulary[id] = token;
  // Ids that no token has (vocabularies may have gaps) read as empty tokens, so that every index holds a string.
  for (let id = 0; id < vocabulary.length; id++) vocabulary[id] ??= '';

  const unknown = unknownToken(json['model'], vocabulary);
  const added = addedTokens(whole['added_tokens']);
  const bytes = tokenBytes(whole['decoder'], new Set(added.map(({ content }) => content)));
  const tokenOf = (id: number): string => {
    const token = vocabulary[id];
    if (token !== undefined) return token;
    throw new InputError(`Token id ${id} is not accepted: ids are 0 to ${vocabulary.length - 1}.`);
  };
  const decode = (ids: readonly number[]): string => {
    const tokens = ids.map(tokenOf);
    // The library throws for no ids, and its tidying of spaces before punctuation would change the text.
    if (ids.length === 0) return '';
    if (bytes !== null) return bytes.text(tokens);
    return inner.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  };

  return {
    vocabulary,
    specials: added.filter(({ special }) => special).map(({ content }) => content),
    bos: namedBos(whole, config, vocabulary),
    unknown,
    encode(text, { bos = null } = {}) {
      const ids = text === '' ? [] : [...inner.encode(text, { add_special_tokens: false }).ids];
      return bos === null ? ids : [bos, ...ids];
    },
    decode,
    // A token that holds part of a character has no text of its own: its stored form is shown instead.
    tokens: (ids) =>
      ids.map((id) => {
        const text = decode([id]);
        return text === '' || text.includes('\ufffd') ? tokenOf(id) : text;
      }),
    pieces: (ids) =>
      ids.map((id) => (bytes === null ? visibleText(tokenOf(id)) : visibleBytes(bytes.of(tokenOf(id))))),
  };
}

/** Older files leave the kind to be seen from what the model has. */
function modelKind({ type, merges, vocab }: Readonly<Record<string, unknown>>): string {
  if (typeof type === 'string') return type;
  return merges !== undefined ? 'BPE' : Array.isArray(vocab) ? 'Unigram' : 'WordPiece';
}

/** The id of what no other token covers; null where the model names none. */
function unknownToken(
  { unk_token: token, unk_id: id }: Readonly<Record<string, unknown>>,
  vocabulary: readonly string[],
): number | null {
  const at = typeof token === 'string' ? vocabulary.indexOf(token) : id;
  return typeof at === 'number' && Number.isInteger(at) && at >= 0 && at < vocabulary.length ? at : null;
}

/** The library reads a vocabulary of whole words by its oldest form, which names the unknown token elsewhere. */
function wordLevelConfig(
  { unk_token: unknown, vocab }: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (typeof unknown !== 'string' || !isRecord(vocab) || !Object.hasOwn(vocab, unknown))
    throw new InputError(
      'The tokenizer.json cannot be used: its model is of the kind WordLevel, and its "unk_token" is not in the "vocab".',
    );
  return { ...config, unk_token: unknown, target_lang: null };
}

function build(json: object, config: Record<string, unknown>): LibraryTokenizer {
  try {
    return new LibraryTokenizer(json, { ...config, clean_up_tokenization_spaces: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`The tokenizer.json cannot be used: ${reason}`);
  }
}

interface AddedToken {
  readonly content: string;
  readonly special: boolean;
}

function addedTokens(list: unknown): AddedToken[] {
  if (!Array.isArray(list)) return [];
  return list
    .filter(isRecord)
    .flatMap(({ content, special }) =>
      typeof content === 'string' ? [{ content, special: special === true }] : [],
    );
}

/** What the files say: `bos_token` (or, for want of it, `bos_token_id`), `add_bos_token` and the post-processor. */
function namedBos(
  json: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  vocabulary: readonly string[],
): NamedBos | null {
  const template = templateStart(json['post_processor']);
  const token = tokenContent(config['bos_token']) ?? (config['bos_token'] === null ? null : template);
  const byId = config['bos_token'] === undefined ? config['bos_token_id'] : undefined;
  const id = token === null ? byId : vocabulary.indexOf(token);
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabulary.length) return null;
  const asked = config['add_bos_token'];
  return { id, added: typeof asked === 'boolean' ? asked : template !== null && template === vocabulary[id] };
}

/** A token in a config: its text, or an object with its content. */
export function tokenContent(token: unknown): string | null {
  const content = isRecord(token) ? token['content'] : token;
  return typeof content === 'string' && content !== '' ? content : null;
}

/** The special token with which a post-processor's template of one text begins, or null. */
function templateStart(processor: unknown): string | null {
  if (!isRecord(processor)) return null;
  const { processors, single } = processor;
  if (Array.isArray(processors)) return processors.map(templateStart).find((start) => start !== null) ?? null;
  const first: unknown = Array.isArray(single) ? single[0] : undefined;
  const special = isRecord(first) ? first['SpecialToken'] : undefined;
  const id = isRecord(special) ? special['id'] : undefined;
  return typeof id === 'string' ? id : null;
}
