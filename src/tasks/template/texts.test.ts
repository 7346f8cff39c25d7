import { describe, expect, it } from 'vitest';
import {
  everyFilling,
  forTasks,
  idsOf,
  probabilities,
  taskOfContent,
} from '../../../test/fixtures/random-templates.js';
import { seededRandom } from '../../random.js';

describe('texts of random templates', () => {
  it('have probabilities that sum to 1, two ways to write one added up', () =>
    forTasks((task) => {
      const sums = probabilities(task);
      let whole = 0;
      for (const [key, sum] of sums) {
        expect(Math.exp(task.distribution?.logProbability(idsOf(key)) ?? NaN)).toBeCloseTo(sum, 10);
        whole += sum;
      }
      expect(whole).toBeCloseTo(1, 10);
    }));

  it('are each enumerated, and read back into every filling that writes them', () =>
    forTasks(({ texts }) => {
      const all = everyFilling(texts);
      expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(texts.size);
      const writers = new Map<string, string[]>();
      for (const filling of all) {
        const { text } = texts.write(filling);
        writers.set(text, [...(writers.get(text) ?? []), JSON.stringify(filling)]);
      }
      for (const [text, fillings] of writers) {
        const read = texts.read(text).map((filling) => JSON.stringify(filling));
        expect(read.sort()).toEqual(fillings.sort());
        expect(texts.read(`${text}?`)).toEqual([]);
      }
    }));

  it('are sketched as they are drawn, with the features that their tokens have', () =>
    forTasks((task, seed) => {
      const { draw, sketch } = task.distribution ?? {};
      const [drawing, sketching] = [seededRandom(seed), seededRandom(seed)];
      const foreign = { name: 'foreign', of: () => 1 };
      for (let i = 0; i < 100; i++) {
        const ids = draw?.(drawing) ?? [];
        const sketched = sketch?.(sketching);
        expect(sketched?.ids()).toEqual(ids);
        expect(sketched?.key).toBe(task.decode(ids));
        for (const feature of task.features) expect(sketched?.value(feature)).toBe(feature.of(ids));
        expect(sketched?.value(foreign)).toBeUndefined();
      }
    }));

  it('are drawn as often as they are probable', () =>
    forTasks((task, seed) => {
      const sums = probabilities(task);
      const random = seededRandom(seed);
      const draws = 2000;
      const counts = new Map<string, number>();
      for (let i = 0; i < draws; i++) {
        const key = (task.distribution?.draw(random) ?? []).join();
        expect(sums.has(key)).toBe(true);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      let chi = 0;
      for (const [key, sum] of sums) chi += ((counts.get(key) ?? 0) - draws * sum) ** 2 / (draws * sum);
      const freedom = sums.size - 1;
      // Mean and standard deviation of chi-square are freedom and √(2 freedom); cells that are rare have a longer tail.
      expect(chi).toBeLessThan(freedom + 8 * Math.sqrt(2 * freedom + 1) + 8);
    }, 40));

  it('have mentions where their fillers stand, and a prompt that ends before the answer', () =>
    forTasks(({ texts }) => {
      const answer = texts.template.answer;
      for (const filling of everyFilling(texts)) {
        const { text, mentions, promptEnd } = texts.write(filling);
        const own = texts.patterns[filling.pattern];
        for (const { slot, start, end, root } of mentions) {
          expect(text.slice(start, end)).toBe(own?.filler(slot, filling.values)?.text);
          expect(root).toBe(own?.root(slot, filling.values));
          expect(end).toBeLessThanOrEqual(promptEnd);
        }
        expect(text.slice(promptEnd)).toBe(answer === null ? '' : texts.writeParts(filling, answer));
        expect(texts.read(text.slice(0, promptEnd), true)).toContainEqual(filling);
      }
    }));
});

describe('fillings', () => {
  const contentOf = (
    slots: unknown,
    patterns: readonly unknown[],
    constraints: readonly string[],
  ): unknown => ({
    name: 'small',
    patterns,
    slots,
    constraints,
  });

  it('weigh patterns, fillers and what constraints leave', async () => {
    const task = await taskOfContent(
      contentOf(
        { A: [{ text: 'a', weight: 3 }, 'b'], B: { 'same-as': 'A' } },
        [{ text: 'x {A} {B}', weight: 3 }, 'y {A}'],
        ['A != B'],
      ),
    );
    const probability = (text: string): number =>
      Math.exp(task.distribution?.logProbability(task.encode(text)) ?? NaN);
    expect(probability('x a b')).toBeCloseTo(3 / 4 / 2, 12);
    expect(probability('x b a')).toBeCloseTo(3 / 4 / 2, 12);
    expect(probability('x a a')).toBe(0);
    // A constraint on a slot that the pattern does not use says nothing of it.
    expect(probability('y a')).toBeCloseTo((1 / 4) * (3 / 4), 12);
  });

  it('compare numbers by size, and texts by their letters', async () => {
    const task = await taskOfContent(
      contentOf({ a: [9, 10, 'b', 'ab'], b: [9, 10, 'b', 'ab'] }, ['{a}<{b}'], ['a < b']),
    );
    const all = everyFilling(task.texts).map((filling) => task.texts.write(filling).text);
    expect(all.sort()).toEqual(['10<ab', '10<b', '9<10', '9<ab', '9<b', 'ab<b']);
  });

  it('go on without being listed where nothing ties slots together', async () => {
    const names = Array.from({ length: 6 }, (_, at) => `s${at}`);
    const task = await taskOfContent(
      contentOf(
        Object.fromEntries(names.map((name) => [name, { range: [0, 99] }])),
        [names.map((name) => `{${name}}`).join(' ')],
        [],
      ),
    );
    expect(task.texts.size).toBe(1e12);
    expect(task.texts.write(task.texts.at(123456789012)).text).toBe('12 34 56 78 90 12');
    expect(task.distribution?.logProbability(task.encode('1 2 3 4 5 6'))).toBeCloseTo(-12 * Math.log(10), 9);
  });

  it('name a text that can be written in too many ways', async () => {
    const task = await taskOfContent(
      contentOf({ A: ['a', 'aa'], B: { 'same-as': 'A' } }, ['{A}{B}'.repeat(1)], []),
    );
    expect(task.texts.read('aaa')).toHaveLength(2);
    const hidden = await taskOfContent({
      name: 'hidden',
      patterns: ['x'],
      slots: { A: { range: [1, 2000] } },
      answer: '{A}',
    });
    expect(() => hidden.texts.read('x', true)).toThrow('"x" is a text of hidden in more than 1000 ways.');
  });
});
