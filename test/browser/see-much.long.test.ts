/** Seeing, what takes many samples: several temperatures, a second place, own inputs, ten thousand rows. */
import { type Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { violations } from './accessible.js';
import {
  complete,
  headReading,
  inBrowser,
  live,
  requestsOf,
  rowsOf,
  cell,
  counts,
  raisedTokens,
} from './page.js';

inBrowser('see', (open) => {
  it('draws at several temperatures, of which each sample says its own', async () => {
    const page = await open(`${headReading}&candidates=64&temperature=0.5&noise=0`);
    const reading = await complete(page);
    const temperature = reading.getByRole('textbox', { name: 'Temperature' });
    expect(await temperature.inputValue()).toBe('0.5');
    await temperature.fill('0.001, 2');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).hash).toMatch(/temperature=0\.001,2&/);
    await complete(page);
    expect((await counts(reading))[1]).toBe(64);
    const said = new Set<string>();
    for (const side of ['inside', 'outside'] as const) {
      const list = reading.getByRole('listbox', { name: new RegExp(`^Samples ${side}`) });
      await list.focus();
      for (const key of ['Home', 'End']) {
        await page.keyboard.press(key);
        said.add(
          /at temperature (\S+?)(;|$)/.exec(
            (await reading.locator('.matched-text').textContent()) ?? '',
          )?.[1] ?? '',
        );
      }
    }
    expect([...said].every((one) => ['0.001', '2'].includes(one))).toBe(true);
    expect(said).toContain('2');
    // What is no list of temperatures is said, and the old one stays.
    const requests = requestsOf(page);
    await temperature.fill('1, 1');
    await page.keyboard.press('Enter');
    await expect.poll(() => temperature.inputValue()).toBe('0.001, 2');
    expect(requests.filter((path) => path === '/api/read')).toEqual([]);
  });

  it('shows distances at a place beside the nearest, without asking again', async () => {
    const page = await open(`${headReading}&candidates=128`);
    const reading = await complete(page);
    const requests = requestsOf(page);
    const before = await rowsOf(reading, 'inside');
    await reading.getByRole('combobox', { name: 'Also at' }).selectOption('S1');
    await expect.poll(() => reading.locator('.head').textContent()).toMatch(/distance\s*at S1/);
    // Order and rule are those of the nearest place; the figure of the other may take the room of a row.
    const after = await rowsOf(reading, 'inside');
    expect(after.length).toBeGreaterThan(3);
    expect(after.map(({ text, distance }) => [text, distance])).toEqual(
      before.slice(0, after.length).map(({ text, distance }) => [text, distance]),
    );
    const [nearest = NaN, there = NaN] = (
      await reading.locator('[role=option][data-index="0"] .distance').allTextContents()
    ).map((text) => Number(/([\d.]+)(?: at position| *$)/.exec(text.trim())?.[1]));
    expect(there).toBeGreaterThan(nearest);
    expect(await reading.locator('.there').first().textContent()).toMatch(/% near at S1 itself/);
    expect(requests.filter((path) => path === '/api/read')).toEqual([]);
    await expect.poll(() => new URL(page.url()).hash).toMatch(/&also=S1/);
  });

  it("judges a person's own inputs beside the samples, and counts them nowhere", async () => {
    const page = await open(`${headReading}&candidates=128`);
    const reading = await complete(page);
    const before = await counts(reading);
    const field = reading.getByRole('textbox', { name: 'An input of your own' });
    const rows = reading.getByRole('list', { name: 'Your own inputs, judged' }).getByRole('listitem');
    await field.fill('abc');
    await page.keyboard.press('Enter');
    await reading.getByText('The character "a" in "abc" is not accepted').waitFor();
    expect(await rows.count()).toBe(0);
    for (const text of ['861+615=1476', '111+222=333']) {
      await field.fill(text);
      await page.keyboard.press('Enter');
      await rows.filter({ hasText: text }).waitFor();
    }
    // The head knows the hundreds, in either order.
    expect(await rows.nth(0).textContent()).toMatch(/0\.0\d\d\s+inside, matched at position 8/);
    expect(await rows.nth(1).textContent()).toMatch(/outside, .*not drawn/);
    expect(await rows.nth(0).locator(raisedTokens).count()).toBeGreaterThan(1);
    expect(await counts(reading)).toEqual(before);
    await expect.poll(() => new URL(page.url()).hash).toMatch(/own=861%2B615=1476&own=111%2B222=333/);
    expect(await violations(page)).toEqual([]);
    // Asked anew where the question is another.
    const first = await rows.nth(0).textContent();
    await cell(page, 'x1.post').click();
    await complete(page);
    await expect.poll(() => rows.nth(0).textContent()).not.toBe(first);
    await rows.nth(0).getByRole('button', { name: 'Remove 861+615=1476' }).click();
    expect(await rows.count()).toBe(1);
    await expect.poll(() => new URL(page.url()).hash).not.toMatch(/own=861/);
  });

  it('scrolls through ten thousand rows with a few dozen in the page', async () => {
    const page = await open('#saved');
    await openRows(page, 10_000);
    const reading = live(page);
    const list = reading.getByRole('listbox', { name: /^Samples outside/ });
    await list.locator('[data-index]').first().waitFor();
    expect(await page.locator('[role=option]').count()).toBeLessThan(80);
    await list.focus();
    await page.keyboard.press('End');
    await expect.poll(async () => (await rowsOf(reading, 'outside')).at(-1)?.distance).toBe(1);
    expect(await page.locator('[role=option]').count()).toBeLessThan(80);
    expect(await list.locator('[aria-selected=true]').getAttribute('aria-posinset')).toBe(
      await list.locator('[aria-selected=true]').getAttribute('aria-setsize'),
    );
  });
});

/** Opens a file of a reading with this many samples at distances up to 1. */
async function openRows(page: Page, rows: number): Promise<void> {
  const verdict = (distance: number) => ({
    distance,
    position: 8,
    distances: Array<number>(13).fill(distance),
  });
  const samples = Array.from({ length: rows }, (_, at) => {
    const text = `${100 + (at % 900)}+${100 + Math.floor(at / 900)}=${200 + (at % 900) + Math.floor(at / 900)}`;
    return {
      tokens: ['B', ...text, 'E'],
      text,
      valid: true,
      fault: null,
      round: 0,
      annotation: {},
      euclidean: verdict((at + 1) / rows),
      cosine: verdict((at + 1) / rows / 2),
      count: 1,
      tokenDelta: null,
    };
  });
  const query = {
    task: 'addition',
    input: '615+861=1476',
    tokens: Array.from('B615+861=1476E'),
    position: 8,
    place: '=',
    site: 'blocks.0.attn.hook_result.0',
    short: 'a0.0',
    attention: null,
    warnings: [],
    model: 'a model',
    decoder: 'a decoder',
    annotation: {},
    seed: 1,
  };
  const view = { metric: 'euclidean', epsilon: 0.1 };
  const metrics = ['euclidean', 'cosine'];
  const saved = {
    format: 'inversionview-reading',
    version: 1,
    request: null,
    query,
    view,
    metrics,
    samples,
    stated: null,
  };
  await page.getByLabel('A file to open').setInputFiles({
    name: 'many.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(saved)),
  });
}
