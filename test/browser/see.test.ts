/** Seeing: samples, threshold, metric, colours, settings of the sampling. */
import { type Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import {
  complete,
  headReading,
  inBrowser,
  insideShare,
  live,
  requestsOf,
  rowsOf,
  textsOf,
  token,
  cell,
  counts,
  raisedTokens,
} from './page.js';

const slider = (reading: Locator): Locator => reading.getByRole('slider', { name: 'Threshold ε' });

inBrowser('see', (open) => {
  it('streams samples in, sorted by distance on both sides of the rule', async () => {
    const page = await open();
    await token(page, '=').click();
    const words = await textsOf(page, '.sampling .words');
    await cell(page, 'a0.0').click();
    const reading = await complete(page);
    expect((await words()).filter((text) => /of/.test(text)).length).toBeGreaterThan(1);
    for (const side of ['inside', 'outside'] as const) {
      const distances = (await rowsOf(reading, side)).map(({ distance }) => distance);
      expect(distances.length).toBeGreaterThan(3);
      expect(distances).toEqual(distances.toSorted((a, b) => a - b));
      if (side === 'inside') expect(distances.at(-1)).toBeLessThanOrEqual(0.1);
      else expect(distances[0]).toBeGreaterThanOrEqual(0.1);
    }
    const [inside = 0, candidates = 0, outside = 0, distinct = 0, distinctInside = 0] = await counts(reading);
    expect(candidates).toBe(1024);
    expect((100 * inside) / candidates + outside).toBeCloseTo(100, 0);
    expect(await insideShare(reading)).toBeCloseTo((100 * inside) / candidates, 0);
    expect(distinct).toBeLessThanOrEqual(candidates);
    expect(await reading.locator('.table .rule').last().textContent()).toContain(
      `${distinctInside} inside above`,
    );
  });

  it('moves ε and metric without asking again', async () => {
    const page = await open(`${headReading}&candidates=256`);
    const reading = await complete(page);
    const requests = requestsOf(page);
    const before = await insideShare(reading);
    const box = await slider(reading).boundingBox();
    if (box === null) throw new Error('no slider');
    await page.mouse.move(box.x + box.width * 0.2, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.9, box.y + 20, { steps: 12 });
    await page.mouse.up();
    await expect.poll(() => slider(reading).getAttribute('aria-valuetext')).toBe('0.45');
    expect(await insideShare(reading)).toBeGreaterThan(before);
    await slider(reading).focus();
    await page.keyboard.press('Home');
    // Nothing but the input itself is at distance 0.
    await expect.poll(() => insideShare(reading)).toBeLessThan(5);
    await reading.getByRole('spinbutton', { name: 'Threshold ε' }).fill('0.1');
    await page.keyboard.press('Enter');
    await expect.poll(() => insideShare(reading)).toBe(before);
    const [first] = await rowsOf(reading, 'inside');
    await reading.getByRole('button', { name: 'Cosine' }).click();
    await expect
      .poll(async () => (await rowsOf(reading, 'inside'))[0]?.distance)
      .toBeLessThan(first?.distance ?? 0);
    // One minus a cosine is about half the square of the Euclidean distance: the same ε takes more in.
    expect(await insideShare(reading)).toBeGreaterThan(before);
    // What the samples tell is asked when ε rests; nothing is sampled.
    const asked = requests.filter((path) => path.startsWith('/api'));
    expect(asked.filter((path) => path !== '/api/status' && path !== '/api/interpret')).toEqual([]);
  });

  it('colours by what the activation adds, marks the matched token, and tells distances', async () => {
    const page = await open(`${headReading}&candidates=128`);
    const reading = await complete(page);
    const row = reading.locator('[role=option][data-index="0"]');
    await row.locator(raisedTokens).first().waitFor();
    // The head knows the hundreds: those are raised.
    const raised = await row
      .locator('[class*=u]')
      .evaluateAll((all) => all.map((at) => at.getAttribute('data-at')));
    expect(raised.some((at) => at === '1' || at === '5')).toBe(true);
    // And with them the first digit of the sum, which follows from them; "+" is in every input.
    expect(raised).toContain('9');
    await row.locator('[data-at="9"]').hover();
    await expect.poll(() => page.locator('.tip').textContent()).toMatch(/probability \+\S+ at this place/);
    expect(await row.locator('.unjudged[data-at="4"]').count()).toBe(1);
    await row.locator('[data-at="4"]').hover();
    await expect.poll(() => page.locator('.tip').textContent()).toMatch(/not judged$/);
    expect(await row.locator('.m').count()).toBe(1);
    await row.locator('[data-at="8"]').hover();
    await expect
      .poll(() => page.locator('.tip').textContent())
      .toMatch(/= at position 8, matched\s+distance 0\.0\d\d\s+not judged/);
    await reading.getByRole('button', { name: 'Colours' }).click();
    await expect.poll(() => row.locator(raisedTokens).count()).toBe(0);
    await row.click();
    const items = reading.getByRole('list', { name: 'Distance at each position' }).getByRole('listitem');
    await expect.poll(() => items.count()).toBe(14);
    const distances = await items.allTextContents();
    expect(distances[8]).toMatch(/=\s*\.0/);
    expect(await reading.locator('.head').textContent()).toMatch(/sum\s*C2\s*C3/);
  });

  it('takes temperature, noise, candidates and seed; the same seed gives the same samples', async () => {
    const page = await open(`${headReading}&candidates=128`);
    let reading = await complete(page);
    const texts = async (): Promise<string[]> => (await rowsOf(reading, 'inside')).map(({ text }) => text);
    const first = await texts();
    expect((await counts(reading))[1]).toBe(128);
    await reading.getByRole('button', { name: 'Next seed' }).click();
    await expect.poll(() => reading.getByRole('spinbutton', { name: 'Seed' }).inputValue()).toBe('2');
    reading = await complete(page);
    expect(await texts()).not.toEqual(first);
    await reading.getByRole('spinbutton', { name: 'Seed' }).fill('1');
    await page.keyboard.press('Enter');
    await expect.poll(texts).toEqual(first);
    await reading.getByRole('button', { name: 'Manual' }).click();
    const temperature = reading.getByRole('textbox', { name: 'Temperature' });
    await expect.poll(() => temperature.isEnabled()).toBe(true);
    await complete(page);
    const plain = await counts(reading);
    await temperature.fill('0.001');
    await page.keyboard.press('Enter');
    await complete(page);
    // Draws that sharp repeat themselves, even where the activation leaves digits free.
    await expect.poll(async () => (await counts(reading))[3]).toBeLessThan(plain[3] ?? 0);
    await reading.getByRole('spinbutton', { name: 'Noise' }).fill('3');
    await page.keyboard.press('Enter');
    // That much noise leaves little of the activation.
    await expect.poll(() => new URL(page.url()).hash).toMatch(/temperature=0\.001&noise=3/);
    await complete(page);
    expect(await insideShare(reading)).toBeLessThan(20);
  });

  it('stops sampling on request and keeps what has come', async () => {
    const page = await open(`${headReading}&candidates=16384`);
    const reading = live(page);
    await reading.locator('[role=option][data-index="0"]').waitFor();
    await page.keyboard.press('Escape');
    await reading.getByText('stopped').waitFor();
    expect((await counts(reading))[1]).toBeLessThan(16_384);
    await reading.getByRole('button', { name: 'Sample' }).waitFor();
  });
});
