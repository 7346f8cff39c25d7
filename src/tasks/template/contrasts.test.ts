/** What a template's texts are held against: drawn contrasts, and where their places stand. */
import { beforeAll, describe, expect, it } from 'vitest';
import { meetings, meetingsTask } from '../../../test/fixtures/template-models.js';
import { noFiles } from '../../../test/fixtures/random-templates.js';
import { randomFor } from '../../random.js';
import { type TemplateTask } from './template-task.js';
import { readTemplate } from './template-file.js';

const contrast = { answer: ' {S}', redraw: ['A', 'B'], fresh: ['A', 'B', 'S'] };
const names = ['Ann', 'Bo', 'Cleo', 'Dan', 'Eve', 'Finn'];

let task: TemplateTask;
beforeAll(async () => {
  task = await meetingsTask({ contrast });
});

const drawn = (count = 60): { readonly clean: number[]; readonly contrast: number[] }[] =>
  Array.from({ length: count }, (_, at) => {
    const clean = task.sample(randomFor(1, 'clean', at), at % 2 === 0 ? 'train' : 'test');
    const own = task.contrasts.drawFresh(clean, randomFor(1, 'contrast', at));
    if (own === null) throw new Error(`no contrast of ${task.decode(clean)}`);
    return { clean, contrast: own };
  });
const namesIn = (ids: readonly number[]): string[] => {
  const prompt = task.decode(ids).replace(/ met .*$/, ' met');
  return prompt.match(/[A-Z][a-z]+/g)?.filter((word) => names.includes(word)) ?? [];
};

describe('contrasts with fresh fillers', () => {
  it('share no name with the text, and have three different ones', () => {
    for (const { clean, contrast: own } of drawn()) {
      const [before, after] = [new Set(namesIn(clean)), namesIn(own)];
      expect(before.size).toBe(2);
      expect(new Set(after).size).toBe(3);
      expect(after.filter((name) => before.has(name))).toEqual([]);
    }
  });

  it('differ from the text in nothing but the names, and answer nothing', () => {
    const bare = (text: string): string => text.replace(new RegExp(names.join('|'), 'g'), '_');
    for (const { clean, contrast: own } of drawn())
      expect(bare(task.decode(own))).toBe(bare(task.decode(clean).replace(/ met .*$/, ' met')));
  });

  it('are drawn by the seed, and are not all one', () => {
    const [first] = drawn(1);
    if (first === undefined) throw new Error('none');
    const again = Array.from({ length: 20 }, (_, at) =>
      task.contrasts.drawFresh(first.clean, randomFor(1, 'contrast', at))?.join(),
    );
    expect(again[0]).toBe(first.contrast.join());
    expect(new Set(again).size).toBeGreaterThan(5);
  });

  it('have the places of the text: at each the same part of the pattern', () => {
    const tokens = (ids: readonly number[]): readonly string[] => task.tokenizer.tokens?.(ids) ?? [];
    for (const { clean, contrast: own } of drawn()) {
      const paired = task.pairing.places(clean, own);
      expect(paired.map(({ name, index }) => ({ name, index }))).toEqual(task.places(clean));
      const words = (ids: readonly number[], at: number): string =>
        (tokens(ids)[at] ?? '').trim().replace(new RegExp(`^(${names.join('|')})$`), 'name');
      for (const { name, index, source } of paired)
        expect(words(own, source), name).toBe(words(clean, index));
      // Every name of these texts is one token, so that all stands where it stood.
      expect(paired.every(({ index, source }) => index === source)).toBe(true);
    }
  });

  it('have them where fillers have other numbers of tokens', async () => {
    // Rome is cut into its letters.
    const long = await meetingsTask({ contrast: { answer: ' {S}', fresh: ['A', 'B', 'S', 'town'] } });
    const clean = long.encode('Ann and Bo in Oslo. Ann met');
    const own = long.encode('Cleo and Dan in Rome. Eve met');
    expect(long.check(own)).not.toBeNull();
    const places = Object.fromEntries(long.places(clean).map(({ name, index }) => [name, index]));
    const paired = Object.fromEntries(
      long.pairing.places(clean, own).map(({ name, source }) => [name, source]),
    );
    expect(paired['S1']).toBe(places['S1']);
    expect(paired['END']).toBe((places['END'] ?? 0) + 4);
    for (let at = 0; at < 20; at++)
      expect(long.decode(long.contrasts.drawFresh(clean, randomFor(1, 'town', at)) ?? [])).not.toContain(
        'Oslo',
      );
  });

  it('are held against the answer by what the template says', () => {
    for (const { clean, contrast: own } of drawn(10)) {
      const answers = task.pairing.answers(clean, own);
      expect(answers?.against).toBe(task.contrastAnswer(clean));
      expect(answers?.answerAt).toBe(task.answer?.determined(clean)[0]);
      expect((answers?.contrastAnswerAt ?? 0) - 1).toBe(
        task.pairing.places(clean, own).find(({ name }) => name === 'END')?.source,
      );
    }
  });
});

