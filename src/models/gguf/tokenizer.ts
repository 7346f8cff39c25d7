/**
 * The tokenizer in the head of a GGUF file, as the `tokenizer.json` that it was made of.
 * Source: `convert_hf_to_gguf.py` and `llama-vocab.cpp` of llama.cpp; `integrations/gguf` of transformers.
 * @module
 */
import { InputError } from '../../input-error.js';
import { bytesOfToken } from '../tokenizers/byte-level.js';
import {
  digitsThenGpt2,
  gpt2Split,
  llama3Split,
  qwen2Split,
  splitThenBytes,
} from '../tokenizers/split-patterns.js';
import { type TextTokenizer } from '../tokenizers/text-tokenizer.js';
import { tokenizerFromJson } from '../tokenizers/tokenizer-json.js';
import { quote } from '../../printable.js';
import { type HeadValues } from './head-values.js';

/** A way of cutting a text before merging. */
interface Cutting {
  readonly preTokenizer: unknown;
  /** Whether text is put into Unicode's form NFC first. */
  readonly composes?: true;
  /** Words that are tokens are not built up from merges, and a token before a text is added unless the file denies it. */
  readonly asLlama3?: true;
}

const gpt2: Cutting = { preTokenizer: splitThenBytes(gpt2Split) };
const neox: Cutting = { ...gpt2, composes: true };
const llama3: Cutting = { preTokenizer: splitThenBytes(llama3Split), asLlama3: true };
const qwen2: Cutting = { preTokenizer: splitThenBytes(qwen2Split), composes: true };
const smollm: Cutting = { preTokenizer: digitsThenGpt2 };

/** By `tokenizer.ggml.pre`. */
const cuttings: ReadonlyMap<string, Cutting> = new Map([
  ['gpt-2', gpt2],
  ['gpt2', gpt2],
  ['olmo', neox],
  ['mpt', neox],
  ['smollm', smollm],
  ['starcoder', smollm],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
]);

/** Kinds of tokens in `tokenizer.ggml.token_type`. */
const kinds = { unknown: 2, control: 3, userDefined: 4 } as const;

/**
 * The tokenizer of a file.
 * @returns null where the file has none
 * @throws InputError for one of a kind that is not supported, by its name
 */
export function ggufTokenizer(values: HeadValues): TextTokenizer | null {
  const model = values.textOrNull('tokenizer.ggml.model');
  const tokens = values.textsOrNull('tokenizer.ggml.tokens');
  if (model === null || model === 'none' || tokens === null) return null;
  if (model !== 'gpt2' && model !== 'llama') {
    throw new InputError(
      `${values.file} has a tokenizer of the kind ${quote(model)}, and gpt2 and llama are supported.`,
    );
  }
  const json = model === 'gpt2' ? byteLevelJson(values, tokens) : sentencepieceJson(values, tokens);
  const bos = values.numberOrNull('tokenizer.ggml.bos_token_id');
  const adds = model === 'llama' || cutting(values).asLlama3 === true;
  return tokenizerFromJson(json, {
    bos_token: bos === null ? null : (tokens[bos] ?? null),
    add_bos_token: values.truthOrNull('tokenizer.ggml.add_bos_token') ?? adds,
  });
}

function cutting(values: HeadValues): Cutting {
  const name = values.textOrNull('tokenizer.ggml.pre') ?? 'default';
  // Files of before this name was written: GPT-2's, but for Pythia's form of Unicode.
  if (name === 'default')
    return values.architecture === 'gptneox' ? neox : values.architecture === 'qwen2' ? qwen2 : gpt2;
  const known = cuttings.get(name);
  if (known !== undefined) return known;
  throw new InputError(
    `${values.file} has a tokenizer that cuts words as ${quote(name)}; known are ${[...cuttings.keys()].join(', ')}.`,
  );
}

