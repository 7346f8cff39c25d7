/** Models: what one is before it is used, the tokens of a text, and the commands to go on with. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeWordedModel } from '../fixtures/worded-model.js';
import { violations } from './accessible.js';
import { complete, inBrowser } from './page.js';

let folder = '';
let words = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-models-'));
  words = join(folder, 'words');
  writeWordedModel(words);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bodies of the descriptions that the page asks for from now on. */
function descriptionsOf(page: Page): unknown[] {
  const bodies: unknown[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/models/describe')) bodies.push(request.postDataJSON());
  });
  return bodies;
}

inBrowser('models', (open) => {
  it('describes a directory, takes a text apart, and is found again by its address', async () => {
    const page = await open();
    await page.getByRole('radiogroup', { name: 'Site' }).waitFor();
    await page.keyboard.press('8');
    await page.getByRole('textbox', { name: /^A directory, a \.gguf file/ }).fill(words);
    await page.keyboard.press('Enter');
    const model = page.getByRole('region', { name: 'Model', exact: true });
    await model.getByText('4 of 4, sharing 2 keys and values').waitFor();
    await model.getByText('<|endoftext|> (id 15)').waitFor();
    await model.getByRole('textbox', { name: 'A text' }).fill('When Mary went');
    const tokens = model.getByRole('list', { name: 'Tokens' }).getByRole('listitem');
    await expect
      .poll(() => tokens.allInnerTexts())
      .toEqual(['<|endoftext|> 15', 'When 0', '␣Mary 1', '␣went 4']);
    await model.getByRole('combobox', { name: 'Before it' }).fill('none');
    await model.getByText('3 tokens of at most 16').waitFor();
    await model
      .getByText(`npx inversionview attribute --model ${words} --bos none --input "When Mary went"`)
      .waitFor();
    await model.getByRole('combobox', { name: 'Before it' }).fill('noon');
    expect(await model.getByRole('alert').textContent()).toMatch(/^No token is "noon"/);
    await model.getByRole('combobox', { name: 'Before it' }).fill('5');
    await expect.poll(() => new URL(page.url()).hash).toMatch(/&text=When%20Mary%20went&bos=5$/);

    const later = await open(new URL(page.url()).hash, { viewport: { width: 390, height: 844 } });
    await later.getByText('4 tokens of at most 16').waitFor();
    expect(await violations(later)).toEqual([]);
    expect(await later.evaluate(() => document.querySelector('main > *')?.scrollWidth)).toBe(390);
  });

  it('fetches nothing because of a link, and says what keeps a name from being described', async () => {
    const page = await open('#models');
    await page.getByRole('button', { name: 'shipped/counting' }).waitFor();
    const asked = descriptionsOf(page);
    await page.evaluate(() => (location.hash = '#models?model=owner/name'));
    const alert = page.getByRole('region', { name: 'Model', exact: true }).getByRole('alert');
    await alert.getByText(/^owner\/name is not in the cache/).waitFor();
    expect(asked).toEqual([{ name: 'owner/name', offline: true }]);
    await page.getByRole('button', { name: 'Fetch it from the hub' }).click();
    await alert.getByText(/^owner\/name cannot be fetched: .* is not reached/).waitFor();
    expect(asked.at(-1)).toEqual({ name: 'owner/name', offline: false });

    await page.getByRole('checkbox', { name: /^offline/ }).check();
    await page.getByRole('button', { name: 'Describe' }).click();
    await alert.getByText(/no request is made offline/).waitFor();
    expect(await page.getByRole('button', { name: 'Fetch it from the hub' }).count()).toBe(0);
    await page.getByRole('textbox', { name: /^A directory/ }).fill('nowhere');
    await page.getByRole('button', { name: 'Describe' }).click();
    await alert.getByText(/^There is no directory or file "nowhere"/).waitFor();
  });

  it('opens the model of a task for reading', async () => {
    const page = await open('#models?case=addition&input=615%2B861=1476&site=x0.post&at==');
    await page.getByRole('button', { name: 'shipped/counting' }).click();
    const model = page.getByRole('region', { name: 'Model', exact: true });
    await model.getByText('npx inversionview sites counting').waitFor();
    await page.getByRole('button', { name: 'shipped/addition' }).click();
    await model.getByText('npx inversionview sites addition').waitFor();
    await model.getByRole('button', { name: 'Read with it' }).click();
    await complete(page);
  });
});
