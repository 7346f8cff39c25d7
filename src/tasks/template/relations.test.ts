/** Templates of several relations: answers of patterns, attributes that some fillers lack, a name for what differs by pattern. */
import { describe, expect, it } from 'vitest';
import { everyFilling, noFiles } from '../../../test/fixtures/random-templates.js';
import { languageOf, wordTokenizer } from '../../../test/fixtures/word-tokenizer.js';
import { seededRandom } from '../../random.js';
import { capability } from '../capabilities.js';
import { heldTask } from '../held-task.js';
import { askedTexts } from './asked-texts.js';
import { answersOf } from './answer-tokens.js';
import { textIdentity } from './identity.js';
import { readTemplate } from './template-file.js';
import { type TemplateTask, templateTask } from './template-task.js';

const facts = {
  name: 'facts',
  patterns: [
    {
      text: 'In {country} is',
      weight: 2,
      answer: ' {capital}',
      attributes: { relation: 'capital', rank: 1 },
    },
    { text: '{country} speaks', weight: 3, answer: ' {language}.', attributes: { relation: 'language' } },
    { text: '{city} is in', weight: 2, answer: ' {home}', attributes: { relation: 'home' } },
    { text: '{sentence}', weight: 4 },
  ],
  slots: {
    country: [
      { text: 'France', capital: 'Paris', language: 'French', region: 'west' },
      { text: 'Peru', capital: 'Lima', language: 'Spanish', region: 'south' },
      { text: 'Spain', language: 'Spanish', region: 'west' },
    ],
    city: [
      { text: 'Lyon', in: 'France', region: 'west' },
      { text: 'Cusco', in: 'Peru', region: 'south' },
    ],
    capital: { attribute: 'country.capital', some: true },
    language: { attribute: 'country.language' },
    home: { attribute: 'city.in' },
    subject: { either: ['country', 'city'] },
    object: { either: ['capital', 'language', 'home'] },
    land: { either: ['country', 'home'] },
    sentence: ['It rains.', 'In France is Lima'],
  },
  contrast: { redraw: ['subject'] },
  places: { subject: 'last subject', before: 'before first subject', END: 'last' },
  positions: ['subject', 'END'],
  metric: 'cosine',
  epsilon: 0.25,
  rounds: {
    times: 2,
    each: [
      { temperature: 1, noise: 0.25, 'noise-kind': 'turn', repeats: 5 },
      { temperature: 2, candidates: 8 },
    ],
  },
  attended: { below: 0.6 },
};
const language = languageOf(
  wordTokenizer([' is', ' in', ' Paris', ' Lima', ' Spanish', ' speaks', ' Lyon', 'Lyon']),
);
const taskOf = async (changes: object = {}, own = language): Promise<TemplateTask> =>
  templateTask(await readTemplate(JSON.stringify({ ...facts, ...changes }), 'facts.json', noFiles), own, [
    'blocks.0.attn.hook_result.0',
    'blocks.0.hook_resid_post',
  ]);
const features = (task: TemplateTask, text: string): Record<string, unknown> => {
  const ids = task.encode(text);
  return Object.fromEntries(task.features.map((feature) => [feature.name, feature.of(ids)]));
};
const pairs = [
  'In France is Paris',
  'In Peru is Lima',
  'France speaks French.',
  'Peru speaks Spanish.',
  'Spain speaks Spanish.',
  'Lyon is in France',
  'Cusco is in Peru',
];

