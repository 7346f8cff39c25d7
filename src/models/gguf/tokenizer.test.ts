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
  const { tokens, scores, types, prefix, bos, unknown } = reference.sentencepiece[architecture]!;
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
});
