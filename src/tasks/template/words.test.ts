import { describe, expect, it } from 'vitest';
import { everyFilling, forTasks, noFiles } from '../../../test/fixtures/random-templates.js';
import { InputError } from '../../input-error.js';
import { wordsOf } from '../../models/tokenizers/word-level.js';
import { textIdentity } from './identity.js';
import { readTemplate } from './template-file.js';
import { textsOf } from './texts.js';
import { mostWords, wordsOfTexts } from './words.js';

const templateOf = (content: object) => readTemplate(JSON.stringify(content), 'mine.json', noFiles);
const people = {
  name: 'people',
  patterns: ['{A} met {B}', '{A} left'],
  slots: { A: ['Ann', { text: 'Bo', kind: 'p' }], B: ['Cleo', 'Dan'] },
  constraints: ['A != B'],
  answer: ' {B}',
};

describe('the words of a template', () => {
  it('are those of all its texts, of random templates too', () =>
    forTasks(({ texts }) => {
      const words = wordsOfTexts(texts, wordsOf);
      expect(words).toEqual([...new Set(words)].sort());
      const used = new Set(everyFilling(texts).flatMap((filling) => wordsOf(texts.write(filling).text)));
      expect([...used].filter((word) => !words.includes(word))).toEqual([]);
    }));

  it('have the answer and what it is held against, which no prompt need have', async () => {
    const template = await templateOf({
      ...people,
      contrast: { answer: ' nobody', redraw: ['A'] },
    });
    expect(wordsOfTexts(textsOf(template), wordsOf)).toEqual([
      ' Cleo',
      ' Dan',
      ' left',
      ' met',
      ' nobody',
      'Ann',
      'Bo',
    ]);
  });

  it('may not be too many', async () => {
    const template = await templateOf({
      ...people,
      slots: { ...people.slots, A: { range: [1, mostWords + 1] } },
    });
    expect(() => wordsOfTexts(textsOf(template), wordsOf)).toThrow(InputError);
    expect(() => wordsOfTexts(textsOf(template), wordsOf)).toThrow(
      /^people uses more than 10000 words, too many for a small model of its own: [^\n]*\.$/,
    );
  });
});

describe('the identity of texts', () => {
  const of = async (changes: object) => textIdentity(await templateOf({ ...people, ...changes }));

  it.each<[string, object]>([
    ['pattern', { patterns: ['{A} met {B}'] }],
    ['weight of a pattern', { patterns: ['{A} met {B}', { text: '{A} left', weight: 2 }] }],
    ['filler', { slots: { ...people.slots, B: ['Cleo', 'Eve'] } }],
    ['weight of a filler', { slots: { ...people.slots, B: ['Cleo', { text: 'Dan', weight: 2 }] } }],
    ['attribute', { slots: { ...people.slots, A: ['Ann', { text: 'Bo', kind: 'q' }] } }],
    ['constraint', { constraints: [] }],
    ['answer', { answer: ' {A}' }],
    ['split', { split: { test: 0.5 } }],
    ['name', { name: 'others' }],
  ])('changes with a %s', async (_, changes) => {
    expect(await of(changes)).not.toBe(await of({}));
  });

  it('does not change with how they are read, nor with where a line stands', async () => {
    expect(
      await of({ about: 'x', epsilon: 0.3, metric: 'cosine', places: { END: 'last' }, sites: ['a0.0'] }),
    ).toBe(await of({}));
    const spread = await readTemplate(JSON.stringify(people, null, 2), 'other.json', noFiles);
    expect(textIdentity(spread)).toBe(await of({}));
  });
});
