/**
 * A template task on the page: chosen with a small model of random weights and as many heads as SmolLM2, searched, seen
 * slot by slot, run as an exact set, patched with typed prompts; on a wide screen and on a telephone's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeSentenceModel } from '../fixtures/sentence-model.js';
import { violations } from './accessible.js';
import { cell, complete, inBrowser, live, rowsOf, settled, token } from './page.js';
import { type OwnWorkbench, ownWorkbench } from './workbench.js';

const input = 'When Robert and James went to the house, Robert gave a letter to James';
const address = `#read?case=ioi~models/sentences&input=${encodeURIComponent(input)}`;

/** Parts of a page that stick out at its right, where nothing scrolls to them. */
const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('main *, header *, section *')]
      .filter((one) => {
        const box = one.getBoundingClientRect();
        if (box.width === 0 || box.right <= innerWidth + 1) return false;
        for (let up = one.parentElement; up !== null; up = up.parentElement)
          if (/auto|scroll/.test(getComputedStyle(up).overflowX)) return false;
        return getComputedStyle(one).position !== 'absolute' && !one.closest('.unseen');
      })
      .map((one) => `${one.tagName}.${one.className}`),
  );

inBrowser('template tasks', (open) => {
  let folder: string;
  let own: OwnWorkbench;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inversionview-sentences-'));
    await writeSentenceModel(join(folder, 'models/sentences'), 'ioi', { layers: 30, heads: 9 });
    own = await ownWorkbench({ prepare: false, models: join(folder, 'models') });
  }, 240_000);
  afterAll(async () => {
    await own.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const at = async (hash: string, options = {}): Promise<Page> => {
    const page = await open('', options);
    await page.goto(`${own.url}${hash}`);
    await page.getByRole('main').waitFor();
    return page;
  };
  const shot = async (page: Page, name: string): Promise<void> => {
    const into = process.env['INVERSIONVIEW_SCREENSHOTS'];
    if (into !== undefined) await page.screenshot({ path: join(into, `${name}.png`) });
  };

  it('ioi is chosen with a model, searched, and its samples stand slot by slot', async () => {
    const page = await at('');
    await page.getByLabel('Case study').selectOption({ label: 'Other model or decoder…' });
    const dialog = page.getByRole('dialog', { name: 'Other task, model or decoder' });
    await dialog.getByLabel('Task').selectOption('ioi');
    await dialog.getByLabel('Model').selectOption('models/sentences');
    await dialog.getByRole('button', { name: 'Read with these' }).click();
    await expect.poll(() => page.getByLabel('Case study').inputValue()).toBe('ioi~models/sentences');
    // The case brings an example of its own first.
    await expect.poll(() => page.locator('#input').inputValue()).not.toBe('');
    await token(page, 'END').waitFor();
    await page.locator('#input').fill(input);
    await page.locator('#input').press('Enter');
    await token(page, 'S1+1').click();
    // Every head is there, and the field takes one by its name.
    expect(await page.getByRole('radiogroup', { name: 'Site' }).getByRole('radio').count()).toBeGreaterThan(
      270,
    );
    await page.getByRole('combobox', { name: 'Site' }).fill('a29.8');
    await page.getByRole('combobox', { name: 'Site' }).press('Enter');
    await expect.poll(() => cell(page, 'a29.8').getAttribute('aria-checked')).toBe('true');
    const candidates = live(page).getByRole('spinbutton', { name: 'Candidates' });
    await candidates.fill('96');
    await candidates.press('Enter');
    const reading = await complete(page);
    expect(await reading.getByText('says nothing about how often').count()).toBe(1);
    const slots = await reading
      .locator('[data-slot]')
      .evaluateAll((heads) => heads.map((one) => [one.getAttribute('data-slot'), one.textContent]));
    expect(slots.map(([name]) => name)).toEqual(expect.arrayContaining(['pattern', 'A', 'B', 'S', 'place']));
    for (const [, text] of slots) expect(text).toMatch(/any of \d+|\d%$/);
    const [first] = await rowsOf(reading, 'inside');
    expect(first?.text.trim()).toBe(input);
    expect(await violations(page)).toEqual([]);
    await shot(page, 'read-1280');
  });

  it('an exact set is planned, run and looked at along ε', async () => {
    const page = await at(
      `${address.replace('#read', '#information')}&site=a3.2&at=S2&candidates=64&vary=place,S`,
    );
    const exact = page.getByRole('region', { name: 'Exact set' });
    await exact.getByText('40 inputs').waitFor();
    await exact.getByRole('checkbox', { name: /^object/ }).check();
    await exact.getByText('800 inputs').waitFor();
    await exact.getByRole('checkbox', { name: /^object/ }).uncheck();
    await exact.getByText('40 inputs').waitFor();
    await exact.getByRole('button', { name: 'Run them' }).click();
    await exact.getByText(/of 40 inputs inside/).waitFor();
    const table = exact.getByRole('table');
    expect(await table.getByRole('row').count()).toBe(11);
    await table.getByRole('button', { name: 'Look at ε = 1', exact: true }).click();
    await exact.getByText(/of 40 inputs inside ε = 1/).waitFor();
    await settled(page.getByRole('region', { name: 'What it tells' }));
    await shot(page, 'exact-1280');
    expect(await violations(page)).toEqual([]);
  });

  it('typed prompts are patched', async () => {
    const page = await at(address.replace('#read', '#patch'));
    await page.getByText('Type a contrast input').first().waitFor();
    await page
      .getByLabel('Contrast input')
      .fill('When James and Robert went to the house, James gave a letter to Robert');
    await page.getByText('in the contrast.').waitFor();
    await page.getByRole('button', { name: 'Sweep', exact: true }).click();
    await page
      .getByText(/\d+ of [\d,]+ cells/)
      .first()
      .waitFor();
    expect(await page.locator('[aria-label^="Effects"]').count()).toBe(1);
    await shot(page, 'patch-1280');
  });

  it.each(['read', 'information', 'patch'])(
    'nothing of the page %s is cut off on a telephone',
    async (name) => {
      const page = await at(`${address.replace('#read', `#${name}`)}&site=a3.2&at=S2&candidates=64`, {
        viewport: { width: 390, height: 844 },
      });
      await token(page, 'S2').waitFor();
      if (name === 'read') await complete(page);
      await shot(page, `${name}-390`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      expect(await cutOff(page)).toEqual([]);
    },
  );
});
