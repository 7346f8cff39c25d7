import { expect, it } from 'vitest';
import { meetings } from '../../../test/fixtures/template-models.js';
import { noFiles } from '../../../test/fixtures/random-templates.js';
import { fewerFillers } from './fewer-fillers.js';
import { readTemplate } from './template-file.js';
import { textsOf } from './texts.js';

it('takes fillers evenly from each list, and leaves shorter lists and other slots as they are', async () => {
  const template = await readTemplate(JSON.stringify(meetings), 'meetings.json', noFiles);
  const fewer = fewerFillers(template, 3);
  const texts = (slot: string): readonly string[] => {
    const own = fewer.slots.get(slot);
    return own?.kind === 'fillers' ? own.fillers.map(({ text }) => text) : [];
  };
  expect(texts('A')).toEqual(['Ann', 'Cleo', 'Eve']);
  expect(texts('B')).toEqual(texts('A'));
  expect(texts('town')).toEqual(['Rome', 'Oslo', 'Bonn']);
  expect(fewer.slots.get('S')).toBe(template.slots.get('S'));
  // 2 patterns, 3 · 2 pairs, 2 subjects, 3 towns.
  expect(textsOf(fewer).size).toBe(2 * 6 * 2 * 3);
});

it('leaves what a text says, which is then a text still', async () => {
  const template = await readTemplate(JSON.stringify(meetings), 'meetings.json', noFiles);
  const names = (said: string, most = 3): string[] => {
    const own = fewerFillers(template, most, said).slots.get('A');
    return own?.kind === 'fillers' ? own.fillers.map(({ text }) => text) : [];
  };
  const all = names('', 100);
  for (const one of all)
    for (const other of all) {
      const own = names(`${one} and ${other} met.`);
      expect(own).toEqual(expect.arrayContaining([one, other]));
      expect(own).toHaveLength(3);
    }
  // Part of a word is not said; more than so many are all there.
  expect(names(`${all[1] ?? ''}x met`)).toEqual(names(''));
  expect(names(all.join(', '), 2)).toEqual(all);
});
