/** Attention: one row over the tokens, whole patterns a click away. */
import { expect, it } from 'vitest';
import { complete, headReading, inBrowser, settled } from './page.js';

inBrowser('attention', (open) => {
  it('shows the row of the head over the tokens, and the whole pattern one click apart', async () => {
    const page = await open(headReading);
    await complete(page);
    const heights = await page
      .locator('.chip .weight i')
      .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().height));
    // Head 0 of layer 0 looks from "=" at the hundreds.
    const [largest, second] = heights
      .map((height, at) => ({ height, at }))
      .toSorted((a, b) => b.height - a.height);
    expect([largest?.at, second?.at].toSorted()).toEqual([1, 5]);
    await page.getByRole('button', { name: 'Full pattern' }).click();
    const pattern = page.getByRole('region', { name: 'Pattern of a0.0' });
    await pattern.getByRole('cell').first().waitFor();
    const row = pattern.getByRole('row').filter({ has: page.locator('[aria-pressed=true]') });
    const weights = (await row.getByRole('cell').allTextContents()).map(Number);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 1);
    expect(weights[1]).toBeGreaterThan(0.2);
    expect(await page.getByRole('radiogroup', { name: 'Head' }).getByRole('radio').count()).toBe(8);

    await page.getByRole('radio', { name: 'Head 2 of layer 1' }).click();
    await page.getByRole('region', { name: 'Pattern of a1.2' }).getByRole('button', { name: /^A1/ }).click();
    await page.getByRole('button', { name: 'Read a1.2 at A1' }).click();
    const reading = await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toMatch(/a1\.2\s+at\s+A1/);
  });

  it('does not pass the patterns of one input off as those of the next', async () => {
    const page = await open(headReading.replace('#read', '#attention'));
    const view = page.getByRole('group', { name: 'Attention' });
    const rows = page.getByRole('region', { name: 'Pattern of a0.0' }).locator('tbody th');
    const read = page.getByRole('button', { name: 'Read a0.0 at =' });
    await settled(view);
    expect(await rows.count()).toBe(14);
    await expect.poll(() => read.isEnabled()).toBe(true);
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route(/\/api\/attention/, async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('textbox', { name: 'Input', exact: true }).fill('123+456=579');
    await settled(page.getByRole('radiogroup', { name: 'Position' }));
    expect(await rows.count()).toBe(14);
    expect(await view.getAttribute('aria-busy')).toBe('true');
    expect(await read.count()).toBe(0);
    answer();
    await settled(view);
    expect(await rows.count()).toBe(13);
    await expect.poll(() => read.isEnabled()).toBe(true);
  });
});
