import { beforeAll, describe, expect, it } from 'vitest';
import { probedModel } from '../../test/fixtures/task-models.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { runWithCache, type HookedModel } from '../models/hooked-model.js';
import { addition, counting } from '../studies/index.js';
import { featuresOf, resolvePosition } from '../tasks/index.js';
import { attentionOf, heldOutInputs, sourceNames } from './attention.js';
import { conditionOf } from './condition.js';
import { profileOf } from './profile.js';
import { activationsOf } from './queries.js';

const runtime = nodeRuntime({ threads: 1 });
const head = 'blocks.1.attn.hook_result.0';
let model: HookedModel;
let adder: HookedModel;
beforeAll(async () => {
  model = await probedModel(counting);
  adder = await probedModel(addition);
});

describe('conditionOf', () => {
  const ids = addition.encode('615+861=1476');

  it.each([
    ['A1=1', true],
    ['A1!=1', false],
    ['A1=1,C2!=1', true],
    ['A1=1, C2=1', false],
    ['{F1,S1}=6,8', true],
    ['{F1,S1}=6,8,A4=6', true],
    ['{F1,S1}!=6,8', false],
  ])('%s', (text, holds) => {
    expect(conditionOf(addition, text).holds(ids)).toBe(holds);
  });

  it('takes – for a feature without a value', () => {
    expect(conditionOf(addition, 'A4=–').holds(addition.encode('100+100=200'))).toBe(true);
    expect(conditionOf(addition, 'A4=–').holds(ids)).toBe(false);
  });

  it.each([
    ['A1', /"A1" is no condition: a feature's value is needed, as in A1=1/],
    ['A1=', /is no condition/],
    ['', /is no condition/],
    ['A7=1', /Unknown feature "A7"\. Did you mean "A\d"\?/],
  ])('refuses %j', (text, message) => {
    expect(() => conditionOf(addition, text)).toThrow(message);
    expect(() => conditionOf(addition, text)).toThrow(InputError);
  });
});

describe('heldOutInputs', () => {
  it('gives held-out inputs that meet the condition and have the places', () => {
    const found = heldOutInputs(addition, 40, 3, conditionOf(addition, 'F1=9'), ['A4']);
    expect(found).toHaveLength(40);
    for (const ids of found) {
      expect(ids[1]).toBe(9);
      expect(ids).toHaveLength(14);
      expect(addition.data.inSplit(ids)).toBe('test');
    }
    expect(heldOutInputs(addition, 40, 3, conditionOf(addition, 'F1=9'), ['A4'])).toEqual(found);
  });

  it('gives up where hardly any input does', () => {
    expect(() => heldOutInputs(addition, 5, 1, conditionOf(addition, 'F1=0'), [])).toThrow(
      /Hardly any input of addition meets F1=0/,
    );
    expect(() => heldOutInputs(addition, 5, 1, null, ['A9'])).toThrow(/Unknown position "A9"/);
  });
});

describe('sourceNames', () => {
  it('names what has no name by the named token it equals', () => {
    expect(sourceNames(counting, counting.encode('abcab|a:2'))).toEqual([
      'BOS',
      ...['as query', 'others', 'others', 'as query', 'others'],
      ...['|', 'query', ':', 'count', 'E'],
    ]);
  });
});

describe('attentionOf', () => {
  it('is the mean of the rows that the model gives, whatever the inputs are padded with', async () => {
    const only = conditionOf(counting, 'letter=b');
    const record = await attentionOf(runtime, model, counting, {
      sites: [head, 'blocks.0.attn.hook_result.0'],
      places: [':', 'query'],
      inputs: 12,
      seed: 5,
      only,
      model: 'a model',
    });
    expect(record.rows.map(({ site, place }) => [site.slice(7, 8), place])).toEqual([
      ['1', ':'],
      ['1', 'query'],
      ['0', ':'],
      ['0', 'query'],
    ]);
    const inputs = heldOutInputs(counting, 12, 5, only, [':', 'query']);
    const wanted: Record<string, number> = {};
    for (const ids of inputs) {
      const name = 'blocks.1.attn.hook_pattern';
      const { [name]: pattern } = await runWithCache(runtime, model, [ids], { names: [name] });
      const at = resolvePosition(counting, ids, ':');
      sourceNames(counting, ids).forEach((source, key) => {
        const share = Number(pattern?.data[at * ids.length + key] ?? NaN);
        wanted[source] = (wanted[source] ?? 0) + share / 12;
      });
    }
    for (const [source, share] of Object.entries(wanted))
      expect(record.rows[0]?.shares[source] ?? NaN).toBeCloseTo(share, 5);
    for (const { shares } of record.rows)
      expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    // What comes after is never looked at, and no column of the table.
    expect(record.sources).toEqual(['BOS', 'as query', 'others', '|', 'query', ':']);
    expect(record.only).toBe('letter=b');
  });

  it('refuses what is no head', async () => {
    const asked = { places: [':'], inputs: 10, seed: 1, only: null, model: '' };
    await expect(
      attentionOf(runtime, model, counting, { ...asked, sites: ['blocks.0.hook_mlp_out'] }),
    ).rejects.toThrow(/m0 is no head/);
  });
});

describe('profileOf', () => {
  const asked = { inputs: 300, seed: 2, only: null, model: 'a model', place: 'query' };
  const named = (name: string): (typeof counting.features)[number] => {
    const [feature] = featuresOf(counting, { names: [name] });
    if (feature === undefined) throw new Error('no feature');
    return feature;
  };

  it('splits the variance, and gives each value its length and its turn', async () => {
    const record = await profileOf(runtime, model, counting, {
      ...asked,
      site: head,
      feature: named('count'),
    });
    const inputs = heldOutInputs(counting, 300, 2, null, ['query']);
    const placed = inputs.map((ids) => ({ ids, position: resolvePosition(counting, ids, 'query') }));
    const all = await activationsOf(runtime, model, counting, head, placed);
    expect(record.values.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(record.values.reduce((sum, { inputs: count }) => sum + count, 0)).toBe(300);
    const mean = (own: readonly Float32Array[]): number[] =>
      Array.from({ length: 64 }, (_, i) => own.reduce((sum, z) => sum + (z[i] ?? 0), 0) / own.length);
    const of = (value: number): Float32Array[] =>
      all.filter((_, at) => named('count').of(inputs[at] ?? []) === value);
    const [centre, first] = [mean(all), mean(of(1))];
    let within = 0;
    let whole = 0;
    for (const value of record.values) {
      const own = of(Number(value.value));
      const lengths = own.map((z) => Math.hypot(...z));
      expect(value.norm).toBeCloseTo(lengths.reduce((sum, one) => sum + one, 0) / own.length, 4);
      const middle = mean(own);
      const product = middle.reduce((sum, one, i) => sum + one * (first[i] ?? 0), 0);
      expect(value.cosine).toBeCloseTo(product / Math.hypot(...middle) / Math.hypot(...first), 5);
      for (const z of own) {
        z.forEach((one, i) => {
          within += (one - (middle[i] ?? 0)) ** 2;
          whole += (one - (centre[i] ?? 0)) ** 2;
        });
      }
    }
    expect(record.explained).toBeCloseTo(1 - within / whole, 4);
    expect(record.values[0]?.x).toBeLessThanOrEqual(0);
    expect(record.plane).toBeGreaterThan(0);
    expect(record.plane).toBeLessThanOrEqual(1 + 1e-9);
    for (const { attention } of record.values)
      expect(Object.values(attention ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
  });

  it('has no attention of what is no head', async () => {
    const { values, explained } = await profileOf(runtime, model, counting, {
      ...asked,
      site: 'blocks.0.hook_resid_pre',
      feature: named('letter'),
    });
    expect(values.every(({ attention }) => attention === null)).toBe(true);
    // A letter, and its place: where a letter stands is all that differs beside it.
    expect(explained).toBeGreaterThan(0.3);
  });

  it('refuses a feature that has one value, or too many', async () => {
    const site = 'blocks.0.hook_resid_pre';
    const question = { ...asked, site, only: conditionOf(counting, 'letter=b') };
    await expect(
      profileOf(runtime, model, counting, { ...question, feature: named('letter') }),
    ).rejects.toThrow(/letter has 1 value in these inputs: a profile takes 2 to 64/);
    await expect(
      profileOf(runtime, model, counting, { ...question, feature: named('letters') }),
    ).rejects.toThrow(/letters has \d+ values in these inputs/);
    const [sum] = featuresOf(addition, { names: ['sum'] });
    if (sum === undefined) throw new Error('no feature');
    await expect(
      profileOf(runtime, adder, addition, { ...asked, place: '=', site, feature: sum }),
    ).rejects.toThrow(InputError);
  });
});
