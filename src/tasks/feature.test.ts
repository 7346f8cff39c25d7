import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { seededRandom } from '../random.js';
import { addition, additionIndex, counting } from '../studies/index.js';
import { type Feature, type FeatureValue, featureValue, featuresOf, readFeatures } from './feature.js';

const valuesOf = (task: typeof addition, input: string): Record<string, FeatureValue> =>
  Object.fromEntries(task.features.map(({ name, of }) => [name, of(task.encode(input))]));

describe('features of addition', () => {
  it('are digits, pairs, sums, carries and the answer', () => {
    expect(valuesOf(addition, '835+187=1022')).toEqual({
      F1: 8,
      F2: 3,
      F3: 5,
      S1: 1,
      S2: 8,
      S3: 7,
      '{F1,S1}': '1,8',
      '{F2,S2}': '3,8',
      '{F3,S3}': '5,7',
      'F1+S1': 9,
      'F2+S2': 11,
      'F3+S3': 12,
      C2: 1,
      C3: 1,
      sum: 1022,
      A1: 1,
      A2: 0,
      A3: 2,
      A4: 2,
    });
    expect(valuesOf(addition, '100+100=200')).toMatchObject({ A1: 2, A4: null, sum: 200, C2: 0 });
  });

  it('agree with arithmetic, and pairs and sums do not see the order', () => {
    const number = fc.integer({ min: 100, max: 999 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const own = valuesOf(addition, `${a}+${b}=${a + b}`);
        const swapped = valuesOf(addition, `${b}+${a}=${a + b}`);
        expect(own['sum']).toBe(a + b);
        expect({ C2: own['C2'], C3: own['C3'] }).toEqual({
          C2: (a % 100) + (b % 100) >= 100 ? 1 : 0,
          C3: (a % 10) + (b % 10) >= 10 ? 1 : 0,
        });
        expect([own['A1'], own['A2'], own['A3'], own['A4']].filter((digit) => digit !== null).join('')).toBe(
          String(a + b),
        );
        for (const name of ['{F1,S1}', '{F2,S2}', '{F3,S3}', 'F1+S1', 'F2+S2', 'F3+S3', 'C2', 'C3', 'sum'])
          expect(own[name]).toBe(swapped[name]);
      }),
    );
  });
});

describe('features of counting', () => {
  it('are the counts in several orders, the question, the length and the ends', () => {
    expect(valuesOf(counting, 'vvzccvczvvvzvcvc|v:8')).toEqual({
      count: 8,
      letter: 'v',
      rank: 2,
      others: '3,5',
      rest: 8,
      n1: 5,
      n2: 8,
      n3: 3,
      least: 3,
      middle: 5,
      greatest: 8,
      length: 16,
      letters: 'cvz',
      first: 'v',
      last: 'c',
    });
  });

  it('agree with the task on any input', () => {
    const random = seededRandom(5);
    for (let i = 0; i < 200; i++) {
      const ids = counting.distribution.draw(random);
      const text = counting.decode(ids);
      const own = valuesOf(counting, text);
      const [string = '', question = ''] = text.split('|');
      expect(own['count']).toBe(Number(question.at(-1)));
      expect(own['length']).toBe(string.length);
      expect(Number(own['least']) + Number(own['middle']) + Number(own['greatest'])).toBe(string.length);
      expect(Number(own['rest']) + Number(own['count'])).toBe(string.length);
    }
  });
});