describe('a template of several relations', () => {
  it('has the fillings whose fillers have what the pattern asks for, each with its own answer', async () => {
    const task = await taskOf();
    const { texts } = task;
    const all = everyFilling(texts);
    expect(all.map((filling) => texts.write(filling).text)).toEqual([
      ...pairs,
      'It rains.',
      'In France is Lima',
    ]);
    const probability = (text: string): number =>
      Math.exp(capability(task, 'distribution', 'x').logProbability(task.encode(text)));
    expect(all.reduce((sum, filling) => sum + Math.exp(texts.logProbability(filling)), 0)).toBeCloseTo(1, 12);
    for (const text of pairs) expect(probability(text)).toBeCloseTo(1 / 11, 12);
    // Spain has no capital in the file.
    expect(task.check(task.encode('In Spain is'))).toMatch(/no pattern/);
    for (const filling of all) expect(texts.read(texts.write(filling).text)).toContainEqual(filling);
    const random = seededRandom(4);
    for (let draw = 0; draw < 200; draw++)
      expect(texts.write(texts.draw(random)).text).not.toContain('In Spain');
  });

  it('completes a prompt by the answer of its pattern, and leaves a text without one as it is', async () => {
    const task = await taskOf();
    expect(task.decode(task.encode('Peru speaks'))).toBe('Peru speaks Spanish.');
    expect(task.decode(task.encode('Lyon is in'))).toBe('Lyon is in France');
    const answer = capability(task, 'answer', 'x');
    const ids = task.encode('Peru speaks');
    expect(task.tokenizer.decode(answer.determined(ids).map((at) => ids[at] ?? 0))).toBe(' Spanish.');
    expect(answer.determined(task.encode('It rains.'))).toEqual([]);
    expect(answersOf(task.texts)).toEqual([' Paris', ' Lima', ' French.', ' Spanish.', ' France', ' Peru']);
    expect(task.answerTokens().length).toBeGreaterThan(3);
  });

  it('has one name for what differs by pattern: as a feature, a place and a part', async () => {
    const task = await taskOf();
    expect(features(task, 'Peru speaks')).toMatchObject({
      subject: 'Peru',
      'subject.region': 'south',
      object: 'Spanish',
      land: 'Peru',
      relation: 'language',
      rank: null,
      pattern: 2,
    });
    expect(features(task, 'Lyon is in')).toMatchObject({
      subject: 'Lyon',
      'subject.region': 'west',
      object: 'France',
      land: 'France',
      capital: null,
      relation: 'home',
    });
    expect(features(task, 'Spain speaks')).toMatchObject({ capital: null, object: 'Spanish' });
    expect(features(task, 'It rains.')).toMatchObject({ subject: null, object: null, relation: null });
    expect(task.annotate(task.encode('In Peru is'))).toMatchObject({ relation: 'capital', country: 'Peru' });
    const named = (text: string): Record<string, number> =>
      Object.fromEntries(task.places(task.encode(text)).map(({ name, index }) => [name, index]));
    expect(named('Lyon is in')).toEqual({ BOS: 0, before: 0, subject: 1, END: 3 });
    const rain = named('It rains.');
    expect(Object.keys(rain)).toEqual(['BOS', 'END']);
    expect(rain['END']).toBe(task.encode('It rains.').length - 2);
    expect(task.variation.parts(task.encode('Lyon is in'))).toMatchObject([
      { name: 'pattern' },
      { name: 'subject', positions: [1] },
    ]);
  });

  it('is varied over all subjects of a relation, all pairs, or all relations of a subject', async () => {
    const task = await taskOf();
    const ids = task.encode('In Peru is');
    const varied = (...names: string[]): string[] => {
      const { size, input } = task.variation.varying(ids, names);
      return Array.from({ length: size }, (_, at) => task.decode(input(at))).sort();
    };
    expect(task.variation.usual(ids)).toEqual(['subject']);
    expect(varied('subject')).toEqual(['In France is Paris', 'In Peru is Lima']);
    expect(varied('country')).toEqual(varied('subject'));
    // Sentences without a subject are no pairs.
    expect(varied('pattern', 'subject')).toEqual([...pairs].sort());
    expect(varied('pattern')).toContain('Peru speaks Spanish.');
    expect(varied('pattern')).not.toContain('Spain speaks Spanish.');
    const held = heldTask(task, ids, ['pattern', 'subject']);
    expect([held.data?.size, held.held]).toEqual([7, []]);
    expect(() => task.variation.varying(ids, ['city'])).toThrow(/Nothing in this text is named "city"/);
    expect(() => heldTask(task, task.encode('It rains.'), ['subject'])).toThrow(/named "subject"/);
    const random = seededRandom(1);
    for (let draw = 0; draw < 50; draw++)
      expect(pairs).toContain(task.decode(task.variation.varying(ids, ['pattern', 'subject']).draw(random)));
  });

  it('has a decoder say pattern and fillers, and every text comes back', async () => {
    const task = await taskOf();
    const completion = capability(task, 'completion', 'x');
    for (const filling of everyFilling(task.texts)) {
      const ids = task.encode(task.texts.write(filling).text);
      expect(completion.complete(completion.toFree(ids))).toEqual(ids);
    }
    // The symbols of a capital of Spain stand for nothing.
    const [begin = 0, , peru = 0] = completion.toFree(task.encode('In Peru is'));
    expect(completion.complete([begin, 1, peru])).not.toBeNull();
    expect(completion.complete([begin, 1, peru + 1])).toBeNull();
  });

  it('is read as its file says', async () => {
    const task = await taskOf();
    expect(task).toMatchObject({ metric: 'cosine', epsilon: 0.25 });
    const turn = { temperature: 1, noise: 0.25, noiseKind: 'turn', repeats: 5, candidates: 64 };
    const flat = { temperature: 2, noise: 0, candidates: 8 };
    expect(task.rounds).toEqual([turn, flat, turn, flat]);
    const ids = task.encode('Lyon is in');
    const toBos = Float32Array.from(ids, (_, at) => (at === 2 ? 0.1 : 0.5));
    expect(task.attended?.positions(ids, toBos)).toContain(2);
    expect(task.attended?.positions(ids, toBos.fill(0.7))).toEqual([]);
    const plain = await taskOf({ attended: undefined, rounds: undefined });
    expect(plain.attended).toBeUndefined();
    expect(plain.rounds).toHaveLength(16);
  });

  it('has rare tokens: those of fillers, not those of every text', async () => {
    const fillers = Array.from({ length: 40 }, (_, at) => `X${at}`);
    const task = await taskOf({
      patterns: ['It is {sentence}'],
      slots: { sentence: fillers },
      contrast: undefined,
      places: undefined,
      positions: undefined,
    });
    const token = (text: string): number => task.tokenizer.encode(text)[0] ?? -1;
    expect(task.isRare?.(token(' is'))).toBe(false);
    expect(task.isRare?.(token('q'))).toBe(true);
    const { alphabet } = capability(task, 'completion', 'x');
    const [, pattern = -1, filler = -1] = capability(task, 'completion', 'x').toFree(task.encode('It is X7'));
    expect([pattern, filler].map((symbol) => alphabet?.isRare?.(symbol))).toEqual([false, true]);
  });

  it('is identified by answers and attributes of its patterns', async () => {
    const identity = async (changes: object): Promise<string> =>
      textIdentity((await taskOf(changes)).texts.template);
    const own = await identity({});
    const [first, ...others] = facts.patterns;
    expect(await identity({ patterns: [{ ...first, answer: ' {language}' }, ...others] })).not.toBe(own);
    expect(await identity({ patterns: [{ ...first, attributes: { relation: 'x' } }, ...others] })).not.toBe(
      own,
    );
    expect(await identity({ rounds: undefined, attended: undefined, epsilon: 1 })).toBe(own);
  });
});

