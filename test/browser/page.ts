/**
 * The page as tests open it, and what a person sees on it.
 * @module
 */
import { buffer } from 'node:stream/consumers';
import {
  type Browser,
  type BrowserContextOptions,
  type Download,
  type Locator,
  type Page,
} from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject } from 'vitest';
import { connectChromium } from './chromium.js';

/** The reading that the guided tour makes, as an address. */
export const headReading = '#read?case=addition&input=615%2B861=1476&site=a0.0&at==';

/** Opens the page at an address behind `#`. */
export type Open = (hash?: string, options?: BrowserContextOptions) => Promise<Page>;

/** Tests in a browser; each page that they open is closed after the test, and must have had no errors of its own. */
export function inBrowser(name: string, tests: (open: Open) => void): void {
  const [url, chromium] = [inject('workbench'), inject('chromium')];
  describe.skipIf(url === null)(
    url === null ? `${name} (no Chromium here: apt-get install chromium)` : name,
    () => {
      let browser: Browser;
      const opened: Page[] = [];
      const faults: string[] = [];
      beforeAll(async () => {
        browser = await connectChromium(chromium ?? '');
      });
      afterAll(async () => {
        await browser.close();
      });
      afterEach(async () => {
        await Promise.all(opened.splice(0).map((page) => page.context().close()));
        expect(faults.splice(0)).toEqual([]);
      });
      tests(async (hash = '', options = {}) => {
        const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
        const page = await context.newPage();
        page.setDefaultTimeout(200_000);
        page.on('pageerror', (error) => faults.push(error.message));
        page.on('console', (message) => {
          // What the server refuses, and what a test withholds, is no fault of the page.
          if (message.type() === 'error' && !/status of 4\d\d|ERR_FAILED/.test(message.text()))
            faults.push(message.text());
        });
        opened.push(page);
        await page.goto(`${url ?? ''}${hash}`);
        await page.getByRole('radiogroup', { name: 'Position' }).or(page.getByRole('main')).first().waitFor();
        return page;
      });
    },
  );
}

/** The live reading; pinned ones stand before it. */
export const live = (page: Page): Locator => page.getByRole('article').last();

/** A token by its place, a cell of the diagram by its short name. */
export const token = (page: Page, place: string): Locator =>
  page
    .getByRole('radiogroup', { name: 'Position' })
    .getByRole('radio', { name: new RegExp(`^${escape(place)}(,|;|$)`) });
export const cell = (page: Page, site: string): Locator =>
  page
    .getByRole('radiogroup', { name: 'Site' })
    .getByRole('radio', { name: new RegExp(`^${escape(site)},`) });
const escape = (text: string): string => text.replace(/[.+*?^$|()[\]{}\\]/g, '\\$&');

/** Waits until nothing is on its way to a part of the page that says so of itself. */
export const settled = (part: Locator): Promise<void> =>
  expect.poll(() => part.getAttribute('aria-busy')).toBe('false');

/** Waits until a reading is complete. @returns its article */
export async function complete(page: Page, reading = live(page)): Promise<Locator> {
  // Both at once: one after the other they may be of two questions.
  await reading
    .and(page.locator('[aria-busy=false]'))
    .filter({ has: page.getByRole('button', { name: 'Next seed', disabled: false }) })
    .waitFor();
  return reading;
}

/** Waits until what was measured of the page's layout has come into it, such as how many rows fit. */
export const laidOut = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
      }),
  );

/**
 * Notes from inside the page the texts that parts of it have from now on, however short they stand there.
 * @returns those that came until it is called
 */
export async function textsOf(page: Page, selector: string): Promise<() => Promise<string[]>> {
  const noted = await page.evaluateHandle((parts) => {
    const texts = new Set<string>();
    const check = (): void => {
      for (const { textContent } of document.querySelectorAll(parts))
        texts.add(textContent.replace(/\s+/g, ' ').trim());
    };
    // Not frame by frame: a busy machine draws few, and the page changes all the same.
    new MutationObserver(check).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
    return texts;
  }, selector);
  return () => noted.evaluate((texts) => [...texts]);
}

/** A sample as it stands in a list. */
export interface Row {
  readonly distance: number;
  /** Its tokens without BOS and EOS. */
  readonly text: string;
  /** All that a screen reader says of it. */
  readonly label: string;
}

/** The rows of one side that are on screen. */
export async function rowsOf(reading: Locator, side: 'inside' | 'outside'): Promise<Row[]> {
  await laidOut(reading.page());
  const rows = await reading
    .getByRole('listbox', { name: new RegExp(`^Samples ${side}`) })
    .locator('[role=option][data-index]')
    .evaluateAll((options) =>
      options.map((option) => ({
        text: [...option.querySelectorAll('[data-at]')].map(({ textContent }) => textContent).join(''),
        label: option.textContent.replace(/\s+/g, ' ').trim(),
      })),
    );
  return rows.map(({ text, label }) => ({
    distance: Number(/distance >?(\S+)/.exec(label)?.[1]),
    text: text.replace(/^B|E$/g, ''),
    label,
  }));
}

/** The number at the head of a reading: the inside share in percent. */
export const insideShare = async (reading: Locator): Promise<number> =>
  Number.parseFloat((await reading.locator('.share b').textContent()) ?? '');

/** What a download holds; the browser, which several threads share, has it in its own folder. */
export async function contentsOf(download: Download): Promise<Buffer> {
  return buffer(await download.createReadStream());
}

/** Requests that the page makes from now on, by path. */
export function requestsOf(page: Page): string[] {
  const paths: string[] = [];
  page.on('request', (request) => paths.push(new URL(request.url()).pathname));
  return paths;
}

/** The figures above the samples of a reading. */
export const counts = async (reading: Locator): Promise<number[]> =>
  (await reading.locator('.counts b').allTextContents()).map((text) => Number(text.replace(/[,%]/g, '')));

/** Tokens that the activation makes likelier. */
export const raisedTokens = '.u1, .u2, .u3, .u4, .u5, .u6';
