import fc from 'fast-check';
import r50kRanks from 'gpt-tokenizer/bpeRanks/r50k_base';
import { decode, encode } from 'gpt-tokenizer/encoding/r50k_base';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../input-error.js';
import { tokenizerFromJson } from './tokenizer-json.js';

/** GPT-2 writes each byte as one printable character: itself where it prints, else the next free one from 256 on. */
const byteCharacters = ((): string[] => {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let free = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : free++));
})();
const spell = (bytes: Iterable<number>): string => Array.from(bytes, (byte) => byteCharacters[byte]).join('');

/** A byte-level BPE tokenizer.json of a vocabulary in the order of its merges. */
function byteLevel(tokens: readonly string[], merges: readonly string[]): unknown {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: tokens.length,
        content: '<|endoftext|>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** The pair each token was merged from: what the merges ranked before it make of its characters. */
function mergesOf(tokens: readonly string[]): string[] {
  const rank = new Map(tokens.map((token, id) => [token, id]));
  const merges: string[] = [];
  tokens.forEach((token, id) => {
    const parts = Array.from(token);
    while (parts.length > 2) {
      let best = -1;
      let bestRank = id;
      for (let i = 0; i + 1 < parts.length; i++) {
        const found = rank.get(`${parts[i]}${parts[i + 1]}`) ?? id;
        if (found < bestRank) [best, bestRank] = [i, found];
      }
      if (best < 0) throw new Error(`${token} is no merge of two`);
      parts.splice(best, 2, `${parts[best]}${parts[best + 1]}`);
    }
    if (parts.length === 2) merges.push(parts.join(' '));
  });
  return merges;
}

const small = [...byteCharacters, 'Ġt', 'he', 'Ġthe', 'in'];
const tiny = tokenizerFromJson(byteLevel(small, mergesOf(small)));

describe('tokenizerFromJson', () => {
  it('merges in the order of the file', () => {
    expect(tiny.encode('in the')).toEqual([259, 258]);
    expect(tiny.tokens([259, 258])).toEqual(['in', ' the']);
    expect(tiny.vocabulary[258]).toBe('Ġthe');
    expect(tiny.vocabulary).toHaveLength(261);
  });

  it('gives back any text, spaces before punctuation included', () => {
    expect(tiny.decode(tiny.encode(" a , b . do n't "))).toBe(" a , b . do n't ");
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tiny.decode(tiny.encode(text))).toBe(text);
      }),
    );
  });

  it('takes the empty text and no ids', () => {
    expect(tiny.encode('')).toEqual([]);
    expect(tiny.decode([])).toBe('');
    expect(tiny.tokens([])).toEqual([]);
  });

  it('reads special tokens in a text and keeps them', () => {
    expect(tiny.encode('a<|endoftext|>')).toEqual([small.indexOf('a'), 260]);
    expect(tiny.decode([260])).toBe('<|endoftext|>');
  });

  it('shows part of a character as it is stored', () => {
    expect(tiny.tokens(tiny.encode('é'))).toEqual(['Ã', '©']);
  });

  it('refuses ids outside its vocabulary', () => {
    expect(() => tiny.decode([261])).toThrow(InputError);
    expect(() => tiny.tokens([-1])).toThrow(InputError);
  });

  it.each([null, 3, [], {}, { model: {} }, { model: { type: 'BPE' } }])('refuses %j', (json) => {
    expect(() => tokenizerFromJson(json)).toThrow(InputError);
  });

  it('refuses a model of an unknown kind', () => {
    expect(() => tokenizerFromJson({ model: { type: 'Oracle', vocab: {} } })).toThrow(/cannot be used/);
    expect(() => tokenizerFromJson(byteLevel(small, []), 3)).toThrow(InputError);
  });
});

describe("GPT-2's vocabulary", () => {
  const encoder = new TextEncoder();
  const tokens = r50kRanks.map((token) => spell(typeof token === 'string' ? encoder.encode(token) : token));
  const gpt2 = tokenizerFromJson(byteLevel(tokens, mergesOf(tokens)));

  it('has 50,257 tokens', () => {
    expect(gpt2.vocabulary).toHaveLength(50_257);
  });

  it('gives the ids that an independent tokenizer gives', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
      fc
        .array(fc.constantFrom('When', ' Mary', ' and', " didn't", '  ', '\n', ' 1984', ',', ' école', '😀'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const ids = encode(text);
        expect(gpt2.encode(text)).toEqual(ids);
        expect(gpt2.decode(ids)).toBe(decode(ids));
      }),
      { numRuns: 300 },
    );
  });
});
