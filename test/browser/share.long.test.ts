/** Keeping and sharing: links, saved readings, exported files, files opened. */
import { type Locator, type Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { exported as viewerFiles } from '../fixtures/viewer.js';
import { parseReading } from '../../src/inversion/reading.js';
import { complete, contentsOf, headReading, inBrowser, insideShare, live, rowsOf } from './page.js';

/** Chooses an entry of the export menu. @returns the file's name and contents */
async function exported(
  page: Page,
  reading: Locator,
  entry: string,
): Promise<{ name: string; contents: Buffer }> {
  await reading.getByRole('button', { name: 'Export' }).click();
  const downloading = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: new RegExp(`^${entry}`) }).click();
  const file = await downloading;
  return { name: file.suggestedFilename(), contents: await contentsOf(file) };
}

const all = async (reading: Locator): Promise<unknown> => ({
  share: await insideShare(reading),
  counts: await reading.locator('.counts').textContent(),
  inside: await rowsOf(reading, 'inside'),
  outside: await rowsOf(reading, 'outside'),
});

inBrowser('keep and share', (open) => {
  it('has the whole state in the address: a link gives the same reading', async () => {
    const page = await open(`${headReading}&candidates=128&seed=7`);
    await complete(page);
    await page.keyboard.press('p');
    await page.keyboard.press('ArrowRight');
    await complete(page);
    await live(page).getByRole('spinbutton', { name: 'Threshold ε' }).fill('0.2');
    await page.keyboard.press('Enter');
    await live(page).getByRole('button', { name: 'Colours' }).click();
    await expect.poll(() => page.url()).toMatch(/epsilon=0\.2&colours=off&1\.case/);
    const [left, right] = [await all(page.getByRole('article').first()), await all(live(page))];

    const other = await open(new URL(page.url()).hash);
    await complete(other, other.getByRole('article').first());
    await complete(other);
    expect(await all(other.getByRole('article').first())).toEqual(left);
    expect(await all(live(other))).toEqual(right);
    expect(await live(other).getByRole('button', { name: 'Colours' }).getAttribute('aria-pressed')).toBe(
      'false',
    );
  });

  it('saves a reading, lists it, opens it again, and deletes it', async () => {
    const page = await open(`${headReading}&candidates=64`);
    const reading = await complete(page);
    const before = await all(reading);
    await reading.getByRole('button', { name: 'Save' }).click();
    const name = page.getByLabel('Name');
    await name.fill('a/b');
    await expect.poll(() => name.getAttribute('aria-invalid')).toBe('true');
    await name.fill('hundreds');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => page.url()).toContain('saved=hundreds');
    // The address opens the saved one, with ε to move.
    const other = await open(new URL(page.url()).hash);
    await live(other).getByText('opened: hundreds').waitFor();
    await expect.poll(() => all(live(other))).toEqual(before);
    // A name that is taken is asked about.
    await live(other).getByRole('button', { name: 'Save' }).click();
    await other.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await other.getByRole('button', { name: 'Replace it' }).waitFor();
    await other.keyboard.press('Escape');

    await other.getByRole('link', { name: 'Saved' }).click();
    const entry = other.getByRole('row').filter({ hasText: 'hundreds' });
    await expect.poll(() => entry.textContent()).toMatch(/addition\s*615\+861=1476\s*a0\.0\s*=\s*64/);
    await entry.getByRole('button', { name: 'hundreds', exact: true }).click();
    await live(other).getByText('opened: hundreds').waitFor();
    await other.getByRole('link', { name: 'Saved' }).click();
    await other.getByRole('button', { name: 'Delete hundreds' }).click();
    await other.getByRole('button', { name: 'Really delete hundreds' }).click();
    await other.getByText('Nothing is saved yet').waitFor();
  });

  it('exports figures, a page and data', async () => {
    const page = await open(`${headReading}&candidates=64`);
    const reading = await complete(page);
    const svg = await exported(page, reading, 'SVG');
    expect(svg.name).toBe('addition-615+861=1476-a0.0-=.svg');
    const text = svg.contents.toString();
    expect(text).toMatch(/^<svg [^]*a0\.0 at =[^]*<\/svg>\s*$/);
    const png = await exported(page, reading, 'PNG');
    expect(png.contents.subarray(1, 4).toString()).toBe('PNG');
    expect(png.contents.length).toBeGreaterThan(20_000);
    const html = await exported(page, reading, 'HTML');
    expect(html.contents.toString()).toMatch(/^<!doctype html>/);
    const json = await exported(page, reading, 'JSON');
    const data = parseReading(JSON.parse(json.contents.toString()), json.name);
    expect(data.candidates).toBe(64);
    expect((100 * data.inside) / data.candidates).toBeCloseTo(await insideShare(reading), 0);
  });

  it('opens what the command line printed and a cached file of the published app', async () => {
    const page = await open(`${headReading}&candidates=64`);
    const share = await insideShare(await complete(page));
    const json = await exported(page, live(page), 'JSON');
    const [cached] = viewerFiles([parseReading(JSON.parse(json.contents.toString()), json.name)]).filter(
      ({ path }) => /Auto-dist/.test(path),
    );
    await page.getByRole('link', { name: 'Saved' }).click();
    const file = page.getByLabel('A file to open');
    await file.setInputFiles({ name: json.name, mimeType: 'application/json', buffer: json.contents });
    await live(page)
      .getByRole('heading', { name: /a0\.0 at =/ })
      .waitFor();
    await expect.poll(() => insideShare(live(page))).toBe(share);

    await page.getByRole('link', { name: 'Saved' }).click();
    await file.setInputFiles({
      name: cached?.path.split('/').at(-1) ?? '',
      mimeType: 'application/json',
      buffer: Buffer.from(cached?.contents ?? ''),
    });
    await live(page)
      .getByRole('heading', { name: /a0\.0 at =/ })
      .waitFor();
    await expect.poll(async () => (await rowsOf(live(page), 'inside')).length).toBeGreaterThan(2);
    // It has distances in one metric alone.
    expect(await live(page).getByRole('button', { name: 'Cosine' }).isDisabled()).toBe(true);

    await page.getByRole('link', { name: 'Saved' }).click();
    await file.setInputFiles({
      name: 'notes.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('no reading'),
    });
    expect(await page.getByRole('alert').textContent()).toMatch(/notes\.txt is not JSON/);
  });
});
