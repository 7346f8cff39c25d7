import { describe, expect, it } from 'vitest';
import { memoryDirectory } from '../weights/byte-source.js';
import { InputError } from '../../input-error.js';
import { chooseBos } from './bos.js';
import { byteCharacters } from './byte-level.js';
import { openTokenizer } from './open-tokenizer.js';
import { type TextTokenizer } from './text-tokenizer.js';

const tokens = [...byteCharacters, 'Ġt', 'he', 'Ġthe', '<|endoftext|>', '<|im_start|>'];
const [end, start] = [tokens.indexOf('<|endoftext|>'), tokens.indexOf('<|im_start|>')];
const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
const merges = ['Ġ t', 'h e', 'Ġt he'];
const special = (content: string) => ({ id: vocab[content], content, special: true, normalized: false });
const json = {
  added_tokens: [special('<|endoftext|>'), special('<|im_start|>')],
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab, merges },
};
const template = (token: string) => ({
  type: 'Sequence',
  processors: [
    { type: 'ByteLevel' },
    {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { [token]: { id: token, ids: [vocab[token]], tokens: [token] } },
    },
  ],
});

type Files = Record<string, unknown>;
const directory = (files: Files) =>
  memoryDirectory(
    'mine',
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [
        name,
        new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)),
      ]),
    ),
  );
const open = async (files: Files): Promise<TextTokenizer> => {
  const tokenizer = await openTokenizer(directory(files));
  if (tokenizer === null) throw new Error('No tokenizer.');
  return tokenizer;
};

describe('openTokenizer', () => {
  it('reads tokenizer.json, and vocab.json with merges.txt, alike', async () => {
    const older = {
      'vocab.json': vocab,
      'merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
      'special_tokens_map.json': {
        bos_token: { content: '<|endoftext|>' },
        additional_special_tokens: ['<|im_start|>'],
      },
    };
    for (const files of [{ 'tokenizer.json': json }, older]) {
      const tokenizer = await open(files);
      expect(tokenizer.encode('<|im_start|>the the\u0085\ufeff')).toEqual([
        start,
        ...[vocab['t'], vocab['he'], vocab['Ġthe']],
        ...Array.from(new TextEncoder().encode('\u0085\ufeff'), (byte) => vocab[byteCharacters[byte] ?? '']),
      ]);
      expect(tokenizer.decode(tokenizer.encode('\ufeffthe é\u0085'))).toBe('\ufeffthe é\u0085');
      expect(tokenizer.specials).toContain('<|endoftext|>');
    }
  });

  it("reads Qwen's and a config's own tokens from the older files", async () => {
    const tokenizer = await open({
      'vocab.json': vocab,
      'merges.txt': merges.join('\n'),
      'added_tokens.json': { '<extra>': tokens.length },
      'tokenizer_config.json': {
        tokenizer_class: 'Qwen2Tokenizer',
        bos_token: null,
        added_tokens_decoder: { [end]: { content: '<|endoftext|>', special: true, normalized: false } },
      },
    });
    expect(tokenizer.encode('e\u0301<extra>')).toEqual([...tokenizer.encode('é'), tokens.length]);
    expect(tokenizer.bos).toBeNull();
  });

  it.each<[string, Files, { id: number; added: boolean } | null]>([
    [
      'tokenizer_config.json',
      { 'tokenizer_config.json': { bos_token: '<|im_start|>' } },
      { id: start, added: false },
    ],
    [
      'tokenizer_config.json, with its wish to add it',
      { 'tokenizer_config.json': { bos_token: { content: '<|im_start|>' }, add_bos_token: true } },
      { id: start, added: true },
    ],
    [
      'tokenizer_config.json, which says none',
      { 'tokenizer_config.json': { bos_token: null }, 'config.json': { bos_token_id: end } },
      null,
    ],
    [
      'special_tokens_map.json',
      { 'special_tokens_map.json': { bos_token: '<|im_start|>' } },
      { id: start, added: false },
    ],
    [
      'the post-processor',
      { 'tokenizer.json': { ...json, post_processor: template('<|endoftext|>') } },
      { id: end, added: true },
    ],
    [
      'generation_config.json',
      { 'generation_config.json': { bos_token_id: end }, 'config.json': { bos_token_id: 0 } },
      { id: end, added: false },
    ],
    ['config.json', { 'config.json': { bos_token_id: start } }, { id: start, added: false }],
    ['nothing', {}, null],
    ['an id that no token has', { 'config.json': { bos_token_id: 50_256 } }, null],
  ])('takes the token before a text from %s', async (_, files, bos) => {
    expect((await open({ 'tokenizer.json': json, ...files })).bos).toEqual(bos);
  });

  it('says null where there is none, and what is wrong with what is there', async () => {
    expect(await openTokenizer(directory({ 'config.json': {} }))).toBeNull();
    const wrong: [Files, RegExp][] = [
      [{ 'tokenizer.model': 'x' }, /tokenizer.model alone, which is not read: save it with transformers/],
      [{ 'vocab.json': vocab, 'merges.txt': 'a b c' }, /merges.txt: line 1 is not two tokens/],
      [{ 'vocab.json': { a: 'b' }, 'merges.txt': '' }, /vocab.json is not a list of ids by token/],
      [{ 'vocab.json': [], 'merges.txt': '' }, /vocab.json is not a JSON object/],
      [{ 'tokenizer.json': '{' }, /not JSON/],
      [{ 'tokenizer.json': { model: { type: 'Oracle\u001b', vocab: {} } } }, /kind "Oracle\\u001b", and BPE/],
      [{ 'tokenizer.json': json, 'tokenizer_config.json': 3 }, /tokenizer_config.json is not a JSON object/],
    ];
    for (const [files, message] of wrong) {
      const opening = openTokenizer(directory(files));
      await expect(opening).rejects.toThrow(InputError);
      await expect(opening).rejects.toThrow(message);
    }
  });
});

