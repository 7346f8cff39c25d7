/**
 * What an activation tells, as tests find it on the page.
 * @module
 */
import { type Locator, type Page } from 'playwright-core';
import { contentsOf } from './page.js';

/** A head that holds the hundreds, their order lost. */
export const hundredsReading = '#read?case=addition&input=835%2B141=976&site=a0.0&at==';
/** The Information page of it. */
export const information = hundredsReading.replace('#read', '#information');
/** What a reading says of itself under its samples. */
export const strip = (reading: Locator): Locator => reading.getByRole('group', { name: 'What it tells' });
/** The region of the Information page. */
export const interpretationOf = (page: Page): Locator => page.getByRole('region', { name: 'What it tells' });
/** The bits at a place that says them. */
export const bitsAt = async (where: Locator): Promise<number> =>
  Number(/(\d+\.\d\d) bits/.exec((await where.textContent()) ?? '')?.[1]);

/** The text of what a click downloads. */
export async function downloaded(page: Page, button: string): Promise<{ name: string; text: string }> {
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: button }).click();
  const download = await file;
  return { name: download.suggestedFilename(), text: (await contentsOf(download)).toString('latin1') };
}