describe('other texts of the task', () => {
  it('differ in the slots named alone, with another answer where there is one', () => {
    for (let at = 0; at < 40; at++) {
      const clean = task.sample(randomFor(2, 'clean', at), 'train');
      const own = task.contrasts.redrawn(clean, ['S'], randomFor(2, 'contrast', at));
      if (own === null) throw new Error('none');
      expect(task.check(own)).toBeNull();
      const [before, after] = [task.annotate(clean), task.annotate(own)];
      expect([after['A'], after['B'], after['town']]).toEqual([before['A'], before['B'], before['town']]);
      // The other of the two is the subject now.
      expect(task.decode(own)).not.toBe(task.decode(clean));
      expect(task.pairing.answers(clean, own)?.contrastAnswerAt).toBe(task.answer?.determined(own)[0]);
    }
  });

  it('are taken with the same answer where there is no other', () => {
    const clean = task.encode('Ann and Bo in Oslo. Ann met');
    const own = task.contrasts.redrawn(clean, ['town'], randomFor(1, 'town')) ?? [];
    expect(task.decode(own)).toMatch(/^Ann and Bo in (Rome|Bonn)\. Ann met Bo$/);
  });

  it('are refused for a part that the text does not have', () => {
    const clean = task.encode('Ann and Bo in Oslo. Ann met');
    expect(() => task.contrasts.redrawn(clean, ['twon'], randomFor(1, 'town'))).toThrow(
      'Nothing in this text is named "twon". Did you mean "town"?',
    );
  });
});

describe('typed contrasts', () => {
  it('are found to have fresh fillers, and their places', () => {
    const clean = task.encode('Bo saw Ann in Bonn. Ann met');
    const own = task.encode('Cleo saw Dan in Bonn. Eve met');
    expect(task.pairing.places(clean, own).map(({ name, index, source }) => [name, index, source])).toEqual(
      task.places(clean).map(({ name, index }) => [name, index, index]),
    );
  });

  it('of any other words align where they are as long', () => {
    const clean = task.encode('Ann and Bo in Oslo. Ann met');
    const same = [...clean.slice(0, clean.indexOf(task.eos, 1) - 1)];
    const other = [...same.map((id, at) => (at === 3 ? (task.encode('z')[1] ?? 0) : id)), task.eos];
    expect(task.check(other)).not.toBeNull();
    expect(task.pairing.places(clean, other)).toHaveLength(task.places(clean).length);
    expect(task.pairing.places(clean, [...other.slice(0, 4), task.eos])).toEqual([]);
    expect(task.pairing.answers(clean, [...other.slice(0, 4), task.eos])).toBeNull();
  });
});

describe('a template file', () => {
  const read = (changes: object): Promise<unknown> =>
    readTemplate(JSON.stringify({ ...meetings, ...changes }, null, 1), 'mine.json', noFiles);
  const fresh = (...slots: string[]): object => ({ contrast: { fresh: slots } });
  it.each([
    ['a slot that is not there', fresh('A', 'C'), /^mine\.json:\d+: No slot is named "C"\. Did you mean/],
    ['the same slot twice', fresh('A', 'A'), /contrast\.fresh: A stands there twice\.$/],
    [
      'a slot of no pattern',
      fresh('O'),
      /contrast\.fresh: no pattern has \{O\}, so that nothing would change\.$/,
    ],
    [
      'too few fillers',
      { ...fresh('A', 'B', 'S'), slots: { ...meetings.slots, A: ['Ann', 'Bo', 'Cleo', 'Dan'] } },
      /contrast\.fresh: A, B, S need 5 different fillers, 2 of the text and 3 new ones, and there are 4\.$/,
    ],
    [
      'an attribute',
      {
        ...fresh('pet'),
        patterns: ['{A} and {B} in {town} with {pet}. {S} met'],
        slots: {
          ...meetings.slots,
          A: names.map((text) => ({ text, pet: `${text}y` })),
          pet: { attribute: 'A.pet' },
        },
      },
      /contrast\.fresh: pet is an attribute of A and has no filler of its own: name A\.$/,
    ],
    [
      'the other of a slot that is neither',
      { ...fresh('S'), patterns: ['{A} and {B} in {town}. {S} met {O} on'] },
      /contrast\.fresh: O is the other than S, which would be neither: name O too\.$/,
    ],
    [
      'a contrast of nothing',
      { contrast: { answer: ' {S}' } },
      /contrast: redraw or fresh is needed: the slots that differ\.$/,
    ],
  ])('is refused for %s', async (_, changes, message) => {
    await expect(read(changes)).rejects.toThrow(message);
  });

  it('may say fresh slots alone: then all that a text is made of varies where nothing else is asked for', async () => {
    const own = await meetingsTask({ contrast: { answer: ' {S}', fresh: ['A', 'B', 'S'] } });
    const ids = own.encode('Ann and Bo in Oslo. Ann met');
    expect(own.variation.usual(ids)).toEqual(own.variation.parts(ids).map(({ name }) => name));
  });
});
