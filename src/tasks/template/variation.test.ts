import { describe, expect, it } from 'vitest';
import {
  everyFilling,
  forTasks,
  idsOf,
  probabilities,
  taskOfContent,
} from '../../../test/fixtures/random-templates.js';
import { seededRandom } from '../../random.js';
import { capability } from '../capabilities.js';
import { type Filling } from './texts.js';

describe('what varies in random templates', () => {
  it('is just what agrees in the parts that are held', () =>
    forTasks((task, seed) => {
      const { variation, texts } = task;
      if (variation === undefined) throw new Error('no variation');
      const random = seededRandom(seed);
      const all = everyFilling(texts);
      const chooser = [...probabilities(task).keys()];
      for (let i = 0; i < 6; i++) {
        const ids = idsOf(chooser[random.int(chooser.length)] ?? '');
        const [base] = texts.read(task.decode(ids));
        const parts = variation.parts(ids).map(({ name }) => name);
        const free = parts.filter(() => random.int(2) === 0);
        const named = ({ pattern, values }: Filling): Map<string, number> =>
          new Map([
            ['pattern', pattern],
            ...(texts.patterns[pattern]?.variables.map(({ slot }, at) => [slot, values[at] ?? -1] as const) ??
              []),
          ]);
        const own = named(base ?? { pattern: 0, values: [] });
        // A part that the other pattern has not, or has alone, is free with the pattern.
        const agrees = (filling: Filling): boolean =>
          [...named(filling)].every(
            ([name, value]) => free.includes(name) || !own.has(name) || own.get(name) === value,
          );
        const wanted = all.filter(agrees).map((filling) => texts.write(filling).text);
        const { size, input, draw, logProbability } = variation.varying(ids, free);
        const found = Array.from({ length: size }, (_, index) => task.decode(input(index)));
        expect(found.sort()).toEqual(wanted.sort());
        expect(found).toContain(task.decode(ids));
        for (let index = 0; index < Math.min(size, 20); index++)
          expect(logProbability(index)).toBeLessThanOrEqual(
            (task.distribution?.logProbability(input(index)) ?? -Infinity) + 1e-9,
          );
        if (i > 0) continue;
        // Drawn as the task draws among those.
        const mass = new Map<string, number>();
        for (const filling of all.filter(agrees)) {
          const { text } = texts.write(filling);
          mass.set(text, (mass.get(text) ?? 0) + Math.exp(texts.logProbability(filling)));
        }
        const whole = [...mass.values()].reduce((sum, one) => sum + one, 0);
        const counts = new Map<string, number>();
        const draws = 600;
        for (let at = 0; at < draws; at++) {
          const text = task.decode(draw(random));
          counts.set(text, (counts.get(text) ?? 0) + 1);
        }
        for (const text of counts.keys()) expect(mass.has(text)).toBe(true);
        for (const [text, own] of mass) {
          const share = own / whole;
          const off = Math.abs((counts.get(text) ?? 0) - draws * share);
          expect(off, text).toBeLessThan(6 * Math.sqrt(draws * share * (1 - share)) + 6);
        }
      }
    }));
});

describe('parts of a text', () => {
  const content = {
    name: 'gifts',
    patterns: ['{A} and {B} met. {S} gave it to', { text: '{A} saw {B} in {town}', weight: 3 }],
    slots: {
      A: ['Ann', 'Bo', 'Zoe'],
      B: { 'same-as': 'A' },
      S: { 'one-of': ['A', 'B'] },
      O: { 'other-of': ['A', 'B'], than: 'S' },
      town: ['Rome', 'Oslo', 'Bonn', 'Lyon'],
    },
    constraints: ['A != B'],
    contrast: { redraw: ['A'] },
  };

  it('have the tokens of their mentions', async () => {
    const task = await taskOfContent(content);
    const { parts, usual, varying } = capability(task, 'variation', 'A test');
    const ids = task.encode('Ann and Zoe met. Zoe gave it to');
    const texts = parts(ids).map(({ name, positions }) => [
      name,
      positions.map((at) => task.tokenizer.decode([ids[at] ?? 0])).join('|'),
    ]);
    expect(texts).toEqual([
      ['pattern', ''],
      ['A', 'An|n'],
      ['B', 'Z|o|e|Z|o|e'],
      ['S', 'Z|o|e'],
    ]);
    // A choice between slots that are drawn anew is drawn with them.
    expect(usual(ids)).toEqual(['A', 'S']);
    expect(varying(ids, ['A', 'S']).size).toBe(4);
    expect(parts(task.encode('Ann and'))).toEqual([]);
  });

  it('are refused where the text has none of the name, and where it is none', async () => {
    const task = await taskOfContent(content);
    const { varying, usual } = capability(task, 'variation', 'A test');
    const ids = task.encode('Ann saw Bo in Oslo');
    expect(() => varying(ids, ['A', 'Town'])).toThrow(
      'Nothing in this text is named "Town". Did you mean "town"? What can vary: pattern, A, B, town.',
    );
    expect(() => varying(ids, ['S'])).toThrow('Nothing in this text is named "S".');
    expect(() => usual(task.encode('Ann saw Bo'))).toThrow(
      'Ann saw Bo is no text of gifts: none can be varied.',
    );
  });

  it('that only another pattern has are free with the pattern, which is drawn by its weight', async () => {
    const task = await taskOfContent(content);
    const { varying } = capability(task, 'variation', 'A test');
    const { size, draw } = varying(task.encode('Ann saw Bo in Oslo'), ['pattern']);
    // S is free in the first pattern, and the town is held in the second.
    expect(size).toBe(3);
    const random = seededRandom(5);
    const draws = Array.from({ length: 2000 }, () => task.decode(draw(random)));
    // Of the first pattern all towns count as this one, of the second a quarter of its texts is left: 1 to 3/4.
    const share = draws.filter((text) => text === 'Ann saw Bo in Oslo').length / draws.length;
    expect(share).toBeGreaterThan(0.38);
    expect(share).toBeLessThan(0.48);
  });
});
