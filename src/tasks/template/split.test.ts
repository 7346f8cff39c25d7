import { describe, expect, it } from 'vitest';
import { everyFilling, forTasks, taskOfContent } from '../../../test/fixtures/random-templates.js';
import { seededRandom } from '../../random.js';
import { splitOf } from './split.js';

describe('the splits of random templates', () => {
  it('part texts, or fillers of the slots named', () =>
    forTasks(({ texts }) => {
      const of = splitOf(texts);
      const { by } = texts.template.split;
      const seen = new Map<string, Set<unknown>>();
      const heldOut = new Map<string, Set<string>>();
      for (const filling of everyFilling(texts)) {
        const own = texts.patterns[filling.pattern];
        const split = of(filling);
        const keys =
          by === null
            ? [texts.write(filling).text]
            : by.flatMap((slot) => {
                if (own?.variables.some((one) => one.slot === slot) !== true) return [];
                const list = texts.template.slots.get(slot);
                const family = list?.kind === 'fillers' ? list.family : slot;
                const text = own.filler(slot, filling.values)?.text ?? '';
                if (split === 'test') heldOut.set(slot, new Set(heldOut.get(slot)).add(text));
                return [`${family} ${text}`];
              });
        if (by === null) expect(split).not.toBeNull();
        if (split === null) continue;
        for (const key of keys) seen.set(key, new Set(seen.get(key)).add(split));
      }
      for (const [key, splits] of seen) expect(splits.size, key).toBe(1);
      for (const [slot, fillers] of heldOut) {
        const list = texts.template.slots.get(slot);
        expect(fillers.size).toBeLessThan(list?.kind === 'fillers' ? list.fillers.length : 0);
      }
    }));

  it('are what samples are drawn from', () =>
    forTasks((task, seed) => {
      const of = splitOf(task.texts);
      const there = new Set(everyFilling(task.texts).map(of));
      for (const split of ['train', 'test'] as const) {
        const sample = (): number[] => task.sample(seededRandom(seed), split);
        if (!there.has(split)) {
          expect(sample).toThrow(
            `No text of random is in its ${split} split: give more fillers, or split by fewer slots.`,
          );
          continue;
        }
        const ids = sample();
        expect(task.texts.read(task.decode(ids)).map(of)).toContain(split);
        expect(sample()).toEqual(ids);
      }
    }, 20));

  it('hold out the share asked for', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `n${at}`);
    const content = (split: unknown): unknown => ({
      name: 'shares',
      patterns: ['{A} {B}'],
      slots: { A: names, B: { 'same-as': 'A' } },
      split,
    });
    const shares = async (split: unknown): Promise<number[]> => {
      const { texts } = await taskOfContent(content(split));
      const of = everyFilling(texts).map(splitOf(texts));
      return [of.filter((one) => one === 'test').length, of.filter((one) => one === null).length];
    };
    const [texts = 0] = await shares({ test: 0.25 });
    expect(Math.abs(texts - 400)).toBeLessThan(60);
    expect(await shares({ test: 0.25, by: ['A'] })).toEqual([400, 0]);
    expect(await shares({ test: 0.25, by: ['A', 'B'] })).toEqual([100, 600]);
  });
});