function byteLevelJson(values: HeadValues, tokens: readonly string[]): unknown {
  const { preTokenizer, composes, asLlama3 } = cutting(values);
  const merges = values.textsOrNull('tokenizer.ggml.merges');
  if (merges === null) throw new InputError(`${values.file} has a tokenizer without tokenizer.ggml.merges.`);
  return {
    added_tokens: addedTokens(values, tokens, (token) => bytesOfToken(token) === null),
    normalizer: composes === true ? { type: 'NFC' } : null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: idsOf(tokens),
      merges: merges.map((merge) => pairOf(values, merge)),
      ignore_merges: asLlama3 === true,
    },
  };
}

function pairOf(values: HeadValues, merge: string): [string, string] {
  const [left = '', right = '', ...more] = merge.split(' ');
  if (left !== '' && right !== '' && more.length === 0) return [left, right];
  throw new InputError(`${values.file} has the merge ${quote(merge)}, which is not two tokens.`);
}

function sentencepieceJson(values: HeadValues, stored: readonly string[]): unknown {
  const isGemma = /^gemma/.test(values.architecture);
  // Gemma's runs of spaces are stored as such, and looked up as their marks.
  const tokens = stored.map((token) => (isGemma && /^ +$/.test(token) ? '▁'.repeat(token.length) : token));
  const unknown = values.numberOrNull('tokenizer.ggml.unknown_token_id') ?? (isGemma ? 3 : 0);
  const scores = isGemma ? tokens.map((_, id) => -id) : values.numbersOrNull('tokenizer.ggml.scores');
  if (scores?.length !== tokens.length) {
    throw new InputError(
      `${values.file} has a tokenizer without a score for each of its ${tokens.length} tokens.`,
    );
  }
  const spacePrefix = values.truthOrNull('tokenizer.ggml.add_space_prefix') ?? !isGemma;
  const marks = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const vocab = idsOf(tokens);
  return {
    added_tokens: addedTokens(values, tokens, () => false),
    normalizer: spacePrefix
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, marks] }
      : marks,
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(spacePrefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      unk_token: tokens[unknown] ?? null,
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: mergesOf(tokens, scores),
    },
  };
}

const idsOf = (tokens: readonly string[]): Record<string, number> =>
  Object.fromEntries(tokens.map((token, id) => [token, id]));

/**
 * Merges in the order of the scores of what they make, as transformers makes them: sentencepiece joins the pair whose
 * whole has the best score, so each way to cut a token in two tokens is a merge of that rank.
 */
function mergesOf(tokens: readonly string[], scores: readonly number[]): [string, string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const merges: { left: string; right: string; score: number; leftLength: number; rightLength: number }[] =
    [];
  tokens.forEach((token, id) => {
    const characters = Array.from(token);
    const own: { left: string; right: string; leftId: number; rightId: number; at: number }[] = [];
    let left = '';
    for (let at = 1; at < characters.length; at++) {
      left += characters[at - 1] ?? '';
      const leftId = ids.get(left);
      if (leftId === undefined) continue;
      const right = token.slice(left.length);
      const rightId = ids.get(right);
      if (rightId !== undefined) own.push({ left, right, leftId, rightId, at });
    }
    own.sort((a, b) => a.leftId - b.leftId || a.rightId - b.rightId);
    for (const { left: first, right, at } of own) {
      const score = scores[id] ?? 0;
      merges.push({ left: first, right, score, leftLength: at, rightLength: characters.length - at });
    }
  });
  merges.sort((a, b) => b.score - a.score || b.leftLength - a.leftLength || b.rightLength - a.rightLength);
  return merges.map(({ left, right }) => [left, right]);
}

/** @param mislabelled tokens that are no control tokens, whatever their kind says */
function addedTokens(
  values: HeadValues,
  tokens: readonly string[],
  mislabelled: (token: string) => boolean,
): unknown[] {
  const types = values.numbersOrNull('tokenizer.ggml.token_type') ?? [];
  return tokens.flatMap((content, id) => {
    const type = types[id];
    const special = type === kinds.control || type === kinds.unknown;
    if (content === '' || (!special && type !== kinds.userDefined)) return [];
    if (type === kinds.control && mislabelled(content)) return [];
    return [{ id, content, special, lstrip: false, rstrip: false, single_word: false, normalized: false }];
  });
}
