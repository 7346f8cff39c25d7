/** The Patch page: contrasts by clicking and typing, the sweep, chosen sites, experiments, attribution. */
import { type Locator, type Page } from 'playwright-core';
import { expect, inject, it } from 'vitest';
import { violations } from './accessible.js';
import { complete, inBrowser, settled } from './page.js';

const asked = '#patch?case=addition&input=615%2B861=1476&site=a0.0&at==&candidates=64';
const swept = `${asked}&change=F1&change=S1&predict=A1`;

/** The token of the input at a place, which a person clicks to change it. */
const changing = (page: Page, place: string): Locator =>
  changes(page).getByRole('button', { name: new RegExp(`^${place},`) });
const changes = (page: Page): Locator => page.getByRole('group', { name: 'Tokens to change' });
const field = (page: Page): Locator => page.getByRole('textbox', { name: 'Contrast input', exact: true });
const contrastOf = (page: Page): Promise<string> => field(page).inputValue();
const note = (page: Page): Locator => page.locator('#contrast-note');
const map = (page: Page): Locator => page.getByRole('grid', { name: 'Effects, sites by positions' });

/** Waits until a sweep is complete. */
async function whole(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Save the map as SVG', disabled: false }).waitFor();
  return map(page);
}
const labelOf = async (grid: Locator, cell: string): Promise<string> =>
  (await grid.getByRole('button', { name: new RegExp(`^${cell}`) }).getAttribute('aria-label')) ?? '';

const views: readonly [string, string, (page: Page) => Promise<unknown>][] = [
  ['nothing changed', asked, (page) => changing(page, 'F1').waitFor()],
  ['a sweep', swept, whole],
  [
    'a contrast that will not do',
    `${asked}&change=F3&predict=A1`,
    (page) => note(page).getByText('leaves the answer').waitFor(),
  ],
  ['chosen sites', `${swept}&tab=sites`, (page) => page.getByRole('row', { name: /^a0\.0/ }).waitFor()],
  [
    'an experiment',
    `${asked}&tab=experiments&experiment=A1-from-F1S1&inputs=20`,
    (page) => page.getByRole('img', { name: /^Bars of A1/ }).waitFor(),
  ],
  [
    'an attribution',
    `${asked}&tab=attribution`,
    (page) => page.getByRole('img', { name: /^Bars of what/ }).waitFor(),
  ],
];

