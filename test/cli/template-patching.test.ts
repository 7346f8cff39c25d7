/** Patching and attribution of a template task as a person runs them: no code, no names of sites. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWordedModel } from '../fixtures/worded-model.js';
import { type Command, type Finished, bundledCommand, refusal } from './command.js';

const template = `name: gifts
patterns: ["When {A} and {B} went to {thing}, {S} gave a drink to"]
slots:
  A: { fillers: [Mary, John, it, a, and] }
  B: { same-as: A }
  S: { one-of: [A, B] }
  O: { other-of: [A, B], than: S }
  thing: [drink, it]
constraints: ["A != B"]
answer: " {O}"
contrast: { answer: " {S}", redraw: [A, B], fresh: [A, B, S] }
places: { S1: first S, S2: last S, END: last }
positions: [S2, END]
`;

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
  writeWordedModel(join(command.folder, 'words'));
  writeFileSync(join(command.folder, 'gifts.yaml'), template);
  writeFileSync(join(command.folder, 'plain.yaml'), template.replace(/^contrast.*\n/m, ''));
  writeFileSync(join(command.folder, 'few.yaml'), template.replace('it, a, and', 'it'));
});
afterAll(() => command.dispose());

const ask = (...args: readonly string[]): Promise<Finished> =>
  command.ask([...args, '--model', 'words', ...(args.includes('--task') ? [] : ['--task', 'gifts.yaml'])]);
const json = async <T>(...args: readonly string[]): Promise<T> => {
  const { code, stdout, stderr } = await ask(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
};

interface Map {
  readonly experiment: string;
  readonly n: number;
  readonly clean: number;
  readonly contrast: number;
  readonly sites: readonly string[];
  readonly positions: readonly string[];
  readonly effects: readonly (readonly number[])[];
  readonly standardErrors: readonly (readonly (number | null)[])[];
}

describe('patch of a template task', () => {
  it('patches every head at each position, from the contrast that the template says', async () => {
    const map = await json<Map>('patch', '--inputs', '8');
    expect(map).toMatchObject({ experiment: 'heads', n: 8, positions: ['S2', 'END'] });
    expect(map.sites.every((site) => /hook_result\.\d$/.test(site))).toBe(true);
    expect(map.effects.flat().some((effect) => effect !== 0)).toBe(true);
    expect(map.standardErrors.flat().every((error) => error !== null && error >= 0)).toBe(true);
    expect(await json('patch', '--experiment', 'heads', '--inputs', '8')).toEqual(map);
    // All heads at the last place, by themselves, do not have to add up; but each is one of them.
    const one = await json<Map>('patch', '--inputs', '8', '--sites', 'a1.2', '--positions', 'END');
    const row = map.sites.indexOf('blocks.1.attn.hook_result.2');
    expect(one.effects[0]?.[0]).toBeCloseTo(map.effects[row]?.[1] ?? NaN, 5);
  });

  it('lists its experiments, and takes other contrasts of the task', async () => {
    const { stdout } = await ask('patch', '--list');
    expect(stdout).toMatch(
      /^heads {10}each head by itself, from a text of the same pattern with other fillers in A, B and S/,
    );
    expect(stdout).toContain('heads-redrawn');
    const swapped = await json<Map>('patch', '--redraw', 'S', '--inputs', '6');
    expect(swapped).toMatchObject({ experiment: 'heads-redrawn', n: 6 });
  });

  it('takes a typed contrast with three names', async () => {
    const map = await json<Map>(
      'patch',
      '--input',
      'When Mary and John went to drink, John gave a drink to',
      '--contrast',
      'When it and a went to drink, and gave a drink to',
      '--sweep',
      '--sites',
      'a0.0,a1.2',
    );
    expect(map.positions).toEqual(['BOS', 'S1', 'S2', 'END']);
    expect(map.effects[0]?.[0]).toBe(0);
    expect(map.effects[1]?.[3]).not.toBe(0);
  });

  it.each([
    ['an unknown slot', ['--redraw', 'T'], /^Nothing in this text is named "T"/],
    [
      'two ways to say the contrast',
      ['--redraw', 'S', '--experiment', 'heads'],
      /^--redraw says the contrasts: leave out/,
    ],
    [
      'an unknown experiment',
      ['--experiment', 'head'],
      /^Unknown experiment "head"\. Did you mean "heads"\?/,
    ],
    ['an unknown place', ['--positions', 'S3'], /S3/],
    [
      'a template without a contrast',
      ['--task', 'plain.yaml', '--experiment', 'heads'],
      /^gifts has no experiments: its template needs an answer and a contrast/,
    ],
    [
      'too few fillers for fresh ones',
      ['--task', 'few.yaml'],
      /^few\.yaml:11: contrast\.fresh: A, B, S need 5 different fillers, 2 of the text and 3 new ones, and there are 3\.$/,
    ],
  ])('is refused for %s', async (_, args, message) => {
    expect(refusal(await ask('patch', ...args))).toMatch(message);
  });

  it('is refused for slots of what is no template', async () => {
    expect(refusal(await command.ask(['patch', '--task', 'addition', '--redraw', 'F1']))).toBe(
      '--redraw names slots of a template, and addition is none: give --experiment.',
    );
  });
});

describe('attribute of a template task', () => {
  interface Record {
    readonly n: number;
    readonly about: string;
    readonly total: number;
    readonly rest: number;
    readonly among: { readonly rivals: number; readonly answers: number };
    readonly sites: readonly {
      readonly site: string;
      readonly value: number;
      readonly shares: { readonly raised: { readonly hits: number } };
      readonly againstShares: { readonly raised: { readonly hits: number } };
      readonly anyShares: {
        readonly raised: { readonly hits: number; readonly n: number };
        readonly firstRaised: null;
      };
    }[];
  }

  it('takes the difference to the contrast answer apart, with shares of all answers', async () => {
    const record = await json<Record>('attribute', '--inputs', '12', '--among', '3');
    expect(record.n).toBe(12);
    expect(record.about).toBe(
      'Logit of the token that follows, less the logit of what the template holds against it, as predicted at END',
    );
    const sum = record.sites.reduce((total, { value }) => total + value, record.rest);
    expect(sum).toBeCloseTo(record.total, 4);
    // The difference is what a clean run of patching starts from.
    expect(record.total).toBeCloseTo((await json<Map>('patch', '--inputs', '12')).clean, 4);
    expect(record.among).toMatchObject({ rivals: 5, answers: 5 });
    for (const { shares, againstShares, anyShares } of record.sites) {
      expect(anyShares.raised.n).toBe(12);
      expect(anyShares.firstRaised).toBeNull();
      expect(anyShares.raised.hits).toBeGreaterThanOrEqual(
        Math.max(shares.raised.hits, againstShares.raised.hits),
      );
    }
  });

  it('has them in its table and beside its figure', async () => {
    const { code, stdout } = await ask('attribute', '--inputs', '6', '--among', '3', '--svg', 'parts.svg');
    expect(code).toBe(0);
    expect(stdout).toContain('The same of the token that the answer is held against.');
    expect(stdout).toContain('Any of the 5 tokens that texts of the task can be answered with');
    const [head = ''] = readFileSync(join(command.folder, 'parts.csv'), 'utf8').split('\n');
    expect(head.split(',')).toEqual(
      expect.arrayContaining([
        'value',
        'low',
        'high',
        'raised',
        'againstFirstRaised',
        'anyLowered',
        'anyLoweredHigh',
      ]),
    );
  });
});
