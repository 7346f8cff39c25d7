/**
 * Used or only held, and controls, on the page: asked for beneath a reading and beneath an exact set of the small model of
 * ioi, shown feature by feature, cancelled, refused where nothing that is measured sees the activation.
 */
import { join } from 'node:path';
import { type Locator, type Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { violations } from './accessible.js';
import { complete, inBrowser, settled } from './page.js';

const input = 'When Mary and John went to the house, John gave a letter to';
const address = (page: string, at = 'END'): string =>
  `#${page}?case=ioi&input=${encodeURIComponent(input)}&site=x3.post&at=${at}&candidates=64&epsilon=0.4`;
const panelOf = (where: Locator | Page): Locator => where.getByRole('group', { name: 'Used or only held' });
const shot = async (page: Page, name: string): Promise<void> => {
  const into = process.env['INVERSIONVIEW_SCREENSHOTS'];
  if (into !== undefined) await page.screenshot({ path: join(into, `${name}.png`) });
};

/** The bits and the verdict of each feature. */
const verdictsOf = (panel: Locator): Promise<string[][]> =>
  panel
    .getByRole('group', { name: 'Held and used by feature' })
    .getByRole('row')
    .evaluateAll((rows) =>
      rows.slice(1).map((row) => [...row.querySelectorAll('th, td')].map(({ textContent }) => textContent)),
    );

inBrowser('used or only held', (open) => {
  it('is asked for beneath an exact set, and its controls', async () => {
    const page = await open(`${address('information')}&vary=place,S`, {
      viewport: { width: 1440, height: 900 },
    });
    const exact = page.getByRole('region', { name: 'Exact set' });
    await exact.getByRole('button', { name: 'Run them' }).click();
    await exact.getByText(/of 40 inputs inside/).waitFor();
    const panel = panelOf(exact);
    // From the keyboard alone.
    await panel.getByRole('button', { name: 'Used or only held' }).press('Enter');
    await panel.getByText(/Of 40 inputs, \d+ are inside by distance and \d+ by effect/).waitFor();
    expect(await panel.getByText(/Inside by effect: KL ≤ 0\.02 nats/).count()).toBe(1);
    const parts = (await panel.locator('dl dd').allTextContents()).slice(0, 4).map(Number);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(40);
    const rows = await verdictsOf(panel);
    expect(rows.map(([feature]) => feature)).toEqual(expect.arrayContaining(['place', 'S']));
    for (const [, verdict] of rows) expect(verdict).toMatch(/held|neither/);
    await panel.getByRole('button', { name: 'Controls' }).click();
    await panel.getByText(/8 random vectors of the query’s norm have .* of 40 inputs/).waitFor();
    expect(await panel.getByText(/the activation of BOS has \d+ of 40 inputs/).count()).toBe(1);
    await settled(panel);
    await panel.getByText('Inside by effect:').scrollIntoViewIfNeeded();
    await shot(page, 'used-set-1440');
    expect(await violations(page)).toEqual([]);

    // With any effect counted as none, all are inside by effect and nothing is used.
    await panel.getByLabel('Largest KL that counts as no effect').fill('1000000');
    await panel.getByLabel('Largest KL that counts as no effect').press('Enter');
    await panel.getByText('Faint: of another question').waitFor();
    await panel.getByRole('button', { name: 'Used or only held' }).click();
    await panel.getByText(/and 40 by effect/).waitFor();
    for (const [, verdict] of await verdictsOf(panel)) expect(verdict).toMatch(/not used|neither/);
  });

  it('is asked for beneath a reading, on a telephone too, and stopped', async () => {
    const page = await open(address('read'), { viewport: { width: 390, height: 844 } });
    const panel = panelOf(await complete(page));
    await panel.getByRole('button', { name: 'Used or only held' }).click();
    await panel.getByRole('button', { name: 'Cancel' }).click();
    await panel.getByText('Stopped.').waitFor();
    await panel.getByRole('button', { name: 'Controls' }).click();
    await panel.getByText(/Random vectors of the query’s norm: 256 samples of the decoder/).waitFor();
    expect(
      await panel
        .getByRole('group', { name: 'Controls by feature' })
        .getByRole('columnheader')
        .allTextContents(),
    ).toEqual(['feature', 'the query', 'BOS', 'random']);
    await panel.getByRole('button', { name: 'Used or only held' }).click();
    await panel.getByText(/Shares are weighed by how likely inputs are/).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await shot(page, 'used-read-390');
    expect(await violations(page)).toEqual([]);
    await panel.getByRole('button', { name: 'Close what was found' }).click();
    expect(await verdictsOf(panel)).toEqual([]);
  });
});
