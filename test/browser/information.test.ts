/** What an activation tells: its sentence under the samples, bits and features, all inputs run, the map, the scatter. */
import { readFileSync } from 'node:fs';
import { type Locator, type Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { violations } from './accessible.js';
import { complete, inBrowser, requestsOf } from './page.js';

/** A head that holds the hundreds, their order lost. */
const headReading = '#read?case=addition&input=835%2B141=976&site=a0.0&at==';
const information = headReading.replace('#read', '#information');
const strip = (reading: Locator): Locator => reading.getByRole('group', { name: 'What it tells' });
const tells = (page: Page): Locator => page.getByRole('region', { name: 'What it tells' });
/** The bits at a place that says them. */
const bitsAt = async (where: Locator): Promise<number> =>
  Number(/(\d+\.\d\d) bits/.exec((await where.textContent()) ?? '')?.[1]);
const settled = (where: Locator): Promise<void> =>
  expect.poll(() => where.getAttribute('aria-busy'), { timeout: 90_000 }).toBe('false');

/** The text of what a click downloads. */
async function downloaded(page: Page, button: string): Promise<{ name: string; text: string }> {
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const download = await file;
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'latin1') };
}

inBrowser('information', (open) => {
  it('says under the samples what they tell, and follows ε without sampling', async () => {
    const page = await open(`${headReading}&candidates=64`);
    const reading = await complete(page);
    const sentence = strip(reading).locator('.sentence');
    await expect
      .poll(() => sentence.textContent(), { timeout: 30_000 })
      .toMatch(/Tells\s+F1 and S1, order lost/);
    expect(await strip(reading).textContent()).toMatch(/at least 95%: .* effective sample size/);
    const before = await bitsAt(strip(reading));
    const paths = requestsOf(page);
    await reading.getByRole('spinbutton', { name: 'Threshold ε' }).fill('0.4');
    await page.keyboard.press('Enter');
    await expect.poll(() => bitsAt(strip(reading)), { timeout: 30_000 }).toBeLessThan(before);
    expect(paths.filter((path) => path.startsWith('/api/') && path !== '/api/status')).toEqual([
      '/api/interpret',
    ]);
    await strip(reading).getByRole('button', { name: 'Information' }).click();
    await page.getByRole('table', { name: /Features/ }).waitFor();
    expect(page.url()).toContain('#information?');
    expect(page.url()).toContain('epsilon=0.4');
  });

  it('tables the features with their chance and consistency, of any task', async () => {
    const page = await open(information);
    const table = page.getByRole('table', { name: /Features/ });
    const cells = async (row: number): Promise<string[]> =>
      (await table.getByRole('row').nth(row).locator('th, td').allTextContents()).map((text) => text.trim());
    await table.waitFor();
    expect((await cells(0)).filter((text) => text !== '')).toEqual(
      expect.arrayContaining(['feature', 'bits', 'of', 'by chance', 'consistency', 'value']),
    );
    const [feature, bits, of, , chance, consistency, value] = await cells(1);
    expect([feature, value]).toEqual(['{F1,S1}', '1,8']);
    expect(Number(bits)).toBeGreaterThan(0.9 * Number(of));
    expect(Number(chance)).toBeLessThan(1);
    expect(Number.parseFloat(consistency ?? '')).toBeGreaterThan(90);
    const { name, text } = await downloaded(page, 'Save the features as JSON');
    expect(name).toBe('addition-835+141=976-a0.0-=-features.json');
    expect(JSON.parse(text)).toMatchObject({ place: '=', epsilon: 0.1, exact: null });
    expect((await downloaded(page, 'Save the features as SVG')).text).toMatch(/^<svg /);
    expect((await downloaded(page, 'Save the features as PNG')).text.slice(1, 4)).toBe('PNG');
    await page.goto(`${page.url().split('#')[0] ?? ''}#information?case=counting&site=x1.post&at=:`);
    await table.getByRole('rowheader', { name: 'count', exact: true }).waitFor();
    await tells(page).getByText('too many to run them all').waitFor();
    expect(await page.getByRole('button', { name: 'Score' }).isDisabled()).toBe(true);
  });

  it('runs all inputs where it is asked to, scores their completeness, and a link holds both', async () => {
    // Few draws of noise, and yet more than one turn of the server: between turns progress is shown.
    const page = await open(`${information}&draws=16`);
    const region = tells(page);
    await page.getByRole('table', { name: /Features/ }).waitFor();
    const estimated = await bitsAt(region.locator('.amount').first());
    await region.getByRole('button', { name: 'Run all inputs' }).click();
    await region.getByText(/of 810,000 inputs run at a0\.0/).waitFor({ timeout: 90_000 });
    await settled(region);
    const exact = region.locator('.amount').last();
    await exact.getByText('inputs are inside').waitFor({ timeout: 90_000 });
    expect(Math.abs((await bitsAt(exact)) - estimated)).toBeLessThan(0.5);
    await region.getByText(/60 of the [\d,]+ inputs inside, evenly drawn/).waitFor();

    const scoring = page.getByRole('region', { name: 'Completeness' });
    expect(await scoring.getByRole('combobox', { name: 'Draws of noise' }).inputValue()).toBe('16');
    const progress = scoring.getByText(/of 16 draws of noise/).waitFor();
    await scoring.getByRole('button', { name: 'Score' }).click();
    await progress;
    await scoring.getByRole('img', { name: /Log-probability under the decoder against distance/ }).waitFor();
    expect(await scoring.textContent()).toMatch(/\d of [\d,]+ inputs inside are\s+below the floor/);
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
  }, 180_000);

  it('stops when it is cancelled', async () => {
    const page = await open(information.replace('site=a0.0', 'site=x0.post'));
    await page.getByRole('table', { name: /Features/ }).waitFor();
    await tells(page).getByRole('button', { name: 'Run all inputs' }).click();
    await tells(page)
      .getByText(/inputs run at x0\.post/)
      .waitFor();
    await tells(page).getByRole('button', { name: 'Cancel' }).click();
    await settled(tells(page));
    await tells(page).getByRole('button', { name: 'Run all inputs' }).waitFor();
  });

  it('maps the bits of every site and position, and recolours by ε', async () => {
    const page = await open(`${headReading.replace('#read', '#overview')}&figure=bits&cell=16`);
    const grid = page.getByRole('grid', { name: 'Sites by positions' });
    const known = grid.locator('button:not(.pending)');
    await known.first().waitFor();
    await expect.poll(() => known.count(), { timeout: 120_000 }).toBe(13 * 12);
    const cell = grid.getByRole('button', { name: /^a0\.0 at =:/ });
    expect(await cell.getAttribute('aria-label')).toMatch(
      /[\d.]+ bits, at least 95%: .*effective sample size/,
    );
    expect(await grid.getByRole('button', { name: /^a0\.0 at BOS: Bits 0\.0;/ }).textContent()).toBe('0.0');
    for (const text of await grid.locator('.refused').allTextContents()) expect(text).toMatch(/^≥[\d.]+$/);
    const before = Number(await cell.textContent());
    await page.getByRole('slider', { name: 'ε' }).fill('0.5');
    await expect.poll(() => grid.locator('.behind').count(), { timeout: 60_000 }).toBe(0);
    await expect.poll(async () => Number((await cell.textContent())?.replace('≥', ''))).toBeLessThan(before);
    expect(await violations(page)).toEqual([]);
    await cell.click();
    await complete(page);
  }, 200_000);

  it('says what to do before anything is chosen', async () => {
    const page = await open('#information?case=addition');
    await page.getByText('What does an activation tell?').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('1');
    await page.keyboard.press('5');
    await page.getByText('What does an activation tell?').waitFor();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits the window and gives axe nothing to object to in ${colorScheme}`, async () => {
      const page = await open(information, { colorScheme });
      await page.getByRole('table', { name: /Features/ }).waitFor();
      await settled(tells(page));
      expect(await violations(page)).toEqual([]);
      const size = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.scrollHeight,
      ]);
      expect(size).toEqual([1280, 720]);
    });
  }
});