describe('chooseBos', () => {
  it('takes a token, an id, none, and by default what the files name', async () => {
    const tokenizer = await open({ 'tokenizer.json': json, 'config.json': { bos_token_id: start } });
    expect(chooseBos(tokenizer)).toBe(start);
    expect(chooseBos(tokenizer, '<|endoftext|>')).toBe(end);
    expect(chooseBos(tokenizer, 'Ġthe')).toBe(258);
    expect(chooseBos(tokenizer, '7')).toBe(7);
    expect(chooseBos(tokenizer, 'none')).toBeNull();
    expect(chooseBos(await open({ 'tokenizer.json': json }))).toBeNull();
    expect(tokenizer.encode(' the', { bos: end })).toEqual([end, 258]);
    expect(tokenizer.encode('', { bos: end })).toEqual([end]);
    expect(tokenizer.encode(' the', { bos: null })).toEqual([258]);
  });

  it.each([
    ['<|endofext|>', /No token is "<\|endofext\|>".*Did you mean "<\|endoftext\|>"\?/],
    ['', /No token is ""/],
    [
      '\u001b[2J what is this',
      /No token is "\\u001b\[2J what is this".*Special tokens are "<\|endoftext\|>", "<\|im_/,
    ],
    ['261', /Token id 261 is not accepted: ids are 0 to 260/],
    ['99999999999999999999', /is not accepted/],
  ])('refuses %j', async (choice, message) => {
    const tokenizer = await open({ 'tokenizer.json': json });
    expect(() => chooseBos(tokenizer, choice)).toThrow(InputError);
    expect(() => chooseBos(tokenizer, choice)).toThrow(message);
  });
});

describe('pieces', () => {
  it('shows spaces, line ends, controls and parts of characters', async () => {
    const tokenizer = await open({ 'tokenizer.json': json });
    const pieces = (text: string) => tokenizer.pieces(tokenizer.encode(text));
    expect(pieces(' the\n\t\r\u001b')).toEqual(['␣the', '⏎', '⇥', '␍', '\\u{1b}']);
    expect(pieces('é<|endoftext|>')).toEqual(['<0xC3>', '<0xA9>', '<|endoftext|>']);
    expect(pieces('\u0085'.concat('x')).join('')).not.toMatch(/\p{Cc}/u);
  });
});
