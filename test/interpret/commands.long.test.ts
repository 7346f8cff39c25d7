/**
 * `bits`, `preimage`, `completeness` and `explain` with the shipped addition model: the data they promise, the cache,
 * figures, features of a person's own, and what they refuse. All of it rests on one pass over the 810,000 inputs.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { explanationSchema } from '../../src/interpret/explain.js';
import { type Command, bundledCommand, refusal } from '../cli/command.js';
import { behaviours, startEndpoint } from './endpoint.js';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let command: Command;
/** The first answer: with it the pass is made. */
let first = '';
beforeAll(async () => {
  command = await bundledCommand();
  writeFileSync(
    join(command.folder, 'mine.mjs'),
    `export default [{ name: 'same hundreds', about: 'the hundreds', of: (ids) => (ids[1] === ids[5] ? 'yes' : 'no') }];`,
  );
  writeFileSync(join(command.folder, 'broken.mjs'), 'export default [{ name: 1 }];');
  first = await json('preimage', '--exact', ...query);
});
afterAll(() => command.dispose());

const query = ['--input', '615+861=1476', '--site', 'a0.0', '--position', '='];
const environment = (): Record<string, string> => ({ INVERSIONVIEW_CACHE: join(command.folder, 'cache') });

async function json(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command.ask([...args, '--json'], { env: environment() });
  expect({ code, stderr: stderr.replace(/^Written: .*\n/, '') }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trimEnd()).not.toContain('\n');
  return stdout;
}

const featureSchema = z.object({
  feature: z.string(),
  bits: z.number(),
  consistency: z.number(),
  value: z.union([z.string(), z.number()]).nullable(),
});
const preimageSchema = z.object({
  size: z.number(),
  total: z.number(),
  bits: z.number(),
  samples: z.array(z.object({ text: z.string(), distance: z.number(), matchedPosition: z.number() })),
});
const bitsSchema = z.object({
  exact: z.object({ bits: z.number(), size: z.number() }).nullable(),
  estimate: z.object({
    bits: z.number(),
    low: z.number(),
    high: z.number(),
    effectiveSamples: z.number(),
  }),
  features: z.array(featureSchema),
  readout: z.object({ sentence: z.string() }),
});

const caches = (): string[] => readdirSync(join(command.folder, 'cache'));

