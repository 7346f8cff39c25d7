import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { exactJson } from './exact-json.js';
import { digitsThenGpt2, gpt2Split, llama3Split, qwen2Split, splitThenBytes } from './split-patterns.js';

interface Reference {
  readonly texts: string[];
  readonly words: Record<string, { readonly json: object; readonly words: string[] }>;
}
const reference = JSON.parse(
  await readFile(new URL('../../../test/fixtures/tokenizers.json', import.meta.url), 'utf8'),
) as Reference;

interface Library {
  pre_tokenizer(text: string, options: { section_index: number }): string[];
}
const wordsOf = (preTokenizer: unknown, text: string): string => {
  const json = exactJson({ model: { type: 'BPE', vocab: {}, merges: [] }, pre_tokenizer: preTokenizer });
  const library = new (Tokenizer as unknown as new (json: object, config: object) => Library)(json, {});
  return library.pre_tokenizer(text, { section_index: 0 }).join(' ');
};

/** Patterns that are written down here, for vocabularies that come without one. */
const ours: Record<string, unknown> = {
  'gpt-2': splitThenBytes(gpt2Split),
  smollm: digitsThenGpt2,
  'llama-bpe': splitThenBytes(llama3Split),
  qwen2: splitThenBytes(qwen2Split),
};

describe('exactJson', () => {
  it.each(Object.keys(reference.words))("cuts words as Hugging Face's library: %s", (name) => {
    const { json, words } = reference.words[name] ?? { json: {}, words: [] };
    reference.texts.forEach((text, i) => {
      if (text === '') return;
      for (const preTokenizer of [json, ours[name] ?? json]) {
        expect({ text, words: wordsOf(preTokenizer, text) }).toEqual({ text, words: words[i] });
      }
    });
  });
});
