/** The map of sites and positions. */
import { expect, it } from 'vitest';
import { complete, inBrowser, textsOf } from './page.js';

inBrowser('overview', (open) => {
  it('fills a map of all sites and positions, recolours it by ε, and opens readings', async () => {
    const page = await open();
    const statusTexts = await textsOf(page, '[aria-label=Overview] [role=status]');
    await page.goto(`${page.url().split('#')[0] ?? ''}#overview?case=addition&input=615%2B861=1476&cell=16`);
    const grid = page.getByRole('grid', { name: 'Sites by positions' });
    await grid.waitFor();
    expect(await grid.getByRole('row').count()).toBe(1 + 13);
    const sampled = grid.locator('button:not(.pending)');
    await expect.poll(() => sampled.count()).toBe(13 * 13);
    // It filled before a person's eyes: site by site, not all at once.
    expect((await statusTexts()).filter((text) => /^\d+ of 169 cells$/.test(text)).length).toBeGreaterThan(5);
    const shares = async (): Promise<number[]> => (await sampled.allTextContents()).map(Number);
    const before = await shares();
    expect(Math.max(...before)).toBeGreaterThan(80);
    await page.getByRole('slider', { name: 'ε' }).fill('0.5');
    await expect.poll(shares).not.toEqual(before);
    const after = await shares();
    expect(after.every((share, at) => share >= (before[at] ?? 0))).toBe(true);
    await page.getByRole('combobox', { name: /^Colour/ }).selectOption('distinct');
    await expect.poll(shares).not.toEqual(after);
    await grid.getByRole('button', { name: /^a0\.0 at =/ }).click();
    const reading = await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toMatch(/a0\.0\s+at\s+=/);
    await page.goBack();
    await grid.waitFor();
  });
});