describe('texts that are asked', () => {
  it('are all of a small task, or draws of its test split', async () => {
    const task = await taskOf({ split: { test: 0.5 } });
    const answered = (ids: readonly number[]): boolean => (task.answer?.determined(ids).length ?? 0) > 0;
    const all = askedTexts(task, { count: 9, seed: 1, heldOut: false, accepts: answered });
    expect([all.all, all.inputs.map((ids) => task.decode(ids))]).toEqual([true, pairs]);
    for (const choice of [
      { count: 8, heldOut: false },
      { count: 40, heldOut: true },
    ]) {
      const { all: whole, inputs } = askedTexts(task, { ...choice, seed: 1, accepts: answered });
      expect(whole).toBe(false);
      expect(new Set(inputs.map((ids) => ids.join())).size).toBe(inputs.length);
      const split = new Set(inputs.map((ids) => task.decode(ids)));
      expect(split.size).toBeGreaterThan(0);
      expect(split.size).toBeLessThan(pairs.length);
    }
  });
});

const slots = facts.slots;
describe('a template of relations that is wrong', () => {
  const long = 'A B C D E F G H I J K L M N O P Q R S T';
  it.each([
    [
      'a relation without subjects',
      { slots: { ...slots, city: [] } },
      /^facts\.json:1: slots\.city: a slot needs one filler at least/,
    ],
    [
      'a relation whose subjects a constraint leaves none of',
      { constraints: ['country.language = "Dutch"'] },
      /Nothing satisfies the constraints on country: country\.language = "Dutch"/,
    ],
    [
      'an attribute that no filler has',
      { slots: { ...slots, capital: { attribute: 'country.capitol', some: true } } },
      /^facts\.json:1: slots\.capital: no filler of country has an attribute "capitol"\. Did you mean "capital"\? Attributes: capital, language, region\.$/,
    ],
    [
      'an attribute that some lack, without a word',
      { slots: { ...slots, capital: { attribute: 'country.capital' } } },
      /slots\.capital: the filler "Spain" of country has no attribute "capital": give it one, or say some: true/,
    ],
    [
      'a common name that is written',
      { patterns: ['{subject} is'] },
      /\{subject\} stands for another slot of each pattern and cannot be written itself: write one of them\.$/,
    ],
    [
      'a common name of a common name',
      { slots: { ...slots, land: { either: ['subject'] } } },
      /slots\.land: subject has neither fillers of its own nor is it an attribute\.$/,
    ],
    [
      'a common name of no slot',
      { slots: { ...slots, land: { either: ['town'] } } },
      /No slot is named "town"/,
    ],
    [
      'an attribute of a pattern that is called as a slot is',
      { patterns: [{ text: '{country} is', attributes: { country: 'x' } }] },
      /patterns: an attribute cannot be named "country"/,
    ],
    [
      'a key that no pattern has',
      { patterns: [{ text: '{country} is', relation: 'x' }] },
      /^facts\.json:1: patterns/,
    ],
    [
      'a limit of nothing',
      { tokens: { subjct: 3 } },
      /tokens: no slot is named "subjct"\. Did you mean "subject"\?/,
    ],
    [
      'a round that is none',
      { rounds: { each: [{ temperature: 0 }] } },
      /rounds\.each\.0\.temperature: a number above 0/,
    ],
    ['a share above all', { attended: { below: 2 } }, /attended\.below: a share of at most 1 is needed/],
    [
      'a subject of twenty tokens',
      { slots: { ...slots, city: [{ text: long, in: 'Peru' }] }, tokens: { subject: 8 } },
      /^The subject "A B C .*" is \d\d tokens in this model \(.* …\), and facts allows 8: leave it out, or raise tokens\.subject of its file\.$/,
    ],
    [
      'an object of several tokens',
      { tokens: { answer: 1 } },
      /^The answer "French\." is \d tokens in this model \(.*\), and facts allows 1: leave it out, or raise tokens\.answer/,
    ],
    [
      'texts that are too long',
      { tokens: { text: 3 } },
      /^The longest text of facts is \d+ tokens in this model, and its file allows 3/,
    ],
  ])('names %s', async (_, changes, message) => {
    await expect(taskOf(changes)).rejects.toThrow(message);
  });
});