describe('input distributions', () => {
  it('give each sum one in 810,000, and others nothing', () => {
    expect(addition.distribution.logProbability(addition.encode('615+861=1476'))).toBeCloseTo(
      -Math.log(810_000),
      12,
    );
    expect(addition.distribution.logProbability(addition.encode('615+861=1475'))).toBe(-Infinity);
    expect(addition.data.instance(additionIndex(615, 861))).toEqual(addition.encode('615+861=1476'));
  });

  it('give each counting its share: all orders of one class sum to one in 2600 · 2187', () => {
    const orders = ['aab', 'aba', 'baa']
      .map((letters) => `${letters}c`)
      .flatMap((text) => permutations(text));
    const distinct = [...new Set(orders)];
    const sum = distinct.reduce(
      (total, text) => total + Math.exp(counting.distribution.logProbability(counting.encode(`${text}|a:2`))),
      0,
    );
    expect(distinct).toHaveLength(12);
    expect(sum).toBeCloseTo(1 / (2600 * 729 * 3), 12);
    expect(counting.distribution.logProbability(counting.encode('aabc|a:3'))).toBe(-Infinity);
  });

  it('draw inputs that are theirs, members of the class that was asked for', () => {
    const random = seededRandom(6);
    for (const task of [addition, counting]) {
      for (let i = 0; i < 50; i++) expect(task.check(task.distribution.draw(random))).toBeNull();
    }
    const { enumeration } = counting;
    if (enumeration?.kind !== 'strata') throw new Error('counting has strata');
    const [one, other] = [enumeration.member(17, 1500, random), enumeration.member(17, 1500, random)];
    expect([...one].sort()).toEqual([...other].sort());
    expect(enumeration.groupOf(one)).toBe(17);
    expect(counting.check(one)).toBeNull();
    const classes = new Set(
      Array.from({ length: enumeration.classes }, (_, at) => {
        const ids = enumeration.member(3, at, random);
        const bar = ids.indexOf(35);
        return `${[...ids.slice(1, bar)].sort().join()} ${ids[bar + 1] ?? ''}`;
      }),
    );
    expect(classes.size).toBe(2187);
  });
});

function permutations(text: string): string[] {
  if (text.length < 2) return [text];
  return Array.from(text).flatMap((letter, at) =>
    permutations(text.slice(0, at) + text.slice(at + 1)).map((rest) => letter + rest),
  );
}

describe('featuresOf', () => {
  const mine: Feature = { name: 'mine', of: () => 1 };

  it('gives the named ones, in the order of the names, added ones among them', () => {
    const named = featuresOf(addition, { names: ['mine', ' C2', '{F1,S1}'], added: [mine] });
    expect(named.map(({ name }) => name)).toEqual(['mine', 'C2', '{F1,S1}']);
    expect(featuresOf(addition, { added: [mine] })).toHaveLength(addition.features.length + 1);
  });

  it('refuses unknown names with a suggestion, and two of one name', () => {
    expect(() => featuresOf(addition, { names: ['{F1,S2}'] })).toThrow(
      /^Unknown feature "\{F1,S2\}"\. Did you mean "\{F1,S1\}"\? Features of addition: F1, F2, /,
    );
    expect(() => featuresOf(counting, { names: ['lenght'] })).toThrow(InputError);
    expect(() => featuresOf(addition, { added: [{ ...mine, name: 'C2' }] })).toThrow(
      /Two features are named "C2"/,
    );
  });
});

describe('readFeatures', () => {
  const good = { name: 'mine', of: () => 1 };

  it('takes an array, or a function of the task', () => {
    expect(readFeatures([good], addition, 'f.mjs')).toEqual([good]);
    expect(
      readFeatures((task: typeof addition) => [{ name: task.name, of: () => null }], counting, 'f.mjs')[0]
        ?.name,
    ).toBe('counting');
  });

  it.each([
    [undefined, /^f\.mjs must export features by default/],
    [{ name: 'x' }, /must export/],
    [() => 5, /must export/],
    [[good, { name: '', of: () => 1 }], /^f\.mjs: feature 2 is not one/],
    [[{ name: 'x', of: 3 }], /feature 1 is not one/],
    [[{ ...good, about: 7 }], /feature 1 is not one/],
    [[null], /feature 1 is not one/],
  ])('refuses %j', (exported, message) => {
    expect(() => readFeatures(exported, addition, 'f.mjs')).toThrow(message);
    expect(() => readFeatures(exported, addition, 'f.mjs')).toThrow(InputError);
  });
});

describe('featureValue', () => {
  const ids = addition.encode('615+861=1476');
  it('names a feature that fails or gives something else, and the input', () => {
    const failing: Feature = {
      name: 'bad',
      of: () => {
        throw new Error('no such digit');
      },
    };
    expect(() => featureValue(addition, failing, ids)).toThrow(
      new InputError('The feature "bad" failed on 615+861=1476: no such digit'),
    );
    for (const value of [undefined, NaN, true, {}]) {
      const odd = { name: 'odd', of: () => value } as unknown as Feature;
      expect(() => featureValue(addition, odd, ids)).toThrow(/^The feature "odd" gave .* for 615\+861=1476/);
    }
  });
});