inBrowser('patch', (open) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it.for(views)(`gives axe nothing to object to in ${colorScheme}: %s`, async ([, hash, ready]) => {
      const page = await open(hash, { colorScheme });
      await ready(page);
      expect(await violations(page)).toEqual([]);
    });
  }

  it('draws a contrast by a click, and sweeps it', async () => {
    const page = await open(asked);
    await changing(page, 'F1').click();
    await changing(page, 'S1').click();
    const grid = await whole(page);
    expect(await contrastOf(page)).toMatch(/^\d15\+\d61=\d+$/);
    expect(await note(page).textContent()).toMatch(/A\d\s+as predicted at/);
    expect(await grid.getByRole('row').count()).toBe(1 + 17);
    // What does not differ changes nothing, and the map says so.
    expect(await labelOf(grid, 'hook_pos_embed at F1')).toMatch(/changed no logit/);
    expect(await labelOf(grid, 'hook_embed at F1')).toMatch(/effect −?[\d.]+ logits/);
    const before = await contrastOf(page);
    // Redrawing may come out the same by chance, not every time.
    await expect
      .poll(async () => {
        await page.getByRole('button', { name: 'Redraw', exact: true }).click();
        await settled(changes(page));
        return contrastOf(page);
      })
      .not.toBe(before);
    await whole(page);
    expect(await page.getByText(/^\s*logit difference: clean/).textContent()).toMatch(
      /clean\s+[−\d.]+, contrast\s+[−\d.]+/,
    );
  });

  it('is given by its link, and leads to readings and back', async () => {
    const page = await open(`${swept}&scale=shares&draw=7`);
    const grid = await whole(page);
    const contrast = await contrastOf(page);
    const cell = await labelOf(grid, 'a0\\.0 at =');
    expect(cell).toMatch(/of the way to the contrast/);
    await expect.poll(() => page.url()).toContain('draw=7');
    const other = await open(new URL(page.url()).hash);
    expect(await labelOf(await whole(other), 'a0\\.0 at =')).toBe(cell);
    expect(await contrastOf(other)).toBe(contrast);
    await other.getByRole('button', { name: /^a0\.2 at =/ }).click();
    const reading = await complete(other);
    expect(await reading.getByRole('heading').first().textContent()).toMatch(/a0\.2\s+at\s+=/);
    await other.goBack();
    await whole(other);
    expect(await contrastOf(other)).toBe(contrast);
  });

  it('takes tokens that are typed, and whole inputs, and explains what will not do', async () => {
    const page = await open(asked);
    await changing(page, 'F1').focus();
    await page.keyboard.press('2');
    await whole(page);
    expect(await contrastOf(page)).toBe('215+861=1076');
    await page.getByRole('textbox', { name: 'F2 of the contrast input' }).fill('0');
    await expect.poll(() => contrastOf(page)).toBe('205+861=1066');
    await field(page).fill('616+860=1476');
    await note(page).getByText('does not change the answer').waitFor();
    await page.getByLabel('Measure').selectOption('kl');
    await note(page).getByText('It has the same answer').waitFor();
    await field(page).fill('9x');
    await note(page).getByText('"x"').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await note(page).getByText('Nothing is changed yet').waitFor();
  });

  it('is worked by keyboard alone', async () => {
    const page = await open(asked);
    await changing(page, 'F1').waitFor();
    await page.keyboard.press('1');
    await page.keyboard.press('4');
    await changing(page, 'F1').focus();
    await page.keyboard.press('Space');
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter'])
      await page.keyboard.press(key);
    await whole(page);
    expect(await contrastOf(page)).toMatch(/^\d15\+\d61=/);
    const pressed = changes(page).locator('[aria-pressed=true]');
    expect(await pressed.allTextContents()).toEqual(['6', '8']);
    await page.getByRole('tab', { name: 'Sweep' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('row', { name: /^a0\.0/ }).waitFor();
    expect(await page.getByRole('tab', { name: 'Chosen sites' }).getAttribute('aria-selected')).toBe('true');
  });

  it('patches chosen sites over many contrasts', async () => {
    const page = await open(`${swept}&tab=sites`);
    const row = page.getByRole('row', { name: /^a0\.0/ });
    await row.waitFor();
    expect(await row.textContent()).toMatch(/± [\d.]+\s+logits/);
    await page.getByRole('button', { name: /^Patch x0\.post/ }).click();
    await page.getByRole('row', { name: /^a0\.0 \+ x0\.post/ }).waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(1 + 3);
    await page.getByText(/distinct contrast inputs of 64 drawn/).waitFor();
  });

  it('works for counting, where the count follows', async () => {
    const page = await open(
      '#patch?case=counting&input=vvzccvczvvvzvcvc|v:8&site=a1.0&at=:&candidates=64&change=3',
    );
    const grid = await whole(page);
    expect(await contrastOf(page)).toBe('vvvccvczvvvzvcvc|v:9');
    expect(await labelOf(grid, 'a1\\.0 at :')).toMatch(/effect [\d.]+ logits/);
  });

  it('runs named experiments with their figure and its files, and can be cancelled', async () => {
    const page = await open(`${asked}&tab=experiments`);
    const list = page.getByRole('complementary', { name: 'Named experiments' });
    await expect.poll(() => list.getByRole('button').count()).toBe(12);
    await list.getByRole('button', { name: /^A2-from-F2S2-A1not1/ }).click();
    await page.getByLabel('Inputs').fill('30');
    await page.getByRole('button', { name: 'Run A2-from-F2S2-A1not1' }).click();
    await page.getByRole('img', { name: /^Bars of A2-from-F2S2-A1not1 over 30 inputs/ }).waitFor();
    await expect.poll(() => page.url()).toContain('experiment=A2-from-F2S2-A1not1');
    await expect.poll(() => page.getByRole('cell', { name: 'backward' }).count()).toBe(8);
    for (const format of ['picture as SVG', 'picture as PNG', 'data as JSON']) {
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: `Save the figure’s ${format}` }).click();
      expect((await saved).suggestedFilename()).toMatch(/^A2-from-F2S2-A1not1 30\.(svg|png|json)$/);
    }
    await page.getByLabel('Inputs').fill('20000');
    await page.getByRole('button', { name: /^Run / }).click();
    await page.getByText(/of [\d,]+ patched runs/).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: /^Run / }).waitFor();
    await expect
      .poll(async () => (await (await fetch(`${inject('workbench') ?? ''}api/status`)).json()) as unknown)
      .toMatchObject({ working: 0 });
  });

  it('takes logits apart at the position', async () => {
    const page = await open(`${asked}&tab=attribution`);
    await page.getByRole('img', { name: /Logit of 1, as predicted at =/ }).waitFor();
    await page.getByLabel('less that of').selectOption('8');
    await page.getByRole('img', { name: /Logit of 1, less the logit of 8/ }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('radio', { name: /^A1,/ }).click();
    await page.getByRole('img', { name: /Logit of 4, less the logit of 8, as predicted at A1/ }).waitFor();
    await expect.poll(() => page.getByRole('row').count()).toBe(1 + 12 + 2);
  });

  it('fits 1280 × 720 and shifts nothing while a sweep comes in', async () => {
    const page = await open(swept);
    await whole(page);
    await page.evaluate(() => {
      const shifts: number[] = [];
      Object.assign(window, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push((entry as unknown as { value: number }).value);
      }).observe({ type: 'layout-shift' });
    });
    await page.getByRole('button', { name: 'Redraw', exact: true }).click();
    await whole(page);
    await page.getByRole('button', { name: 'Clear' }).click();
    await note(page).getByText('Nothing is changed yet').waitFor();
    const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts);
    expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.05);
    const size = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.scrollHeight,
    ]);
    expect(size).toEqual([1280, 720]);
  });
});
