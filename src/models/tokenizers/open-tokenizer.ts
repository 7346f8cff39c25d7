/**
 * The tokenizer in a checkpoint's directory.
 * @module
 */
import { InputError } from '../../input-error.js';
import { readJson } from '../read-json.js';
import { type Directory } from '../weights/byte-source.js';
import { isRecord } from '../weights/strict-json.js';
import { gpt2Split, qwen2Split, splitThenBytes } from './split-patterns.js';
import { type TextTokenizer } from './text-tokenizer.js';
import { tokenContent, tokenizerFromJson } from './tokenizer-json.js';

type Fields = Readonly<Record<string, unknown>>;

/** More than any list of merges needs; a longer file is refused before it is read. */
const longestMerges = 64 * 2 ** 20;

/**
 * Reads `tokenizer.json`, or the older `vocab.json` with `merges.txt`, and what the files beside it say of the token
 * before a text: `tokenizer_config.json`, `special_tokens_map.json`, and where these name none, the ids in
 * `generation_config.json` and `config.json`.
 * @returns null where there is no tokenizer
 * @throws InputError for one that is damaged or of a kind that is not supported
 */
export async function openTokenizer(directory: Directory): Promise<TextTokenizer | null> {
  const present = new Set(await directory.list());
  const read = async (file: string): Promise<Fields> => {
    if (!present.has(file)) return {};
    const fields = await readJson(directory, file);
    if (isRecord(fields)) return fields;
    throw new InputError(`${directory.name}/${file} is not a JSON object.`);
  };
  const config = await tokenizerConfig(read);
  if (present.has('tokenizer.json')) return tokenizerFromJson(await read('tokenizer.json'), config);
  if (present.has('vocab.json') && present.has('merges.txt')) {
    const merges = parseMerges(directory.name, await readText(directory, 'merges.txt'));
    const extra = await read('added_tokens.json');
    return tokenizerFromJson(byteLevelJson(await read('vocab.json'), merges, config, extra), config);
  }
  if (present.has('tokenizer.model')) {
    throw new InputError(
      `${directory.name} has its tokenizer as tokenizer.model alone, which is not read: save it with transformers, which writes a tokenizer.json.`,
    );
  }
  return null;
}

async function tokenizerConfig(read: (file: string) => Promise<Fields>): Promise<Fields> {
  const [named, special] = [await read('tokenizer_config.json'), await read('special_tokens_map.json')];
  const config = { ...special, ...named };
  if (config['bos_token'] !== undefined) return config;
  for (const file of ['generation_config.json', 'config.json']) {
    const { bos_token_id: id } = await read(file);
    if (typeof id === 'number') return { ...config, bos_token_id: id };
  }
  return config;
}

async function readText(directory: Directory, file: string): Promise<string> {
  const source = await directory.open(file);
  try {
    if (source.size > longestMerges) {
      throw new InputError(`${source.name} has ${source.size} bytes, and ${longestMerges} are the most.`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await source.read(0, source.size));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${source.name} is not UTF-8 text.`);
  } finally {
    await source.close();
  }
}

/** Pairs, the first merged first; a first line with the version is passed over. */
function parseMerges(where: string, text: string): [string, string][] {
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, index): [string, string][] => {
    if (line === '' || (index === 0 && line.startsWith('#version'))) return [];
    const [left = '', right = '', ...more] = line.split(' ');
    if (left !== '' && right !== '' && more.length === 0) return [[left, right]];
    throw new InputError(
      `${where}/merges.txt: line ${index + 1} is not two tokens with a space between them.`,
    );
  });
}

/** The tokenizer.json of a byte-level vocabulary and its merges. */
function byteLevelJson(
  vocabulary: Fields,
  merges: [string, string][],
  config: Fields,
  extra: Fields,
): unknown {
  const wrong = Object.entries(vocabulary).find(([, id]) => typeof id !== 'number' || !Number.isInteger(id));
  if (wrong !== undefined) throw new InputError('vocab.json is not a list of ids by token.');
  const isQwen = /^Qwen2Tokenizer/.test(String(config['tokenizer_class']));
  return {
    added_tokens: addedTokens(vocabulary, config, extra),
    normalizer: isQwen ? { type: 'NFC' } : null,
    pre_tokenizer: isQwen
      ? splitThenBytes(qwen2Split)
      : config['add_prefix_space'] === true
        ? { type: 'ByteLevel', add_prefix_space: true, use_regex: true }
        : splitThenBytes(gpt2Split),
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: vocabulary, merges },
  };
}

/** Tokens that are found whole in a text: those that a config names, with the ids that any of the files gives them. */
function addedTokens(vocabulary: Fields, config: Fields, extra: Fields): unknown[] {
  const tokens = new Map<string, Fields>();
  const add = (content: string, id: unknown, special: boolean, fields: Fields = {}): void => {
    if (typeof id !== 'number' || tokens.has(content)) return;
    tokens.set(content, {
      lstrip: false,
      rstrip: false,
      single_word: false,
      normalized: false,
      ...fields,
      content,
      id,
      special,
    });
  };
  const decoder = config['added_tokens_decoder'];
  for (const [id, token] of isRecord(decoder) ? Object.entries(decoder) : []) {
    const content = tokenContent(token);
    if (isRecord(token) && content !== null) add(content, Number(id), token['special'] === true, token);
  }
  const additional = config['additional_special_tokens'];
  const named = ['bos_token', 'eos_token', 'unk_token', 'pad_token'].map((name) => config[name]);
  for (const token of [...named, ...(Array.isArray(additional) ? (additional as unknown[]) : [])]) {
    const content = tokenContent(token);
    if (content !== null) add(content, vocabulary[content] ?? extra[content], true);
  }
  for (const [content, id] of Object.entries(extra)) add(content, id, false);
  // GPT-2's own, which early copies of its files name nowhere.
  add('<|endoftext|>', vocabulary['<|endoftext|>'], true);
  return [...tokens.values()];
}
