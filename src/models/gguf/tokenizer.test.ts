import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ggufFile, type WrittenValue } from '../../../test/fixtures/gguf-file.js';
import { memorySource } from '../weights/byte-source.js';
import { openGguf } from '../weights/gguf.js';
import { headValues } from './head-values.js';
import { ggufTokenizer } from './tokenizer.js';

interface Reference {
  readonly texts: string[];
  readonly byteLevel: { tokens: string[]; merges: string[]; ids: Record<string, number[][]> };
  readonly sentencepiece: Record<
    string,
    {
      tokens: string[];
      scores: number[];
      types: number[];
      prefix: boolean;
      ids: number[][];
      decoded: string[];
      bos: number;
      unknown: number;
    }
  >;
}
const reference = JSON.parse(
  await readFile(new URL('../../../test/fixtures/tokenizers.json', import.meta.url), 'utf8'),
) as Reference;
const { texts } = reference;

const tokenizerOf = async (values: Record<string, WrittenValue>) =>
  ggufTokenizer(headValues(await openGguf(memorySource('m.gguf', ggufFile(values, [])))));

const byteLevel = (pre: string, more: Record<string, WrittenValue> = {}): Record<string, WrittenValue> => ({
  'general.architecture': ['text', 'llama'],
  'tokenizer.ggml.model': ['text', 'gpt2'],
  'tokenizer.ggml.pre': ['text', pre],
  'tokenizer.ggml.tokens': ['list', 'text', reference.byteLevel.tokens],
  'tokenizer.ggml.token_type': ['list', 'i32', reference.byteLevel.tokens.map((_, id) => (id === 0 ? 3 : 1))],
  'tokenizer.ggml.merges': ['list', 'text', reference.byteLevel.merges],
  'tokenizer.ggml.bos_token_id': ['u32', 0],
  ...more,
});

const sentencepiece = (architecture: string): Record<string, WrittenValue> => {
  const pieces = reference.sentencepiece[architecture];
  if (pieces === undefined) throw new Error(`There are no pieces of ${architecture}.`);
  const { tokens, scores, types, prefix, bos, unknown } = pieces;
  return {
    'general.architecture': ['text', architecture],
    'tokenizer.ggml.model': ['text', 'llama'],
    'tokenizer.ggml.tokens': ['list', 'text', tokens],
    'tokenizer.ggml.scores': ['list', 'f32', scores],
    'tokenizer.ggml.token_type': ['list', 'i32', types],
    'tokenizer.ggml.bos_token_id': ['u32', bos],
    'tokenizer.ggml.unknown_token_id': ['u32', unknown],
    'tokenizer.ggml.add_space_prefix': ['bool', prefix],
  };
};

describe('ggufTokenizer', () => {
  it.each(['gpt-2', 'smollm', 'llama-bpe', 'qwen2'])('cuts and merges as the reference: %s', async (pre) => {
    const tokenizer = await tokenizerOf(byteLevel(pre));
    texts.forEach((text, i) => {
      const ids = tokenizer?.encode(text);
      expect({ text, ids }).toEqual({ text, ids: reference.byteLevel.ids[pre]?.[i] });
      expect(tokenizer?.decode(ids ?? [])).toBe(pre === 'qwen2' ? text.normalize('NFC') : text);
    });
  });

  it.each(['llama', 'gemma3'])('joins pieces as sentencepiece does: %s', async (architecture) => {
    const tokenizer = await tokenizerOf(sentencepiece(architecture));
    const { ids: expected = [] } = reference.sentencepiece[architecture] ?? {};
    texts.forEach((text, i) => {
      const ids = tokenizer?.encode(text);
      expect({ text, ids }).toEqual({ text, ids: expected[i] });
      expect(tokenizer?.decode(ids ?? [])).toBe(text);
    });
  });

  it('names the token before a text, and whether the files add it', async () => {
    const bosOf = async (values: Record<string, WrittenValue>) => (await tokenizerOf(values))?.bos;
    expect(await bosOf(byteLevel('gpt-2'))).toEqual({ id: 0, added: false });
    expect(await bosOf(byteLevel('llama-bpe'))).toEqual({ id: 0, added: true });
    expect(await bosOf(byteLevel('llama-bpe', { 'tokenizer.ggml.add_bos_token': ['bool', false] }))).toEqual({
      id: 0,
      added: false,
    });
    expect(await bosOf(byteLevel('gpt-2', { 'tokenizer.ggml.bos_token_id': ['u32', 99_999] }))).toBeNull();
    expect(await bosOf(sentencepiece('llama'))).toEqual({ id: 1, added: true });
    expect(await bosOf(sentencepiece('gemma3'))).toEqual({ id: 2, added: true });
  });

  it('keeps the word for a space apart from the byte of a character', async () => {
    const tokenizer = await tokenizerOf(sentencepiece('llama'));
    const ids = tokenizer?.encode('the 🙂') ?? [];
    expect(tokenizer?.pieces(ids).join('')).toBe('␣the␣<0xF0><0x9F><0x99><0x82>');
    expect(tokenizer?.decode(ids)).toBe('the 🙂');
    expect(tokenizer?.decode(ids.slice(0, -1))).toBe(`the ${'\ufffd'.repeat(3)}`);
  });

  it.each<[string, Record<string, WrittenValue>, RegExp]>([
    ['an unknown way of cutting', byteLevel('new\u001b'), /cuts words as "new\\u001b"; known are gpt-2, /],
    [
      'an unknown kind',
      { ...byteLevel('gpt-2'), 'tokenizer.ggml.model': ['text', 'rwkv'] },
      /of the kind "rwkv", and gpt2 and llama are supported/,
    ],
    [
      'a merge of three',
      { ...byteLevel('gpt-2'), 'tokenizer.ggml.merges': ['list', 'text', ['a b c']] },
      /has the merge "a b c", which is not two tokens/,
    ],
    [
      'too few scores',
      { ...sentencepiece('llama'), 'tokenizer.ggml.scores': ['list', 'f32', [1]] },
      /without a score for each of its \d+ tokens/,
    ],
    [
      'tokens that are numbers',
      { ...byteLevel('gpt-2'), 'tokenizer.ggml.tokens': ['list', 'u32', [1]] },
      /has "tokenizer.ggml.tokens", which is not a list of texts/,
    ],
  ])('refuses %s', async (_, values, message) => {
    await expect(tokenizerOf(values)).rejects.toThrow(message);
  });

  it('says null where a file has none', async () => {
    expect(await tokenizerOf({ 'general.architecture': ['text', 'llama'] })).toBeNull();
    expect(await tokenizerOf({ ...byteLevel('gpt-2'), 'tokenizer.ggml.model': ['text', 'none'] })).toBeNull();
  });
});