describe('preimage --exact', () => {
  it('gives size, total, bits and samples, all of them inside', () => {
    const { size, total, bits, samples } = preimageSchema.parse(JSON.parse(first));
    expect(total).toBe(810_000);
    expect(bits).toBeCloseTo(Math.log2(total / size), 9);
    expect(samples.length).toBe(Math.min(100, size));
    expect(new Set(samples.map(({ text }) => text)).size).toBe(samples.length);
    for (const { distance } of samples) expect(distance).toBeLessThanOrEqual(0.1);
  });

  it('keeps the pass, and answers other thresholds and metrics from it', async () => {
    const [name = ''] = caches();
    expect(caches()).toHaveLength(1);
    const made = statSync(join(command.folder, 'cache', name)).mtimeMs;
    const wide = preimageSchema.parse(
      JSON.parse(await json('preimage', ...query, '--epsilon', '0.4', '--shown', '3')),
    );
    expect(wide.size).toBeGreaterThanOrEqual(preimageSchema.parse(JSON.parse(first)).size);
    expect(wide.samples).toHaveLength(3);
    await json('preimage', ...query, '--metric', 'cosine');
    expect(statSync(join(command.folder, 'cache', name)).mtimeMs).toBe(made);
  });

  it('compares the sampler with it, and writes all of it to a file', async () => {
    const text = await json('preimage', ...query, '--recall', '--out', 'inside.csv');
    const { size } = preimageSchema.parse(JSON.parse(text));
    const { sampler } = z
      .object({
        sampler: z.object({
          recall: z.number(),
          precision: z.number(),
          mass: z.number(),
          calibration: z.array(z.object({ expected: z.number(), found: z.number(), inputs: z.number() })),
        }),
      })
      .parse(JSON.parse(text));
    expect(sampler.precision).toBeGreaterThan(0.3);
    expect(sampler.mass).toBeGreaterThan(0.3);
    expect(sampler.recall).toBeGreaterThan(0);
    expect(sampler.calibration.reduce((sum, { inputs }) => sum + inputs, 0)).toBe(size);
    const lines = readFileSync(join(command.folder, 'inside.csv'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(size + 1);
    expect(lines[0]).toBe('input,distance,matchedPosition');
  });
});

describe('bits', () => {
  it('gives exact and estimated bits that agree, and features, the most telling first', async () => {
    const record = bitsSchema.parse(JSON.parse(await json('bits', ...query)));
    const exact = record.exact?.bits ?? NaN;
    expect(record.exact?.size).toBe(preimageSchema.parse(JSON.parse(first)).size);
    expect(record.estimate.low).toBeLessThanOrEqual(exact + 1e-6);
    expect(record.estimate.high).toBeGreaterThanOrEqual(exact - 1e-6);
    expect(Math.abs(record.estimate.bits - exact)).toBeLessThan(0.5);
    expect(record.features).toHaveLength(19);
    for (const { bits, consistency } of record.features) {
      expect(bits).toBeLessThan(12);
      expect(consistency >= 0 && consistency <= 1).toBe(true);
    }
    expect(record.readout.sentence).not.toBe('');
  });

  it('estimates without a pass, the same for the same seed', async () => {
    const alone = await json(
      'bits',
      ...query,
      '--no-exact',
      '--draws',
      '256',
      '--blind',
      '512',
      '--features',
      'C2,{F1,S1}',
    );
    const record = bitsSchema.parse(JSON.parse(alone));
    expect(record.exact).toBeNull();
    expect(record.features.map(({ feature }) => feature).sort()).toEqual(['C2', '{F1,S1}']);
    expect(
      await json(
        'bits',
        ...query,
        '--no-exact',
        '--draws',
        '256',
        '--blind',
        '512',
        '--features',
        'C2,{F1,S1}',
      ),
    ).toBe(alone);
  });

  it('measures features of a person’s own, over many queries, and draws them', async () => {
    const text = await json(
      'bits',
      '--queries',
      '4',
      '--sites',
      'a0.0',
      '--positions',
      '=,A1',
      '--draws',
      '256',
      '--blind',
      '2048',
      '--features',
      'mine.mjs',
      '--svg',
      'bits.svg',
    );
    const interval = { bits: z.number(), low: z.number(), high: z.number() };
    const { sites, agreement } = z
      .object({
        sites: z.array(
          z.object({
            site: z.string(),
            place: z.string(),
            total: z.object(interval),
            features: z.array(z.object({ feature: z.string(), ...interval })),
          }),
        ),
        agreement: z.object({ queries: z.number(), covered: z.number(), refused: z.number() }),
      })
      .parse(JSON.parse(text));
    expect(sites.map(({ place }) => place)).toEqual(['=', 'A1']);
    for (const { features, total } of sites) {
      expect(features.map(({ feature }) => feature)).toContain('same hundreds');
      for (const one of [...features, total]) expect(one.low <= one.bits && one.bits <= one.high).toBe(true);
    }
    expect(agreement.queries + agreement.refused).toBe(8);
    expect(agreement.covered).toBeGreaterThanOrEqual(agreement.queries - 2);
    expect(readFileSync(join(command.folder, 'bits.svg'), 'utf8')).toMatch(/^<svg /);
    expect(readFileSync(join(command.folder, 'bits.csv'), 'utf8')).toMatch(
      /^site,place,queries,feature,bits,low,high,/,
    );
  });

  it('prints a table where no data is asked for', async () => {
    const { code, stdout } = await command.ask(['bits', ...query, '--no-estimate'], { env: environment() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^a0\.0 at "=" of 615\+861=1476\n/);
    expect(stdout).toMatch(/\nexact +\d+\.\d\d bits, \d+ inputs\n/);
    expect(stdout).toMatch(/\nWhere it matches at \"=\" \(\d+%\): F1 and S1, order lost; [^]*\.\n\nfeature /);
    expect(stdout).toMatch(/\n\{F1,S1\} +\d\.\d\d of +5\.45 /);
  });
});

describe('completeness', () => {
  it('scores every input inside and so many outside, and draws them', async () => {
    const text = await json(
      'completeness',
      ...query,
      '--draws',
      '2',
      '--outside',
      '200',
      '--svg',
      'scatter.svg',
    );
    const { completeness } = z
      .object({
        completeness: z.object({
          inside: z.number(),
          outside: z.number(),
          belowFloor: z.number(),
          points: z.array(
            z.object({ distance: z.number(), logProbability: z.number(), inside: z.boolean() }),
          ),
        }),
      })
      .parse(JSON.parse(text));
    expect(completeness.inside).toBe(preimageSchema.parse(JSON.parse(first)).size);
    expect(completeness.outside).toBe(200);
    expect(completeness.points).toHaveLength(completeness.inside + 200);
    expect(readFileSync(join(command.folder, 'scatter.svg'), 'utf8')).toContain(
      'log-probability under the decoder',
    );
  });
});

describe('completeness over sites', () => {
  const few = [
    ...['completeness', '--sites', 'a0.0', '--position', '=', '--queries', '3'],
    ...['--draws', '2', '--outside', '100'],
  ];

  it('scores a query of each, from one pass, and draws them as a grid', async () => {
    const text = await json(...few, '--svg', 'grid.svg');
    const { cells, complete, inside } = z
      .object({
        cells: z.array(
          z.object({
            input: z.string(),
            completeness: z.object({ inside: z.number(), outside: z.number() }),
          }),
        ),
        complete: z.object({ low: z.number(), high: z.number(), n: z.number() }),
        inside: z.number(),
      })
      .parse(JSON.parse(text));
    expect(new Set(cells.map(({ input }) => input)).size).toBe(3);
    expect(complete.n).toBe(3);
    expect(complete.high - complete.low).toBeGreaterThan(0.3);
    expect(inside).toBe(cells.reduce((sum, { completeness }) => sum + completeness.inside, 0));
    expect(readFileSync(join(command.folder, 'grid.svg'), 'utf8').match(/a0\.0 at = of \d+\+/g)).toHaveLength(
      3,
    );
    expect(caches()).toHaveLength(1);
  });
});

describe('explain', () => {
  const few = ['explain', '--site', 'a0.0', '--position', '=', '--queries', '2'];

  it('prints what it would ask', async () => {
    const { code, stdout } = await command.ask([...few, '--prompt', '--input', '615+861=1476'], {
      env: environment(),
    });
    expect(code).toBe(0);
    expect(stdout).toContain('Query 1: B615+861[=]\n');
    expect(stdout).toContain('Query 2: ');
    // A sample of the hundreds, up to the token where it matches.
    expect(stdout).toMatch(/\n {2}B[68]\d\d\+[68]\d\d\[=\]\n/);
  });

  it('asks the endpoint of the environment, stores all of it, and scores the claims', async () => {
    const answer = JSON.stringify({ explanation: 'The hundreds.', features: ['{F1,S1}'] });
    const endpoint = await startEndpoint(behaviours.cut('half'), behaviours.whole(answer));
    const env = {
      ...environment(),
      OPENAI_BASE_URL: endpoint.url,
      OPENAI_MODEL: 'served',
      OPENAI_API_KEY: 'secret',
    };
    const { code, stderr, stdout } = await command.ask([...few, '--out', 'explained.json'], { env });
    await endpoint.close();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^served: the answer broke off.*; asking again\n$/),
    });
    expect(stdout).toContain('“The hundreds.”');
    const stored = readFileSync(join(command.folder, 'explained.json'), 'utf8');
    expect(stored).not.toContain('secret');
    const explanation = explanationSchema.parse(JSON.parse(stored));
    expect(explanation.attempts.map(({ text }) => text)).toEqual(['half', answer]);
    expect(explanation.claims[0]?.feature).toBe('{F1,S1}');
  });

  it('ends with 1 where nothing whole came, and shows what did', async () => {
    const endpoint = await startEndpoint(behaviours.whole('no idea'));
    const env = { ...environment(), OPENAI_BASE_URL: endpoint.url, OPENAI_MODEL: 'served' };
    const { code, stdout } = await command.ask([...few, '--attempts', '1'], { env });
    await endpoint.close();
    expect(code).toBe(1);
    expect(stdout).toContain('no idea');
  });
});

const none = { OPENAI_BASE_URL: '', OPENAI_MODEL: '' };
describe('bad input', () => {
  it.each([
    [
      ['bits', ...query, '--features', '{F1,S2}'],
      /^Unknown feature "\{F1,S2\}"\. Did you mean "\{F1,S1\}"\?/,
    ],
    [['bits', ...query, '--features', 'not-there.mjs'], /^not-there\.mjs does not exist\.$/],
    [['bits', ...query, '--features', 'broken.mjs'], /^broken\.mjs: feature 1 is not one/],
    [
      ['bits', '--input', '615+861=1476', '--site', 'a0.0'],
      /^Which position\? Give --position with BOS, F1, /,
    ],
    [['bits', '--site', 'a0.0', '--position', '='], /^Which input\?/],
    [['bits', ...query, '--no-exact', '--no-estimate'], /^Nothing is left to measure by/],
    [['bits', '--queries', '3', '--sites', 'a0.7'], /^Unknown site "a0\.7"\. Did you mean "a0\.\d"\?/],
    [
      ['preimage', '--input', '615+861=1476', '--site', 'b0.0', '--position', '='],
      /^Unknown site "b0\.0"\. Did you mean/,
    ],
    [['preimage', ...query.slice(0, 4), '--position', 'A9'], /^Unknown position "A9"\./],
    [['explain', '--site', 'a0.0'], /^No language model is configured: set OPENAI_BASE_URL and OPENAI_MODEL/],
    [['explain', '--judge', 'none.txt', ...query], /^none\.txt cannot be read: no such file or directory\.$/],
    [['explain', '--search', ...query], /^--search is for --judge: give it a file of sentences\.$/],
    [['completeness', '--position', '='], /^Which site\?/],
    [['completeness', ...query, '--queries', '2'], /^--queries is for a sweep: give --sites/],
    [
      ['completeness', ...query, '--sites', 'random'],
      /^A sweep has sites of its own .* leave out --site and --input/,
    ],
    [['completeness', '--sites', 'a0.0,a7.7'], /^Unknown site "a7\.7"/],
    [['completeness', '--sites', 'a0.0', '--position', 'A9'], /^Unknown position "A9"/],
  ])('%j', async (args, message) => {
    expect(refusal(await command.ask(args, { env: { ...environment(), ...none } }))).toMatch(message);
  });

  it('makes no pass at all', () => {
    expect(caches()).toHaveLength(1);
  });
});
