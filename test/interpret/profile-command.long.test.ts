/**
 * `profile`, and `bits` by classes, with the shipped models: the data they promise, a figure, and what they refuse.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Command, bundledCommand, refusal } from '../cli/command.js';

vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 });

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
  const feature = (name: string): string =>
    `{ name: '${name}', of: (ids) => (ids[1] === ids[5] ? 'yes' : 'no') }`;
  const write = (file: string, ...names: readonly string[]): void =>
    writeFileSync(join(command.folder, file), `export default [${names.map(feature).join(', ')}];`);
  write('one.mjs', 'same hundreds');
  write('two.mjs', 'same hundreds', 'other');
});
afterAll(() => command.dispose());

const run = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await command.ask(args);
  expect({ code, stderr: stderr.replace(/^Written: .*\n/, '') }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

const profileSchema = z.object({
  feature: z.string(),
  explained: z.number(),
  values: z.array(
    z.object({ value: z.number(), norm: z.number(), attention: z.record(z.string(), z.number()) }),
  ),
});
const attentionSchema = z.object({
  inputs: z.number(),
  only: z.string(),
  rows: z.array(z.object({ site: z.string(), place: z.string(), shares: z.record(z.string(), z.number()) })),
});
const sitesSchema = z.object({
  exact: z.literal(false),
  decoder: z.null(),
  sites: z.array(
    z.object({
      total: z.object({ bits: z.number() }),
      features: z.array(z.object({ feature: z.string(), bits: z.number() })),
    }),
  ),
});

describe('profile', () => {
  const counts = [
    'profile',
    '--task',
    'counting',
    '--sites',
    'a0.0',
    '--positions',
    'query',
    '--by',
    'count',
  ];

  it('gives norm and attention by the values of a feature, and draws them', async () => {
    const svg = join(command.folder, 'count.svg');
    const { values, feature } = profileSchema.parse(
      JSON.parse(await run(...counts, '--only', 'letter=v', '-n', '300', '--svg', svg, '--json')),
    );
    expect(feature).toBe('count');
    expect(values.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // The more of the letter there are, the more attention they get.
    const shares = values.map(({ attention }) => attention['as query'] ?? 0);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(readFileSync(svg, 'utf8')).toContain('a0.0 at “query”, by count');
    expect(existsSync(join(command.folder, 'count.csv'))).toBe(true);
  });

  it('is by the feature of a file, or by one of several, and --only knows them too', async () => {
    const schema = z.object({
      feature: z.string(),
      only: z.string().nullable(),
      values: z.array(z.object({ value: z.string(), inputs: z.number() })),
    });
    const where = ['profile', '--sites', 'a0.0', '--positions', '=', '-n', '60', '--json'];
    const profile = async (...args: readonly string[]) =>
      schema.parse(JSON.parse(await run(...where, ...args)));
    const alone = await profile('--by', 'one.mjs');
    expect(alone.feature).toBe('same hundreds');
    expect(alone.values.map(({ value }) => value)).toEqual(['no', 'yes']);
    expect(alone.values.reduce((sum, { inputs }) => sum + inputs, 0)).toBe(60);
    expect(await profile('--by', 'same hundreds', '--features', 'two.mjs')).toEqual(alone);
    const some = z
      .object({ inputs: z.number(), only: z.string(), values: z.array(z.object({ value: z.number() })) })
      .parse(
        JSON.parse(
          await run(...where, '--by', 'F1+S1', '--features', 'one.mjs', '--only', 'same hundreds=yes'),
        ),
      );
    expect(some.inputs).toBe(60);
    // Twice the same digit.
    for (const { value } of some.values) expect(value % 2).toBe(0);
  });

  it('gives where heads look, of the inputs that meet a condition', async () => {
    const args = ['profile', '--sites', 'a0.0', '--positions', '=,A1', '--only', 'A1!=1', '-n', '200'];
    const { rows, inputs, only } = attentionSchema.parse(JSON.parse(await run(...args, '--json')));
    expect({ inputs, only }).toEqual({ inputs: 200, only: 'A1!=1' });
    expect(rows.map(({ place }) => place)).toEqual(['=', 'A1']);
    for (const { shares } of rows)
      expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
    expect(await run(...args)).toMatch(/^a0\.0 = /m);
  });

  it.each([
    [['profile'], /^Which place\? Give --positions/],
    [['profile', '--positions', 'A9'], /^Unknown position "A9"\./],
    [['profile', '--sites', 'x0.post', '--positions', '='], /^Unknown site "x0\.post".*Only heads look/],
    [['profile', '--sites', 'a0.0,a0.1', '--positions', '=', '--by', 'C2'], /one site at one place/],
    [
      ['profile', '--sites', 'a0.0', '--positions', '=', '--by', 'C5'],
      /^Unknown feature "C5"\. Did you mean/,
    ],
    [['profile', '--sites', 'a0.0', '--positions', '=', '--by', 'C2,C3'], /^A profile is by one feature/],
    [
      ['profile', '--sites', 'a0.0', '--positions', '=', '--by', 'two.mjs'],
      /^A profile is by one feature: give one name with --by\.$/,
    ],
    [
      ['profile', '--positions', '=', '--features', 'C2'],
      /^"C2" is no file: --features takes \.mjs files here/,
    ],
    [['profile', '--positions', '=', '--only', 'same hundreds=yes'], /^Unknown feature "same hundreds"\./],
    [['profile', '--sites', 'a0.0', '--positions', '=', '--only', 'A1'], /^"A1" is no condition/],
    [['profile', '--sites', 'a0.0', '--positions', '=', '--only', 'F1=0'], /^Hardly any input/],
    [['profile', '--sites', 'a0.0', '--positions', '=', '--by', 'sum'], /^sum has \d+ values/],
  ])('refuses %j', async (args, message) => {
    expect(refusal(await command.ask(args))).toMatch(message);
  });
});

describe('bits by classes', () => {
  it('needs no decoder, and letters that are no part of it tell nothing', async () => {
    const args = ['bits', '--task', 'counting', '--no-estimate', '--repeats', '1', '--rounds', '2'];
    // The seed's query has a common count: two rounds find inputs of other letters inside.
    const asked = ['--queries', '1', '--seed', '3', '--features', 'count,letters'];
    const where = [...asked, '--sites', 'a1.0', '--positions', ':'];
    const { sites } = sitesSchema.parse(JSON.parse(await run(...args, ...where, '--json')));
    const bits = Object.fromEntries(sites[0]?.features.map(({ feature, bits: own }) => [feature, own]) ?? []);
    expect(bits['count']).toBeGreaterThan(1.5);
    expect(bits['letters'] ?? NaN).toBeLessThan(0.75 * 11.3);
  });
});
