/**
 * The case studies say what was measured: every number on the pages is the script's, every picture is there and small.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BrokenClaim, claimsOf } from './claims.js';
import { filled, picturesOf, table, unnamed, written } from './document.js';
import { type Measured, numberOf } from './measured.js';
import { tables } from './tables.js';

const measured: Measured = {
  shipped: { patch: { 'a0.0@=': 33.249, share: 0.2049, small: -0.0001, sum: 20000 } },
};

describe('filled', () => {
  const fill = (text: string): Promise<string> =>
    filled(text, measured, { one: () => table(['a'], [['b']]) });

  it('writes numbers anew with as many digits as stand there', async () => {
    expect(
      await fill(
        'It is 9.1 logits, 9.1<!-- shipped/patch/a0.0@= --> or 1<!-- shipped/patch/a0.0@= -->, 7%<!-- shipped/patch/share -->, −3.00<!-- shipped/patch/small -->, 1,234<!-- shipped/patch/sum -->.',
      ),
    ).toBe(
      'It is 9.1 logits, 33.2<!-- shipped/patch/a0.0@= --> or 33<!-- shipped/patch/a0.0@= -->, 20%<!-- shipped/patch/share -->, 0.00<!-- shipped/patch/small -->, 20,000<!-- shipped/patch/sum -->.\n',
    );
  });

  it('writes the interval of a mean anew where one stands', async () => {
    const means: Measured = { a: { all: { bits: 4.29, low: 3.88, high: 4.71 } } };
    expect(await filled('It is 1.0 (2.0–3.0)<!-- a/all --> or 5<!-- a/all -->.', means, {})).toBe(
      'It is 4.3 (3.9–4.7)<!-- a/all --> or 4<!-- a/all -->.\n',
    );
  });

  it('writes nothing where a sentence does not hold any more', async () => {
    const text = 'It is large. <!-- holds: "shipped/patch/a0.0@=" > 40 -->';
    await expect(fill(text)).rejects.toThrow(BrokenClaim);
    expect(await fill(text.replace('40', '30'))).toContain('It is large.');
  });

  it('writes whole tables anew, and is at rest then', async () => {
    const once = await fill('<!-- table one -->\nold\n<!-- /table -->');
    expect(once).toBe('<!-- table one -->\n\n| a   |\n| --- |\n| b   |\n\n<!-- /table -->\n');
    expect(await fill(once)).toBe(once);
  });

  it('refuses what was not measured, and tables that there are none of', async () => {
    await expect(fill('1<!-- shipped/patch/a9.9@= -->')).rejects.toThrow(/nothing was measured as shipped/);
    await expect(fill('1<!-- shipped/patch -->')).rejects.toThrow(/nothing was measured/);
    await expect(fill('<!-- table two -->\n<!-- /table -->')).rejects.toThrow(/no table two/);
    expect(() => numberOf(measured, 'published/patch')).toThrow(RangeError);
  });
});

describe('unnamed', () => {
  it('finds numbers with a unit that no comment names', () => {
    expect(unnamed('3.2 logits, 4 bits<!-- x -->, 20%, `5 bits`, 6 queries, 7%<!-- x -->')).toEqual([
      '3.2 logits',
      '20%',
    ]);
  });
});

it('written gives true minus signs, and none before zero', () => {
  expect([written(-1.25, 1), written(-0.04, 1), written(12345.6, 0)]).toEqual(['−1.3', '0.0', '12,346']);
});

const folder = 'docs/case-studies';
const studies: [task: string, models: string[]][] = [
  ['addition', ['shipped', 'published']],
  ['counting', ['shipped', 'published']],
  ['ioi', ['shipped', 'language']],
];
describe.each(studies)('docs/case-studies/%s.md', (task, models) => {
  const page = readFileSync(join(folder, `${task}.md`), 'utf8');
  const data = (which: string): unknown =>
    JSON.parse(readFileSync(join(folder, `${task}.${which}.json`), 'utf8'));

  it('has the numbers that were measured', async () => {
    const both = Object.assign({}, ...models.map((which) => ({ [which]: data(which) })));
    expect(await filled(page, both as Measured, tables)).toBe(page);
  });

  it('has claims beside its sentences, which filling it has checked', () => {
    expect(claimsOf(page).length).toBeGreaterThan(15);
  });

  it('says of how many queries its maps are', () => {
    const drawing = readFileSync(join(folder, `pictures/${task}-bits.shipped.svg`), 'utf8');
    const queries = /Mean over (\d+) held-out queries/.exec(drawing)?.[1];
    const said = [...page.matchAll(/--queries (\d+)|(\d+) queries (?:each|a site)/g)];
    expect(said.length).toBeGreaterThan(2);
    for (const [text, given, meant] of said) expect(given ?? meant, text).toBe(queries);
  });

  it('has no number with a unit that nobody measured', () => {
    expect(unnamed(page)).toEqual([]);
  });

  it('shows pictures that are there, and small', () => {
    const files = picturesOf(page);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      expect(existsSync(join(folder, file)), file).toBe(true);
      expect(statSync(join(folder, file)).size, file).toBeLessThan(150_000);
    }
  });

  it('links to pages that are there', () => {
    const links = [...page.matchAll(/[^!]\[[^\]]*\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    for (const link of links.filter((one) => !one.startsWith('http')))
      expect(existsSync(join(folder, link)), link).toBe(true);
  });
});

it('the pictures are small together, and each is shown', () => {
  const files = readdirSync(join(folder, 'pictures'));
  const shown = studies.flatMap(([task]) => picturesOf(readFileSync(join(folder, `${task}.md`), 'utf8')));
  expect(files.filter((file) => !shown.includes(`pictures/${file}`))).toEqual([]);
  expect(files.reduce((sum, file) => sum + statSync(join(folder, 'pictures', file)).size, 0)).toBeLessThan(
    1_500_000,
  );
});
