/**
 * `patch` and `attribute` as a person runs them, on the shipped models.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundledCommand, type Command, refusal } from '../cli/command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

const file = (name: string): string => join(command.folder, name);
const json = async (args: readonly string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await command.ask([...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
};

const orderSchema = z.object({
  experiment: z.string(),
  n: z.number(),
  clean: z.number(),
  contrast: z.number(),
  order: z.enum(['forward', 'backward']),
  sets: z.array(
    z.object({
      added: z.string(),
      patched: z.array(z.string()),
      effect: z.number(),
      increment: z.number(),
      standardError: z.number(),
    }),
  ),
});

describe('patch', () => {
  it.each([
    ['addition', 'A2-from-F2S2-A1not1', 8],
    ['counting', 'flip', 3],
  ])('runs an experiment of %s in both orders', async (task, experiment, steps) => {
    const args = ['patch', '--experiment', experiment, '--inputs', '40', '--seed', '2'];
    const answer = await json(args);
    expect(await json([...args, '--task', task])).toEqual(answer);
    const orders = z.array(orderSchema).parse(answer);
    expect(orders.map(({ order }) => order)).toEqual(['forward', 'backward']);
    for (const { n, sets, clean, contrast } of orders) {
      expect([n, sets.length]).toEqual([40, steps]);
      // A model that answers right is for the answer in the clean run and for the contrast's in the contrast run.
      expect(clean).toBeGreaterThan(0);
      expect(contrast).toBeLessThan(0);
      const sum = sets.reduce((total, { increment }) => total + increment, 0);
      expect(sum).toBeCloseTo(sets.at(-1)?.effect ?? NaN, 6);
    }
    expect(orders[0]?.sets.at(-1)?.effect).toBe(orders[1]?.sets.at(-1)?.effect);
  });

  it('draws what it prints, with the data beside it', async () => {
    const args = [
      'patch',
      '--experiment',
      'A1-from-F1S1',
      '--inputs',
      '10',
      '--svg',
      'bars.svg',
      '--png',
      'bars.png',
    ];
    const { code, stdout } = await command.ask(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/forward order[^]*a0\.0@=[^]*backward order/);
    expect(readdirSync(command.folder)).toEqual(
      expect.arrayContaining(['bars.csv', 'bars.json', 'bars.png', 'bars.svg']),
    );
    expect(z.array(orderSchema).parse(JSON.parse(readFileSync(file('bars.json'), 'utf8')))).toHaveLength(2);
    expect(readFileSync(file('bars.csv'), 'utf8').trim().split('\n')).toHaveLength(17);
  });

  it('sweeps a question from a file', async () => {
    const question = {
      inputs: ['615+861=1476'],
      contrasts: ['215+861=1076'],
      sites: ['hook_embed', 'x0.post'],
    };
    writeFileSync(file('question.json'), JSON.stringify(question));
    expect(await json(['patch', '--file', 'question.json', '--sweep', '--positions', 'F1,F2'])).toMatchObject(
      {
        experiment: 'question.json',
        n: 1,
        sites: ['hook_embed', 'blocks.0.hook_resid_post'],
        positions: ['F1', 'F2'],
        changed: [
          [1, 0],
          [1, 1],
        ],
      },
    );
  });

  it('takes a question as Windows saves it, with a byte order mark and CRLF', async () => {
    const question = {
      inputs: ['615+861=1476'],
      contrasts: ['215+861=1076'],
      sites: ['a0.0'],
      positions: ['='],
    };
    const text = JSON.stringify(question, null, 2).replaceAll('\n', '\r\n');
    writeFileSync(file('marked.json'), `\ufeff${text}`);
    writeFileSync(file('wide.json'), `\ufeff${text}`, 'utf16le');
    for (const name of ['marked.json', 'wide.json']) {
      expect(await json(['patch', '--file', name])).toMatchObject([{ experiment: name, n: 1 }, {}]);
    }
  });

  it('lists the experiments', async () => {
    const { stdout } = await command.ask(['patch', '--list']);
    expect(stdout.split('\n').filter((line) => /^A\d-from-/.test(line))).toHaveLength(11);
    expect(stdout).toMatch(/^plus /m);
    expect(await json(['patch', '--task', 'counting', '--list'])).toMatchObject({
      experiments: [{ name: 'flip' }, { name: 'other-count' }],
    });
  });

  it('checks "+"', async () => {
    const answer = await json(['patch', '--experiment', 'plus', '--inputs', '20']);
    expect(answer).toMatchObject({
      n: 20,
      places: [{ place: '=' }, { place: 'A1' }, { place: 'A2' }, { place: 'A3' }],
    });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no experiment', [], /^Which experiment\? Give --experiment with one of A1-from-F1S1, /],
    [
      'an unknown experiment',
      ['--experiment', 'A1-from-F1S3'],
      /^Unknown experiment "A1-from-F1S3"\. Did you mean "A1-from-F/,
    ],
    ["another task's experiment", ['--task', 'addition', '--experiment', 'flip'], /give --task counting\.$/],
    ['two questions', ['--experiment', 'A1-from-F1S1', '--file', 'x.json'], /not both/],
    ['a file that is missing', ['--file', 'x.json'], /^x\.json cannot be read/],
    ['a file that is no JSON', ['--file', 'broken.json'], /^broken\.json: not JSON: /],
    [
      'an unknown metric',
      ['--experiment', 'A1-from-F1S1', '--metric', 'kll'],
      /Did you mean "kl"\? Accepted: logit-difference, kl, probability\.$/,
    ],
    [
      'an unknown site',
      ['--experiment', 'A1-from-F1S1', '--inputs', '2', '--sites', 'a0.9'],
      /^Unknown site "a0\.9"\. Did you mean "a0\.\d"\?/,
    ],
    [
      'an unknown position',
      ['--experiment', 'A1-from-F1S1', '--inputs', '2', '--positions', 'F5'],
      /^Unknown position "F5"\. Did you mean "F\d"\?/,
    ],
    ['no inputs', ['--experiment', 'A1-from-F1S1', '--inputs', '0'], /Give a whole number from 1/],
    [
      'a figure whose data would replace the question',
      ['--file', 'broken.json', '--png', './broken.png'],
      /would replace broken\.json/,
    ],
    ['a figure of the "+" check', ['--experiment', 'plus', '--svg', 'x.svg'], /has no figure/],
  ])('refuses %s', async (_, args, message) => {
    writeFileSync(file('broken.json'), '{');
    expect(refusal(await command.ask(['patch', ...args]))).toMatch(message);
  });
});

describe('attribute', () => {
  it('has parts that sum to the logit', async () => {
    const record = z
      .object({
        total: z.number(),
        rest: z.number(),
        sites: z.array(z.object({ value: z.number(), raised: z.array(z.unknown()) })),
      })
      .parse(await json(['attribute', '--input', '615+861=1476', '--position', 'A1', '--top', '3']));
    expect(record.sites).toHaveLength(12);
    expect(record.sites.reduce((sum, { value }) => sum + value, record.rest)).toBeCloseTo(record.total, 4);
    for (const { raised } of record.sites) expect(raised).toHaveLength(3);
  });

  it('averages over held-out inputs', async () => {
    const answer = await json([
      'attribute',
      '--task',
      'counting',
      '--inputs',
      '30',
      '--sites',
      'a1.0,m1',
      '--against',
      '1',
    ]);
    expect(answer).toMatchObject({ n: 30, place: ':', sites: [{ standardError: expect.any(Number) }, {}] });
  });

  it('gives how often the answer is among what a site raises or lowers most, and draws the mean', async () => {
    const args = ['attribute', '--inputs', '60', '--position', 'A1', '--sites', 'a1.0,m1'];
    const share = z.object({ share: z.number(), low: z.number(), high: z.number(), n: z.literal(60) });
    const schema = z.object({
      among: z.object({ count: z.number(), vocabulary: z.literal(15), rivals: z.number() }),
      sites: z.array(
        z.object({
          shares: z.object({ raised: share, lowered: share, firstRaised: share, firstLowered: share }),
        }),
      ),
    });
    const asked = async (...more: readonly string[]) => schema.parse(await json([...args, ...more]));
    const usual = await asked();
    expect(usual.among.count).toBe(3);
    expect(usual.among.rivals).toBeLessThanOrEqual(10);
    const one = await asked('--among', '1');
    const most = await asked('--among', '14');
    usual.sites.forEach(({ shares: { raised, firstRaised, lowered } }, at) => {
      expect(firstRaised.share).toBeLessThanOrEqual(raised.share);
      expect(raised.low <= raised.share && raised.share <= raised.high).toBe(true);
      // More tokens take in more answers.
      const [fewer, more] = [one.sites[at]?.shares, most.sites[at]?.shares];
      expect(fewer?.raised.share).toBeLessThanOrEqual(raised.share);
      expect(more?.lowered.share).toBeGreaterThanOrEqual(lowered.share);
    });
    const { stdout } = await command.run(args);
    expect(stdout).toMatch(/60 held-out inputs, seed 1; /);
    expect(stdout).toMatch(
      /among the 3 most raised, or lowered, of 15 tokens \(by\s+chance\s+20\.0%\), with 95%/,
    );
    expect(stdout).toMatch(/^m1 +\d+\.\d% \(\d+ to \d+\) /m);
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'all tokens as the most raised',
      ['--among', '15'],
      /^Among the 15 most raised tokens is every token: .* has 15\. Give 14/,
    ],
    [
      'shares of one input',
      ['--input', '1+1=2', '--among', '2'],
      /^--among gives shares of held-out inputs: leave/,
    ],
    ['a token that is none', ['--answer', '12'], /^"12" is no token of addition\./],
    ['an unknown site', ['--sites', 'a2.0'], /^Unknown site "a2\.0"\. Did you mean "a[01]\.0"\?/],
    ['an unknown position', ['--input', '1+1=2', '--position', 'A7'], /^Unknown position "A7"/],
    [
      'the end of an input',
      ['--input', '615+861=1476', '--position', 'E'],
      /^Nothing follows position 13 .* give --answer\.$/,
    ],
  ])('refuses %s', async (_, args, message) => {
    expect(refusal(await command.ask(['attribute', '--inputs', '2', ...args]))).toMatch(message);
  });
});
