/** Manners: keyboard, screen readers, light and dark, small screens, first-time visitors, a server that is gone. */
import { type Page } from 'playwright-core';
import { expect, inject, it } from 'vitest';
import { guided } from '../../web/src/guide/steps.js';
import { violations } from './accessible.js';
import { complete, headReading, inBrowser, live, rowsOf, token } from './page.js';

const views: readonly [string, string, (page: Page) => Promise<unknown>][] = [
  ['a reading', `${headReading}&candidates=64`, complete],
  ['nothing asked', '#read', (page) => page.getByText('What does an activation know?').waitFor()],
  [
    'two readings',
    `${headReading}&candidates=64&1.case=addition&1.input=148%2B245=393&1.site=a0.0&1.at==&1.candidates=64`,
    complete,
  ],
  [
    'attention',
    headReading.replace('#read', '#attention'),
    (page) => page.getByRole('cell').first().waitFor(),
  ],
  [
    'overview',
    `${headReading.replace('#read', '#overview')}&cell=16`,
    (page) => page.locator('[role=gridcell] button:not(.pending)').first().waitFor(),
  ],
  ['training', '#train', (page) => page.getByRole('form').waitFor()],
  [
    'a model',
    '#models?model=shipped/addition',
    (page) => page.getByRole('button', { name: 'Read with it' }).waitFor(),
  ],
  ['saved readings', '#saved', (page) => page.getByText('Nothing is saved yet').waitFor()],
];

inBrowser('behaviour of the page', (open) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it.for(views)(`gives axe nothing to object to in ${colorScheme}: %s`, async ([, hash, ready]) => {
      const page = await open(hash, { colorScheme });
      await ready(page);
      expect(await page.evaluate(() => document.documentElement.dataset['scheme'])).toBe(colorScheme);
      expect(await violations(page)).toEqual([]);
    });
  }

  it('is worked by keyboard alone', async () => {
    const page = await open();
    await token(page, 'BOS').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('148+245=393');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.chip b').allTextContents()).toEqual(Array.from('B148+245=393E'));
    // Out of the field by Tab, to the tokens, along them, and up the sites.
    for (const key of ['Tab', 'Tab', 'ArrowRight', 'ArrowRight', 'ArrowUp', 'ArrowUp'])
      await page.keyboard.press(key);
    const reading = await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toMatch(/a0\.0\s+at\s+F1/);
    await page.keyboard.press(']');
    await expect
      .poll(() => reading.getByRole('slider', { name: 'Threshold ε' }).getAttribute('aria-valuetext'))
      .toBe('0.105');
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Keys').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('3');
    await page.getByRole('grid').waitFor();
    await page.keyboard.press('1');
    await complete(page);
  });

  it('fits 1280 × 720 and shifts nothing while a reading comes in', async () => {
    const page = await open('#read?case=addition&input=615%2B861=1476&at==&site=x0.mid');
    await complete(page);
    await page.evaluate(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
      }).observe({ type: 'layout-shift' });
    });
    await page.keyboard.press('ArrowDown');
    await complete(page);
    await page.keyboard.press('ArrowRight');
    await complete(page);
    const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.05);
    const size = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ]);
    expect(size).toEqual([1280, 720]);
  });

  it('keeps the chosen colours of the page', async () => {
    const page = await open();
    const scheme = (): Promise<string | undefined> =>
      page.evaluate(() => document.documentElement.dataset['scheme']);
    await page.getByRole('button', { name: 'Colours of the page: as the system' }).click();
    await page.getByRole('button', { name: 'Colours of the page: light' }).click();
    await expect.poll(scheme).toBe('dark');
    await page.reload();
    await page.getByRole('main').waitFor();
    await expect.poll(scheme).toBe('dark');
  });

  it('leads a first-time visitor through one head, and what it says of the head holds', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Begin' }).click();
    const guide = page.getByRole('dialog', { name: 'The input' });
    await guide.getByRole('button', { name: 'Next' }).click();
    // One step is done by hand, the other by Next.
    await token(page, '=').click();
    await page.getByRole('dialog', { name: 'A site' }).getByRole('button', { name: 'Next' }).click();
    await page.getByRole('dialog', { name: 'Where it looks' }).getByRole('button', { name: 'Next' }).click();
    await page.getByRole('dialog', { name: 'What it knows' }).waitFor();
    const reading = await complete(page);
    expect(await page.getByRole('textbox', { name: 'Input', exact: true }).inputValue()).toBe(guided.input);
    const inside = await rowsOf(reading, 'inside');
    expect(inside.length).toBeGreaterThan(5);
    for (const { text } of inside) expect(['58', '85'], text).toContain(`${text[0] ?? ''}${text[4] ?? ''}`);
    for (const title of ['What it knows', 'How near is near', 'What it adds']) {
      await page.getByRole('dialog', { name: title }).getByRole('button', { name: 'Next' }).click();
    }
    await page.getByRole('button', { name: 'Done' }).click();
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.reload();
    await complete(page);
    expect(await page.getByRole('button', { name: 'Begin' }).count()).toBe(0);
  });

  it('says what to do when the server is gone or refuses, and goes on when it is back', async () => {
    const page = await open();
    await token(page, '=').click();
    await page.route('**/api/read', (route) => route.abort());
    await page.getByRole('radio', { name: /^a0\.0,/ }).click();
    expect(await live(page).getByRole('alert').textContent()).toMatch(/does not answer.*npm start/);
    await page.unroute('**/api/read');
    await live(page).getByRole('button', { name: 'Try again' }).click();
    await complete(page);
    const wrong = await open('#read?case=addition&input=615%2B861=1476&site=a0.9&at==');
    expect(await live(wrong).getByRole('alert').textContent()).toMatch(/a0\.9/);
  });

  it('frees the server when the page goes away', async () => {
    const page = await open(`${headReading}&candidates=16384`);
    await live(page).locator('[role=option][data-index="0"]').waitFor();
    await page.close();
    await expect
      .poll(async () => (await (await fetch(`${inject('workbench') ?? ''}api/status`)).json()) as unknown)
      .toMatchObject({ working: 0, waiting: 0 });
  });
});
