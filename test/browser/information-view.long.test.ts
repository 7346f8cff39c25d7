/** What an activation tells: its sentence under the samples, bits and features. */
import { expect, it } from 'vitest';
import { violations } from './accessible.js';
import { complete, inBrowser, requestsOf, settled } from './page.js';
import {
  bitsAt,
  downloaded,
  hundredsReading,
  information,
  strip,
  interpretationOf,
} from './information-page.js';

inBrowser('information', (open) => {
  it('says under the samples what they tell, and follows ε without sampling', async () => {
    const page = await open(`${hundredsReading}&candidates=64`);
    const reading = await complete(page);
    const sentence = strip(reading).locator('.sentence');
    await expect.poll(() => sentence.textContent()).toMatch(/Tells\s+F1 and S1, order lost/);
    await settled(strip(reading));
    expect(await strip(reading).textContent()).toMatch(/at least 95%: .* effective sample size/);
    const before = await bitsAt(strip(reading));
    const paths = requestsOf(page);
    await reading.getByRole('spinbutton', { name: 'Threshold ε' }).fill('0.4');
    await page.keyboard.press('Enter');
    await expect.poll(() => bitsAt(strip(reading))).toBeLessThan(before);
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
    await interpretationOf(page).getByText('too many to run them all').waitFor();
    expect(await page.getByRole('button', { name: 'Score' }).isDisabled()).toBe(true);
  });

  it('stops when it is cancelled', async () => {
    const page = await open(information.replace('site=a0.0', 'site=x0.post'));
    await page.getByRole('table', { name: /Features/ }).waitFor();
    await interpretationOf(page).getByRole('button', { name: 'Run all inputs' }).click();
    await interpretationOf(page)
      .getByText(/inputs run at x0\.post/)
      .waitFor();
    await interpretationOf(page).getByRole('button', { name: 'Cancel' }).click();
    await settled(interpretationOf(page));
    await interpretationOf(page).getByRole('button', { name: 'Run all inputs' }).waitFor();
  });

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
      await settled(interpretationOf(page));
      expect(await violations(page)).toEqual([]);
      const size = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.scrollHeight,
      ]);
      expect(size).toEqual([1280, 720]);
    });
  }
});
