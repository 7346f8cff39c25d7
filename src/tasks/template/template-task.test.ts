import { describe, expect, it } from 'vitest';
import {
  everyFilling,
  forTasks,
  idsOf,
  probabilities,
  taskOfContent,
} from '../../../test/fixtures/random-templates.js';
import { languageOf, wordTokenizer } from '../../../test/fixtures/word-tokenizer.js';
import { type FeatureValue, featureValue } from '../feature.js';
import { type TemplateTask } from './template-task.js';

const gifts = {
  name: 'gifts',
  patterns: ['When {A} and {B} met, {S} gave a {thing} to', '{B} saw {A}'],
  slots: {
    A: [
      { text: 'Ann', town: 'Rome', age: 7 },
      { text: 'Wilhelmina', town: 'Oslo', age: 8 },
      { text: 'Bo', town: 'Rome', age: 9 },
    ],
    B: { 'same-as': 'A' },
    S: { 'one-of': ['A', 'B'] },
    O: { 'other-of': ['A', 'B'], than: 'S' },
    home: { attribute: 'A.town' },
    thing: ['pen', 'gold ring'],
  },
  constraints: ['A != B'],
  answer: ' {O}',
  contrast: { answer: ' {S}', redraw: ['A', 'B'] },
  places: {
    S1: 'first S',
    'S1+1': 'after first S',
    'S1-1': 'before first S',
    start: 'start of first S',
    S2: 'last S',
    third: 'third S',
    IO: 'first O',
    ring: 'first thing',
    behind: 'after last O',
    END: 'last',
  },
  positions: ['END', 'S1+1', 'S2'],
};
const language = languageOf(
  wordTokenizer([
    'When',
    ' and',
    ' met',
    ' gave',
    ' a',
    ' to',
    ' Ann',
    ' Wil',
    'helm',
    'ina',
    ' ring',
    ' go',
    'ld',
  ]),
);
const giftTask = (changes: object = {}): Promise<TemplateTask> =>
  taskOfContent({ ...gifts, ...changes }, language);
const told = (task: TemplateTask, ids: readonly number[]): Record<string, string> =>
  Object.fromEntries(
    task.places(ids).map(({ name, index }) => [name, task.tokenizer.vocabulary[ids[index] ?? -1] ?? '']),
  );

describe('the places of a text', () => {
  it('are the tokens that their rules name, of fillers of several tokens too', async () => {
    const task = await giftTask();
    const ids = task.encode('When Ann and Wilhelmina met, Wilhelmina gave a gold ring to');
    expect(task.decode(ids)).toBe('When Ann and Wilhelmina met, Wilhelmina gave a gold ring to Ann');
    expect(told(task, ids)).toEqual({
      BOS: '<eos>',
      'S1-1': ' and',
      start: ' Wil',
      S1: 'ina',
      'S1+1': ' met',
      IO: ' Ann',
      S2: 'ina',
      ring: ' ring',
      behind: ' and',
      END: ' to',
    });
    const indices = task.places(ids).map(({ index }) => index);
    expect(indices).toEqual([...indices].sort((a, b) => a - b));
    expect(task.positions(ids).map((at) => ids[at])).toEqual(
      [' met', 'ina', ' to'].map((token) => task.tokenizer.vocabulary.indexOf(token)),
    );
    // The answer is what the model gives; nobody mentions it in the prompt.
    expect(task.answer?.determined(ids).map((at) => task.tokenizer.vocabulary[ids[at] ?? 0])).toEqual([
      ' Ann',
    ]);
  });

  it('are left out where a text has none, and none is the end of a text', async () => {
    const task = await taskOfContent(
      {
        name: 'ends',
        patterns: ['{A} met {B}'],
        slots: { A: ['Ann'], B: ['Bo'], C: ['x'] },
        places: { A: 'second A', B: 'last B', after: 'after last B', C: 'first C', Z: 'before first A' },
      },
      language,
    );
    const ids = task.encode('Ann met Bo');
    expect(told(task, ids)).toEqual({ BOS: '<eos>', Z: '<eos>', B: 'o' });
    expect(task.positions(ids)).toEqual(ids.slice(1, -1).map((_, at) => at + 1));
    expect(told(task, task.encode('Ann met'))).toEqual({ BOS: '<eos>' });
    expect(task.positions([...task.encode('Ann met'), task.pad])).toEqual(
      task.positions(task.encode('Ann met')),
    );
  });

  it('are inside the text and name the slot in random templates', () =>
    forTasks((task) => {
      for (const key of probabilities(task).keys()) {
        const ids = idsOf(key);
        const [filling] = task.texts.read(task.decode(ids));
        const own = task.texts.patterns[filling?.pattern ?? -1];
        const places = new Map(task.places(ids).map(({ name, index }) => [name, index]));
        for (const [name, index] of places) {
          expect(index, name).toBeLessThan(ids.length - 1);
          expect(index > 0 || name === 'BOS', name).toBe(true);
        }
        // What a slot says ends within the token of its place.
        const text = own?.filler('S', filling?.values ?? [])?.text ?? '';
        const at = places.get('last-S');
        if (at !== undefined) {
          const until = task.tokenizer.decode(ids.slice(1, at + 1));
          const last = task.tokenizer.decode(ids.slice(at, at + 1));
          expect(`${until.slice(0, until.length - last.length)}${last}`.includes(text)).toBe(true);
        }
      }
    }));
});

