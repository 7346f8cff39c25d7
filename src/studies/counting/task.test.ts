import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../random.js';
import { counting, withCount } from './task.js';
import type { SaidStep } from '../../tasks/task.js';

const input = 'vvzccvczvvvzvcvc|v:8';
const reference = [37, 21, 21, 25, 2, 2, 21, 2, 25, 21, 21, 21, 25, 21, 2, 21, 2, 35, 21, 36, 33, 38];
const placesOf = (text: string): string =>
  counting
    .places(counting.encode(text))
    .map(({ name, index }) => `${name}@${index}`)
    .join(' ');

describe('counting', () => {
  it('has the published tokens', () => {
    expect(counting.encode(input)).toEqual(reference);
    expect(counting.decode(reference)).toBe(input);
    expect(counting.check(reference)).toBeNull();
  });

  it('has 200 distinct countings of each set of letters, asked three times', () => {
    expect(counting.data.size).toBe(1_560_000);
    for (const triple of [0, 1, 1300, 2599]) {
      const seen = new Map<string, Set<string>>();
      const letters = new Set<string>();
      for (let i = 0; i < 600; i++) {
        const text = counting.decode(counting.data.instance(triple * 600 + i));
        const [string = '', asked = ''] = text.split('|');
        const sorted = [...string].sort().join('');
        letters.add([...new Set(sorted)].join(''));
        seen.set(sorted, (seen.get(sorted) ?? new Set()).add(asked.charAt(0)));
      }
      expect(letters.size).toBe(1);
      expect(seen.size).toBe(200);
      for (const asked of seen.values()) expect(asked.size).toBe(3);
    }
  });

  it('keeps its data and what is held out: shipped models were trained on the rest', () => {
    const first = [0, 1, 389_999].map((k) => counting.decode(counting.data.member('test', k)));
    expect(first).toMatchInlineSnapshot(`
      [
        "obqqoqqqqq|b:1",
        "jwjwwjwzjwjzjwwjwjjzzwz|w:9",
        "qonnnoooqqqnonqooqonq|o:8",
      ]
    `);
  });

  it('refuses an index outside the data', () => {
    expect(() => counting.data.instance(1_560_000)).toThrow(RangeError);
  });

  it('shuffles each string by itself and asks for every count about as often', () => {
    const random = seededRandom(4);
    const counts = new Array<number>(10).fill(0);
    let firstIsLowest = 0;
    for (let i = 0; i < 9000; i++) {
      const ids = counting.sample(random, i % 4 === 0 ? 'test' : 'train');
      const count = (ids.at(-2) ?? 0) - 25;
      counts[count] = (counts[count] ?? 0) + 1;
      const string = ids.slice(1, ids.indexOf(35));
      if (string[0] === Math.min(...string)) firstIsLowest++;
    }
    for (const count of counts.slice(1)) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(Math.abs(firstIsLowest / 9000 - 1 / 3)).toBeLessThan(0.03);
  });

  it('has the published sites in the order of a run', () => {
    expect(counting.sites).toHaveLength(9);
    expect(counting.sites[3]).toBe('blocks.0.hook_mlp_out');
  });

  it('reaches its longest input', () => {
    const longest = counting.encode(`${'a'.repeat(9)}${'b'.repeat(9)}${'c'.repeat(9)}|a:9`);
    expect(longest).toHaveLength(counting.maxLength);
    expect(counting.check(longest)).toBeNull();
    expect(counting.completion.toFree(longest)).toHaveLength(counting.completion.maxFree);
  });

  it('names its places, of malformed inputs what it can', () => {
    expect(placesOf('abbc|b:2')).toBe('BOS@0 |@5 query@6 :@7 count@8 E@9');
    expect(placesOf('abb|')).toBe('BOS@0 |@4 E@5');
    expect(placesOf('ab:2')).toBe('BOS@0 :@3 count@4 E@5');
    expect(placesOf('a|2|b')).toBe('BOS@0 |@2 E@6');
  });

  it('asks about the letter asked for and the colon', () => {
    expect(counting.positions(reference)).toEqual([18, 19]);
    expect(counting.positions(counting.encode('abb'))).toEqual([]);
  });

  it.each([
    ['abbc|b:3', 'the count is wrong: 2 times b, not 3'],
    ['abb|b:2', 'has 2 distinct letters, not 3'],
    ['b|b:1', 'has 1 distinct letter, not 3'],
    ['abcd|b:1', 'has 4 distinct letters, not 3'],
    ['abc|d:1', 'asks for d, which is not in the string'],
    ['aaaaaaaaaabc|b:1', 'has 10 times a, more than 9'],
    ['abc', 'not of the form string|letter:count with a count of 1…9: abc'],
    ['abc|a:', 'not of the form string|letter:count with a count of 1…9: abc|a:'],
  ])('says why %s is not an input of the task', (text, reason) => {
    expect(counting.check(counting.encode(text))).toBe(reason);
    expect(counting.data.inSplit(counting.encode(text))).toBeNull();
  });

  it('knows a valid string that is not in the data', () => {
    const ids = counting.data.instance(123_456);
    const swapped = [...ids];
    const at = swapped.findIndex((id, i) => i > 1 && id < 26 && id !== swapped[1]);
    [swapped[1], swapped[at]] = [swapped[at] ?? 0, swapped[1] ?? 0];
    expect(counting.check(swapped)).toBeNull();
    expect(counting.data.inSplit(swapped)).toBeNull();
    expect(counting.data.inSplit(ids)).not.toBeNull();
  });

  it('writes the count only after a string with a bar and one letter, and one that has a token', () => {
    const answered = (text: string): string | null => {
      const whole = withCount(counting.encode(text).slice(0, -1));
      return whole === null ? null : counting.decode(whole);
    };
    expect(answered('abbc|b')).toBe('abbc|b:2');
    expect(answered('abb|b')).toBe('abb|b:2');
    for (const text of ['abbc', 'abbc|', 'abbc|bb', 'abc|d', `${'a'.repeat(10)}bc|a`, 'abbc|2', '|b']) {
      expect(answered(text)).toBeNull();
    }
    expect(withCount([0, 1, 35, 0])).toBeNull();
    expect(withCount([37, 0, 38, 35, 0])).toBeNull();
    expect(answered(`${'abc'.repeat(9)}a|b`)).toBeNull();
  });

  it('says an input by its letters, their counts and the letter asked for', () => {
    const { toFree, complete } = counting.completion;
    const say = (text: string): string => counting.decode(toFree(counting.encode(text)));
    expect(say('vvzccvczvvvzvcvc|v:8')).toBe('c5v8z3v');
    expect(say('abb|b:2')).toBe('a1b2b');
    expect(say('cab')).toBe('a1b1c1');
    const free = (text: string): number[] => counting.encode(text).slice(0, -1);
    expect(counting.check(complete(free('c5v8z3v'), 7) ?? [])).toBeNull();
    for (const text of [
      'v8c5z3v',
      'c5c8z3c',
      'c5v8z3a',
      'c5v8z3',
      'c5v8z33',
      '5cv8z3v',
      'cccv8z3v',
      'c5v8z3v|',
    ]) {
      expect(complete(free(text)), text).toBeNull();
    }
  });

  it('draws every order of a string equally often', () => {
    const { complete, logOrders, toFree } = counting.completion;
    const free = toFree(counting.encode('aabc|a:2'));
    expect(logOrders?.(free)).toBeCloseTo(Math.log(12), 12);
    const times = new Map<string, number>();
    for (let order = 0; order < 12_000; order++) {
      const text = counting.decode(complete(free, order) ?? []);
      times.set(text, (times.get(text) ?? 0) + 1);
    }
    expect(times.size).toBe(12);
    // Five standard deviations of a count of a thousand.
    for (const count of times.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  it('knows what decides on each token of the input', () => {
    const said = (text: string): string[] | undefined =>
      counting.completion.origins(counting.encode(text))?.map((origin) => {
        if (origin.kind !== 'said') return origin.kind;
        const step = ({ at, among, given = [] }: SaidStep): string =>
          `${at}:${counting.decode(among)}${given.length > 0 ? ` of ${counting.decode(given)}` : ''}`;
        return origin.steps.map(step).join(', ');
      });
    expect(said('cabb|b:2')).toEqual([
      'fixed',
      '5:c, 6:123456789',
      '1:a, 2:123456789',
      '3:b, 4:123456789',
      '4:23456789 of 123456789',
      '2:1 of 123456789, 4:2 of 23456789, 6:1 of 123456789',
      '7:b',
      'fixed',
      'follows',
      'fixed',
    ]);
    for (const text of ['abcd|a:1', 'aaaaaaaaaabc|a:9', 'a1bc|a:1', 'abc|d:1', 'abc', 'abc|a3'])
      expect(said(text)).toBeUndefined();
    // A wrong count is where a right one would be.
    expect(said('abc|a:3')?.at(-2)).toBe('follows');
  });

  it('annotates the true count and the letters', () => {
    expect(counting.annotate(reference)).toEqual({ count: 8, letters: 'c 5, v 8, z 3' });
    expect(counting.annotate(counting.encode('abc'))).toEqual({});
  });
});
