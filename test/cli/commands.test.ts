/**
 * The shorter commands: `sites`, `activations`, `evaluate`, and what `--help` teaches of each.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundledCommand, type Command } from './command.js';

let command: Command;
beforeAll(async () => {
  command = await bundledCommand();
});
afterAll(() => command.dispose());

async function output(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command.ask(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}
const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse(await output(...args, '--json'));

const commands = [
  'read',
  'sites',
  'activations',
  'evaluate',
  'heads',
  'train-model',
  'train-decoder',
  'export',
];

describe('--help', () => {
  it('lists the commands, where to start and the exit codes', async () => {
    const text = await output('--help');
    for (const name of commands) expect(text).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(text).toContain('inversionview read --input "535+861=1396" --site a0.0 --position "="');
    expect(text).toMatch(/Exit codes: 0 .* 1 .* 2 .* 130 /);
    expect(await output('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(commands)('of %s says what each option is and gives an example', async (name) => {
    const text = await output(name, '--help');
    expect(text).toMatch(new RegExp(`^Examples?:\n  inversionview ${name} `, 'm'));
    const [, options = ''] = /^Options:\n([^]*?)\n\n/m.exec(text) ?? [];
    const described = options.split(/^ {2}(?=-)/m).filter(Boolean);
    expect(described.length).toBeGreaterThan(2);
    for (const option of described) expect(option).toMatch(/^-.*? {2,}\S/);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });
});

describe('sites', () => {
  it('lists sites with short and full names, and the places of an input', async () => {
    const text = await output('sites');
    for (const words of ['addition (ε 0.1', 'counting (ε 0.1', 'a0.3 ', 'blocks.0.attn.hook_result.3', 'm1 '])
      expect(text).toContain(words);
    expect(await output('sites', 'counting', '--input', 'abbc|b:2')).toContain(
      '5 |  6 query  7 :  8 count  9 E',
    );
  });

  it('gives them as data', async () => {
    expect(await json('sites', 'addition', '--input', '615+861=1476')).toMatchObject({
      task: 'addition',
      epsilon: 0.1,
      metric: 'euclidean',
      tokens: ['B', ...'615+861=1476', 'E'],
      places: expect.arrayContaining([{ name: '=', index: 8 }]) as unknown,
      sites: expect.arrayContaining([
        { short: 'x1.post', site: 'blocks.1.hook_resid_post', what: 'residual stream after layer 1' },
      ]) as unknown,
    });
    expect(await json('sites')).toHaveLength(2);
  });
});

describe('activations', () => {
  it('prints shapes and norms to a person', async () => {
    const text = await output('activations', '--input', '615+861=1476', '--sites', 'a0.1,hook_pattern');
    expect(text).toMatch(
      /^B 6 1 5 \+ 8 6 1 = 1 4 7 6 E\nshipped addition model, weights processed: transformerlens\n/,
    );
    expect(text).toMatch(/^a0\.1 +blocks\.0\.attn\.hook_result\.1 +\[14, 32\] +\d+\.\d{3}$/m);
    expect(text).toMatch(/^ +blocks\.1\.attn\.hook_pattern +\[4, 14, 14\] +\d+\.\d{3}$/m);
  });

  it('warns of an input that is none of the task’s, apart from the data', async () => {
    const { code, stdout, stderr } = await command.ask([
      'activations',
      '--input',
      '6+8',
      '--sites',
      'x0.post',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: the input is not one of addition's: not of the form a\+b=c[^\n]*\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ tokens: ['B', '6', '+', '8', 'E'] });
  });
});

describe('evaluate', () => {
  it('gives the accuracy of a model', async () => {
    const schema = z.object({ accuracy: z.number(), inputs: z.number() });
    for (const [task, least] of [
      ['addition', 0.97],
      ['counting', 0.99],
    ] as const) {
      const { accuracy, inputs } = schema.parse(
        await json('evaluate', '--task', task, '--what', 'model', '-q', '2000'),
      );
      expect(inputs).toBe(2000);
      expect(accuracy).toBeGreaterThan(least);
    }
    expect(await output('evaluate', '--what', 'model', '--queries', '500')).toMatch(
      /^\d+\.\d\d% \(95% interval \d+\.\d to \d+\.\d\) of 500 held-out inputs answered right: shipped addition model\n$/,
    );
  });

  it('gives the accuracy of a model on the inputs that meet a condition, with an interval', async () => {
    const asked = ['evaluate', '--what', 'model', '--only', 'F2+S2=9,A4=–', '--queries', '300'];
    const record = z
      .strictObject({
        accuracy: z.number(),
        low: z.number(),
        high: z.number(),
        right: z.number(),
        inputs: z.literal(300),
        only: z.literal('F2+S2=9,A4=–'),
        heldOut: z.literal(true),
      })
      .parse(await json(...asked));
    expect(record.accuracy).toBe(record.right / 300);
    expect(record.low <= record.accuracy && record.accuracy <= record.high).toBe(true);
    expect(await output(...asked)).toMatch(/of 300 held-out inputs with F2\+S2=9,A4=– answered right/);
  });

  it('gives the in-preimage rate of each site of a decoder, and their mean', async () => {
    const schema = z.object({
      sites: z.array(z.object({ site: z.string(), rate: z.number(), low: z.number(), high: z.number() })),
      average: z.number(),
    });
    const asked = ['evaluate', '--task', 'addition', '--queries', '40', '--sites', 'x1.post,a0.0,a0.0'];
    const { sites, average } = schema.parse(await json(...asked));
    expect(sites.map(({ site }) => site)).toEqual([
      'blocks.1.hook_resid_post',
      'blocks.0.attn.hook_result.0',
    ]);
    for (const { rate, low, high } of sites) {
      expect(Number.isInteger(Math.round(rate * 40 * 1e6) / 1e6)).toBe(true);
      expect(low <= rate && rate <= high && high - low > 0.05).toBe(true);
    }
    expect(average).toBeCloseTo(sites.reduce((all, { rate }) => all + rate, 0) / 2, 12);
    expect(schema.parse(await json(...asked, '--seed', '1'))).toEqual({ sites, average });
    const text = await output(...asked);
    expect(text).toMatch(
      /^x1\.post +[\d.]+%  [\d.]+ to [\d.]+ +█*\na0\.0 +[\d.]+%  [\d.]+ to [\d.]+ +█*\naverage +[\d.]+% [ █]*\n40 held-out queries a site, with 95% intervals: /,
    );
  });

  it('is no worse under a threshold that takes everything', async () => {
    const all = await json('evaluate', '--queries', '8', '--sites', 'a0.0', '--epsilon', '1000000');
    expect(all).toMatchObject({ average: 1 });
  });
});
