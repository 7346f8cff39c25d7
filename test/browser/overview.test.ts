/** The map of sites and positions. */
import { expect, it } from 'vitest';
import { complete, inBrowser } from './page.js';

inBrowser('overview', (open) => {
  it('fills a map of all sites and positions, recolours it by ε, and opens readings', async () => {
    const page = await open('#overview?case=addition&input=615%2B861=1476&cell=16');
    const grid = page.getByRole('grid', { name: 'Sites by positions' });
    await grid.waitFor();
    expect(await grid.getByRole('row').count()).toBe(1 + 13);
    const sampled = grid.locator('button:not(.pending)');
    await sampled.first().waitFor();
    const early = await sampled.count();
    expect(early).toBeLessThan(13 * 13);
    await expect.poll(() => sampled.count(), { timeout: 25_000 }).toBe(13 * 13);
    const shares = async (): Promise<number[]> => (await sampled.allTextContents()).map(Number);
    const before = await shares();
    expect(Math.max(...before)).toBeGreaterThan(80);
    await page.getByRole('slider', { name: 'ε' }).fill('0.5');
    const after = await shares();
    expect(after.every((share, at) => share >= (before[at] ?? 0))).toBe(true);
    expect(after).not.toEqual(before);
    await page.getByRole('combobox', { name: /^Colour/ }).selectOption('distinct');
    await expect.poll(shares).not.toEqual(after);
    await grid.getByRole('button', { name: /^a0\.0 at =/ }).click();
    const reading = await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toMatch(/a0\.0\s+at\s+=/);
    await page.goBack();
    await grid.waitFor();
  });
});
