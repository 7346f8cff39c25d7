/** Seeing: samples, threshold, metric, colours, settings of the sampling. */
import { type Locator, type Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { violations } from './accessible.js';
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
} from './page.js';

const counts = async (reading: Locator): Promise<number[]> =>
  (await reading.locator('.counts b').allTextContents()).map((text) => Number(text.replace(/[,%]/g, '')));
const raisedTokens = '.u1, .u2, .u3, .u4, .u5, .u6';
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

  it('stops sampling on request and keeps what has come', async () => {
    const page = await open(`${headReading}&candidates=16384`);
    const reading = live(page);
    await reading.locator('[role=option][data-index="0"]').waitFor();
    await page.keyboard.press('Escape');
    await reading.getByText('stopped').waitFor();
    expect((await counts(reading))[1]).toBeLessThan(16_384);
    await reading.getByRole('button', { name: 'Sample' }).waitFor();
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
  const kept = {
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
    buffer: Buffer.from(JSON.stringify(kept)),
  });
}
