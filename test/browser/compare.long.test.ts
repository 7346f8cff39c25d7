/** Comparing: readings side by side, walking by arrow keys, two inputs at one place. */
import { expect, it } from 'vitest';
import { complete, headReading, inBrowser, insideShare, live } from './page.js';

inBrowser('compare', (open) => {
  it('pins readings side by side, each with controls of its own', async () => {
    const page = await open(`${headReading}&candidates=128`);
    await complete(page);
    await page.keyboard.press('p');
    await expect.poll(() => page.getByRole('article').count()).toBe(2);
    await page.keyboard.press('ArrowUp');
    const right = await complete(page);
    const left = page.getByRole('article').first();
    expect(await left.getByRole('heading').first().textContent()).toMatch(/a0\.0\s+at/);
    expect(await right.getByRole('heading').first().textContent()).toMatch(/a0\.1\s+at/);
    const before = await insideShare(right);
    await left.getByRole('spinbutton', { name: 'Threshold ε' }).fill('0');
    await page.keyboard.press('Enter');
    await expect.poll(() => insideShare(left)).toBeLessThan(5);
    expect(await insideShare(right)).toBe(before);
    await left.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => page.getByRole('article').count()).toBe(1);
  });

  it('walks sites and positions with the arrow keys', async () => {
    const page = await open(`${headReading}&candidates=64`);
    const heading = live(page).getByRole('heading').first();
    await complete(page);
    const steps = [
      ['ArrowUp', /a0\.1\s+at\s+=/],
      ['ArrowRight', /a0\.1\s+at\s+A1/],
      ['ArrowDown', /a0\.0\s+at\s+A1/],
      ['ArrowLeft', /a0\.0\s+at\s+=/],
    ] as const;
    for (const [key, expected] of steps) {
      await page.keyboard.press(key);
      await expect.poll(() => heading.textContent()).toMatch(expected);
    }
    await complete(page);
  });

  it('lays two inputs against each other at the same place, and walks both', async () => {
    const page = await open(`${headReading}&candidates=64`);
    await complete(page);
    await live(page).getByRole('button', { name: 'Compare inputs' }).click();
    await expect.poll(() => page.getByRole('article').count()).toBe(2);
    await page.getByRole('textbox', { name: 'Input', exact: true }).fill('148+245=393');
    await page.keyboard.press('Enter');
    const [left, right] = [page.getByRole('article').first(), live(page)];
    await expect.poll(() => right.getByRole('heading').first().textContent()).toMatch(/=\s+148\+245=393/);
    await complete(page);
    await page.getByRole('radiogroup', { name: 'Position' }).getByRole('radio', { checked: true }).focus();
    await page.keyboard.press('ArrowRight');
    for (const reading of [left, right]) {
      await expect.poll(() => reading.getByRole('heading').first().textContent()).toMatch(/a0\.0\s+at\s+A1/);
      await complete(page, reading);
    }
    expect(await left.getByRole('heading').first().textContent()).toContain('615+861=1476');
    await left.getByRole('button', { name: 'Make live' }).click();
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Input', exact: true }).inputValue())
      .toBe('615+861=1476');
  });
});
