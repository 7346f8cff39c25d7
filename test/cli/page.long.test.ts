/**
 * The page that `read --html` writes, opened in a browser: it stands alone and keeps to its window.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readingSchema } from '../../src/inversion/reading.js';
import { renderHtml } from '../../src/report/index.js';
import { countingReading, exampleReading } from '../fixtures/readings.js';
import { bundledCommand, type Command } from './command.js';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const absent = !existsSync(executablePath);
const axe = createRequire(import.meta.url).resolve('axe-core');
const reason = 'needs Chromium, at /usr/bin/chromium or where CHROMIUM says';

let command: Command;
let browser: Browser | null = null;
const pages: Record<string, string> = {};
beforeAll(async () => {
  if (absent) return;
  command = await bundledCommand();
  const query = [
    'read',
    '--input',
    '615+861=1476',
    '--site',
    'a0.0',
    '--position',
    '=',
    '-n',
    '256',
    '--shown',
    '40',
  ];
  const { code } = await command.run([...query, '--threads', '1', '--html', 'real.html']);
  expect(code).toBe(0);
  const warned = { ...countingReading(), warnings: ['The input is not one of the task’s.'] };
  for (const [name, reading] of Object.entries({ example: exampleReading(), warned }))
    writeFileSync(join(command.folder, `${name}.html`), renderHtml(reading));
  for (const name of ['real', 'example', 'warned'])
    pages[name] = pathToFileURL(join(command.folder, `${name}.html`)).href;
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  if (!absent) command.dispose();
});

/** Opens a page and hands it over; whatever it asks for or complains of is collected. */
async function opened<T>(
  name: string,
  { width = 1000, scheme = 'light' }: { width?: number; scheme?: 'light' | 'dark' },
  look: (page: Page) => Promise<T>,
): Promise<{ seen: T; requests: string[]; faults: string[] }> {
  if (browser === null) throw new Error(reason);
  // The page forbids scripts; the one that checks it has to come in all the same.
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
    bypassCSP: true,
  });
  const page = await context.newPage();
  const requests: string[] = [];
  const faults: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(pages[name] ?? '');
  const seen = await look(page);
  await context.close();
  return { seen, requests: requests.filter((url) => !/^(file|data):/.test(url)), faults };
}

const names = ['real', 'example', 'warned'];

describe('the page of read --html', () => {
  it.for(names)('asks for nothing and complains of nothing (%s)', async (name, { skip }) => {
    skip(absent, reason);
    const { seen, requests, faults } = await opened(name, {}, (page) => page.title());
    expect({ requests, faults }).toEqual({ requests: [], faults: [] });
    expect(seen).toMatch(/ – InversionView$/);
  });

  it('shows each sample of the data that it holds', async ({ skip }) => {
    skip(absent, reason);
    await opened('real', {}, async (page) => {
      const text = await page.locator('#reading').textContent();
      const reading = readingSchema.parse(JSON.parse(text ?? ''));
      expect(await page.locator('tbody tr:has(td)').count()).toBe(reading.samples.length);
      expect(await page.locator('tbody.in tr').count()).toBe(
        reading.samples.filter(({ inside }) => inside).length,
      );
      expect(await page.locator('.query .here b').textContent()).toBe('=');
    });
  });

  it('tells a token’s distance when it is pointed at', async ({ skip }) => {
    skip(absent, reason);
    await opened('example', {}, async (page) => {
      const token = page.locator('tbody.in td.tokens span').nth(8);
      await token.hover();
      const shown = await token.evaluate((element) => getComputedStyle(element, '::after').content);
      expect(shown).toMatch(/^"position 8: distance \d\.\d{3}, probability [+−]\d\.\d{3}"$/);
    });
  });

  it.for([360, 720, 1280])('keeps to a window of %d', async (width, { skip }) => {
    skip(absent, reason);
    for (const name of names) {
      const { seen } = await opened(name, { width }, (page) =>
        page.evaluate('document.documentElement.scrollWidth'),
      );
      expect(seen, name).toBeLessThanOrEqual(width);
    }
  });

  it.for(['light', 'dark'] as const)(
    'is readable and plain to assistive technology (%s)',
    async (scheme, { skip }) => {
      skip(absent, reason);
      for (const name of ['real', 'warned']) {
        const { seen } = await opened(name, { scheme }, async (page) => {
          await page.addScriptTag({ path: axe });
          return z
            .object({ violations: z.array(z.object({ id: z.string(), help: z.string() })) })
            .parse(await page.evaluate('axe.run()')).violations;
        });
        expect(seen, name).toEqual([]);
      }
    },
  );

  it('is dark where its surroundings are', async ({ skip }) => {
    skip(absent, reason);
    const background = async (scheme: 'light' | 'dark'): Promise<unknown> =>
      (
        await opened('example', { scheme }, (page) =>
          page.evaluate('getComputedStyle(document.body).backgroundColor'),
        )
      ).seen;
    expect(await background('light')).not.toBe(await background('dark'));
  });
});