describe('the features of a text', () => {
  const values = (task: TemplateTask, ids: readonly number[]): Record<string, FeatureValue> =>
    Object.fromEntries(task.features.map((feature) => [feature.name, featureValue(task, feature, ids)]));

  it('are fillers, attributes, pairs, orders and the pattern', async () => {
    const task = await giftTask();
    const ids = task.encode('When Bo and Ann met, Ann gave a pen to');
    expect(values(task, ids)).toEqual({
      A: 'Bo',
      'A.town': 'Rome',
      'A.age': 9,
      B: 'Ann',
      'B.town': 'Rome',
      'B.age': 7,
      S: 'Ann',
      'S.order': 2,
      'S.town': 'Rome',
      'S.age': 7,
      O: 'Bo',
      'O.town': 'Rome',
      'O.age': 9,
      home: 'Rome',
      thing: 'pen',
      '{A,B}': 'Ann,Bo',
      pattern: 1,
    });
    const other = values(task, task.encode('Bo saw Ann Bo'));
    expect(other).toMatchObject({ pattern: 2, A: 'Ann', B: 'Bo', '{A,B}': 'Ann,Bo', thing: null });
    expect(task.annotate(ids)).toEqual({ pattern: 1, A: 'Bo', B: 'Ann', S: 'Ann', thing: 'pen' });
    expect(Object.values(values(task, task.encode('Ann and')))).toEqual(task.features.map(() => null));
  });

  it('are each named once, and an attribute goes before what is called like it', async () => {
    const task = await taskOfContent({
      name: 'named',
      patterns: ['{A} {S}', '{S} {A}'],
      slots: { A: [{ text: 'a', order: 'x' }], S: { 'one-of': ['A', 'B'] }, B: { 'same-as': 'A' } },
    });
    const names = task.features.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const feature = task.features.find(({ name }) => name === 'S.order');
    expect(feature?.of(task.encode('a a'))).toBe('x');
  });

  it('agree with every filling of a text that can be written in one way', () =>
    forTasks((task) => {
      const { texts } = task;
      for (const filling of everyFilling(texts)) {
        const { text } = texts.write(filling);
        if (texts.read(text).length > 1) continue;
        const own = texts.patterns[filling.pattern];
        const ids = task.encode(text);
        for (const { slot } of own?.variables ?? []) {
          const feature = task.features.find(({ name }) => name === slot);
          expect(feature?.of(ids)).toBe(own?.filler(slot, filling.values)?.text);
        }
      }
    }, 20));
});
