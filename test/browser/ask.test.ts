/** Asking: a case, an input, a token and a cell. */
import { expect, it } from 'vitest';
import { cell, complete, headReading, inBrowser, insideShare, live, rowsOf, settled, token } from './page.js';

inBrowser('ask', (open) => {
  it('shows an input as tokens with place names and the prediction after each', async () => {
    const page = await open();
    const chips = page.getByRole('radiogroup', { name: 'Position' }).getByRole('radio');
    await expect.poll(() => chips.count()).toBe(14);
    const places = await page.locator('.chip .place').allTextContents();
    expect(places).toEqual('BOS F1 F2 F3 + S1 S2 S3 = A1 A2 A3 A4 E'.split(' '));
    expect(await page.locator('.chip b').allTextContents()).toEqual(Array.from('B535+861=1396E'));
    // The model has learnt to add: after "=" it says the answer.
    const answer = await page.locator('.chip .asked .to').allTextContents();
    expect(answer).toEqual(['1', '3', '9', '6', 'E']);
  });

  it('follows typing, and says in place what is wrong', async () => {
    const page = await open();
    const input = page.getByRole('textbox', { name: 'Input', exact: true });
    await input.fill('123+45');
    await expect.poll(() => page.locator('.chip b').allTextContents()).toEqual(Array.from('B123+45E'));
    const note = page.locator('#input-note');
    await expect.poll(() => note.textContent()).toMatch(/not one of the task/);
    await input.fill('123x45');
    await expect.poll(() => note.textContent()).toMatch(/"x".*not accepted/);
    expect(await input.getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('.fault').count()).toBe(1);
    await input.fill('123+456=579');
    await expect.poll(() => note.textContent()).toMatch(/sum 579/);
    expect(await input.getAttribute('aria-invalid')).toBe('false');
  });

  it.for([
    ['token first', ['token', 'cell']],
    ['cell first', ['cell', 'token']],
  ] as const)('reads a token and a cell in either order: %s', async ([, order]) => {
    const page = await open();
    for (const part of order) await (part === 'token' ? token(page, '=') : cell(page, 'a0.0')).click();
    const reading = await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toMatch(/a0\.0\s+at\s+=/);
    expect(await insideShare(reading)).toBeGreaterThan(30);
    expect((await rowsOf(reading, 'inside')).length).toBeGreaterThan(3);
  });

  it('draws a random input and reads it at the same place', async () => {
    const page = await open(headReading);
    await complete(page);
    await page.getByRole('button', { name: 'Random' }).click();
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Input', exact: true }).inputValue())
      .not.toBe('615+861=1476');
    const input = await page.getByRole('textbox', { name: 'Input', exact: true }).inputValue();
    expect(input).toMatch(/^\d{3}\+\d{3}=\d{3,4}$/);
    const reading = await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toContain(input);
  });

  it('changes the case study, and keeps what still applies', async () => {
    const page = await open(headReading);
    await complete(page);
    await page.getByLabel('Case study').selectOption('counting');
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Input', exact: true }).inputValue())
      .toMatch(/\|.:\d$/);
    await settled(page.getByRole('radiogroup', { name: 'Position' }));
    expect(await page.locator('.chip .place').allTextContents()).toContain('query');
    const sites = page.getByRole('radiogroup', { name: 'Site' }).getByRole('radio');
    expect(await sites.allTextContents()).toContain('mlp');
    // Counting has this site, and no place of that name: a position is yet to be chosen.
    expect(await sites.and(page.getByRole('radio', { checked: true })).getAttribute('data-site')).toBe(
      'a0.0',
    );
    await live(page).getByText('What does an activation know?').waitFor();
  });

  it('says that it is busy until the tokens are those of the question', async () => {
    const page = await open(headReading);
    const reading = await complete(page);
    const chips = page.getByRole('radiogroup', { name: 'Position' });
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route(/\/api\/inspect/, async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('textbox', { name: 'Input', exact: true }).fill('123+456=579');
    for (const part of [chips, reading]) await expect.poll(() => part.getAttribute('aria-busy')).toBe('true');
    expect(await page.locator('.chip b').allTextContents()).toEqual(Array.from('B615+861=1476E'));
    answer();
    await settled(chips);
    expect(await page.locator('.chip b').allTextContents()).toEqual(Array.from('B123+456=579E'));
    await complete(page);
    expect(await reading.getByRole('heading').first().textContent()).toContain('123+456=579');
    // What is no input is answered too: it is said, and nothing more is to come.
    await page.getByRole('textbox', { name: 'Input', exact: true }).fill('123x');
    await page.getByText('"x"').waitFor();
    await settled(chips);
    await settled(reading);
  });

  it('leaves what a person types while an input is being drawn', async () => {
    const page = await open(headReading);
    await complete(page);
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route(/\/api\/random/, async (route) => {
      await held;
      await route.continue();
    });
    const drawn = page.waitForResponse(/\/api\/random/);
    await page.getByRole('button', { name: 'Random' }).click();
    await page.getByRole('textbox', { name: 'Input', exact: true }).fill('123+456=579');
    answer();
    await (await drawn).finished();
    await complete(page);
    expect(await page.getByRole('textbox', { name: 'Input', exact: true }).inputValue()).toBe('123+456=579');
    expect(await live(page).getByRole('heading').first().textContent()).toContain('123+456=579');
  });
});
