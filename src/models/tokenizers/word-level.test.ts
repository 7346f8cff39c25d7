import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { tokenizerFromJson } from './tokenizer-json.js';
import { wordLevelTokenizer, wordsOf } from './word-level.js';

const texts = fc.array(
  fc.oneof(
    fc.constantFrom(' ', '  ', '\n', "'s", ', ', 'café', ' the', ' 1984'),
    fc.string({ unit: 'grapheme' }),
  ),
);

describe('words of a text', () => {
  it('are cut as GPT-2 cuts', () => {
    expect(wordsOf("When Mary's  dog, 7 years old, left.\n    Then")).toEqual([
      ...[
        'When',
        ' Mary',
        "'s",
        ' ',
        ' dog',
        ',',
        ' 7',
        ' years',
        ' old',
        ',',
        ' left',
        '.',
        '\n   ',
        ' Then',
      ],
    ]);
  });

  it('are the text again, put together', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        expect(wordsOf(parts.join('')).join('')).toBe(parts.join(''));
      }),
    );
  });
});

describe('a tokenizer of whole words', () => {
  const text = "When Mary and John went to the café, Mary's dog";
  const words = [...new Set(wordsOf(text))].sort();
  const { tokenizer: json, config } = wordLevelTokenizer(words);
  const tokenizer = tokenizerFromJson(json, config);

  it('gives each word one token, and the text back', () => {
    const ids = tokenizer.encode(text);
    expect(ids).toEqual(wordsOf(text).map((word) => 2 + words.indexOf(word)));
    expect(tokenizer.decode(ids)).toBe(text);
    expect(tokenizer.pieces(tokenizer.encode(' café,'))).toEqual(['␣café', ',']);
    expect(tokenizer.vocabulary).toHaveLength(words.length + 2);
  });

  it('names the token before a text, and that of a word it does not have', () => {
    expect(tokenizer.bos).toEqual({ id: 0, added: true });
    expect(tokenizer.unknown).toBe(1);
    expect(tokenizer.specials).toEqual(['<|endoftext|>', '<|unknown|>']);
    expect(tokenizer.encode('When Susan and Mary')).toEqual([
      ...tokenizer.encode('When'),
      1,
      ...tokenizer.encode(' and Mary'),
    ]);
    // A word at the beginning of a text is another token.
    expect(tokenizer.encode('Mary')).toEqual([1]);
  });

  it('gives back any text of words that it has', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const own = parts.join('');
        const made = wordLevelTokenizer([...new Set(wordsOf(own))]);
        const read = tokenizerFromJson(made.tokenizer, made.config);
        const ids = read.encode(own);
        expect(ids).not.toContain(read.unknown);
        expect(read.decode(ids)).toBe(own);
      }),
    );
  });

  it('is refused without the token of unknown words', () => {
    const model = { ...(json['model'] as object), unk_token: '[UNK]' };
    const read = () => tokenizerFromJson({ ...json, model }, config);
    expect(read).toThrow(InputError);
    expect(read).toThrow(
      /^The tokenizer\.json cannot be used: its model is of the kind WordLevel, and its "unk_token" is not in the "vocab"\.$/,
    );
  });
});
