/** What runs many inputs: all of them, the completeness scatter, the map of bits. */
import { expect, it } from 'vitest';
import { violations } from './accessible.js';
import { complete, inBrowser, settled, textsOf } from './page.js';
import { bitsAt, downloaded, hundredsReading, information, interpretationOf } from './information-page.js';

inBrowser('information of many inputs', (open) => {
  it('runs all inputs where it is asked to, scores their completeness, and a link holds both', async () => {
    // Few draws of noise, and yet more than one turn of the server: between turns progress is shown.
    const page = await open(`${information}&draws=16`);
    const region = interpretationOf(page);
    await page.getByRole('table', { name: /Features/ }).waitFor();
    await settled(region);
    const estimated = await bitsAt(region.locator('.amount').first());
    const statusTexts = await textsOf(page, '[aria-label="What it tells"] [role=status]');
    await region.getByRole('button', { name: 'Run all inputs' }).click();
    const exact = region.locator('.amount').last();
    await exact.getByText('inputs are inside').waitFor();
    await settled(region);
    expect(await statusTexts()).toContainEqual(expect.stringMatching(/of 810,000 inputs run at a0\.0/));
    expect(Math.abs((await bitsAt(exact)) - estimated)).toBeLessThan(0.5);
    await region.getByText(/60 of the [\d,]+ inputs inside, evenly drawn/).waitFor();

    const scoring = page.getByRole('region', { name: 'Completeness' });
    expect(await scoring.getByRole('combobox', { name: 'Draws of noise' }).inputValue()).toBe('16');
    const progress = await textsOf(page, '[aria-label=Completeness] [role=status]');
    await scoring.getByRole('button', { name: 'Score' }).click();
    await scoring.getByRole('img', { name: /Log-probability under the decoder against distance/ }).waitFor();
    await settled(scoring);
    expect(await progress()).toContainEqual(expect.stringMatching(/of 16 draws of noise/));
    expect(await scoring.textContent()).toMatch(/\d of [\d,]+ inputs inside are\s+below\s+the\s+floor/);
    const { text } = await downloaded(page, 'Save the scatter as JSON');
    const { completeness } = JSON.parse(text) as { completeness: { draws: number; points: unknown[] } };
    expect(completeness.draws).toBe(16);
    expect(completeness.points.length).toBeGreaterThan(2000);
    expect((await downloaded(page, 'Save the scatter as PNG')).text.slice(1, 4)).toBe('PNG');
    await expect.poll(() => page.url()).toMatch(/exact=on.*completeness=on.*draws=16/);
    expect(await violations(page)).toEqual([]);

    // Another ε is another scatter: the old one says so; its preimage is there at once.
    await page.getByRole('slider', { name: 'ε' }).fill('0.05');
    await scoring.getByText('as asked before').waitFor();
    await settled(region);
    await expect.poll(() => page.url()).not.toContain('completeness=on');
  });

  it('maps the bits of every site and position, and recolours by ε', async () => {
    const page = await open(`${hundredsReading.replace('#read', '#overview')}&figure=bits&cell=16`);
    const grid = page.getByRole('grid', { name: 'Sites by positions' });
    const known = grid.locator('button:not(.pending)');
    await known.first().waitFor();
    await expect.poll(() => known.count(), { timeout: 400_000 }).toBe(13 * 12);
    const cell = grid.getByRole('button', { name: /^a0\.0 at =:/ });
    expect(await cell.getAttribute('aria-label')).toMatch(
      /[\d.]+ bits, at least 95%: .*effective sample size/,
    );
    expect(await grid.getByRole('button', { name: /^a0\.0 at BOS: Bits 0\.0;/ }).textContent()).toBe('0.0');
    for (const text of await grid.locator('.refused').allTextContents()) expect(text).toMatch(/^≥[\d.]+$/);
    const before = Number(await cell.textContent());
    await page.getByRole('slider', { name: 'ε' }).fill('0.5');
    await expect.poll(() => grid.locator('.behind').count()).toBe(0);
    await expect.poll(async () => Number((await cell.textContent())?.replace('≥', ''))).toBeLessThan(before);
    expect(await violations(page)).toEqual([]);
    await cell.click();
    await complete(page);
  });
});
