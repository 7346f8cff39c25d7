/**
 * Times the workbench as a person at the page has it, in Chromium against a real server with the shipped weights: first
 * load, from a click to the first 64 judged samples and to 1,024, frames while ε is dragged, the page's files, twenty pages
 * at once, and the memory of page and server over many readings.
 *
 *     npm run bench:workbench -- [readings of the memory run]
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Page } from 'playwright-core';
import { createClient } from '../src/server/client.js';
import { startChromium } from '../test/browser/chromium.js';
import { ownWorkbench } from '../test/browser/workbench.js';

const memoryReadings = Number(process.argv[2] ?? 1000);
const reading = '#read?case=addition&input=535%2B861=1396&site=a0.0&at==';

const { url, web, prepared, close } = await ownWorkbench();
await prepared;
const browser = await startChromium();

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.round(share * (values.length - 1))] ?? NaN;
const say = (what: string, figure: string): void => console.log(`${what.padEnd(52)} ${figure}`);
const times = (values: readonly number[]): string =>
  `median ${quantile(values, 0.5).toFixed(0)} ms, 9 of 10 under ${quantile(values, 0.9).toFixed(0)} ms (${values.length})`;

async function openPage(hash = ''): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await context.newPage();
  // tsx names the functions that it compiles with a helper of this name, which those sent to the page have not with them.
  await page.addInitScript('globalThis.__name = (named) => named');
  await page.goto(`${url}${hash}`);
  return page;
}

/** All files of the page as they travel. */
function assets(): void {
  const sizes = readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length);
  say('page assets, gzipped', `${(sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(1)} kB`);
}

/** From the request for the page to tokens with predictions, nothing cached. */
async function firstLoad(): Promise<void> {
  const values: number[] = [];
  for (let at = 0; at < 10; at++) {
    const page = await openPage();
    await page.locator('.chip .next').first().waitFor();
    values.push(await page.evaluate(() => performance.now()));
    await page.context().close();
  }
  say('first load to tokens and predictions', times(values));
}

/** In the page: from a click to the first frame that shows new samples, and to the one that shows all of them. */
interface Timed {
  readonly first: number;
  readonly all: number;
}

async function clickToSamples(): Promise<void> {
  const page = await openPage(reading);
  await page.getByRole('button', { name: 'Next seed', disabled: false }).waitFor();
  const measured: Timed[] = [];
  for (let at = 0; at < 40; at++) {
    measured.push(
      await page.evaluate(
        (step) =>
          new Promise<Timed>((resolve) => {
            // Tokens and cells in turn, so that each click asks for an activation that was not read yet.
            const radios = (group: string): HTMLElement[] => [
              ...document.querySelectorAll<HTMLElement>(
                `[role=radiogroup][aria-label=${group}] [role=radio]:not(:disabled)`,
              ),
            ];
            const all = step % 2 === 0 ? radios('Site') : radios('Position');
            const start = performance.now();
            all[(step * 5 + 3) % all.length]?.click();
            let first = 0;
            const check = (): void => {
              const now = performance.now();
              const pane = document.querySelector('.live');
              const fresh =
                pane?.querySelector('.table:not(.behind) [role=option][data-index]') instanceof HTMLElement;
              const draws = Number(pane?.querySelectorAll('.counts b')[1]?.textContent.replace(',', '') ?? 0);
              if (fresh && first === 0 && draws >= 64) first = now - start;
              if (fresh && draws >= 1024) resolve({ first, all: now - start });
              else requestAnimationFrame(check);
            };
            // The click has changed the page by the next frame.
            requestAnimationFrame(check);
          }),
        at,
      ),
    );
    await page.locator('.live[aria-busy=false]').waitFor();
  }
  const cold = measured.filter(({ all }) => all > 60);
  say('click to the first 64 judged samples on screen', times(cold.map(({ first }) => first)));
  say('click to 1,024 judged candidates on screen', times(cold.map(({ all }) => all)));
  await page.context().close();
}

/** ε moves every frame; how many frames a second the browser shows. */
async function drag(): Promise<void> {
  const page = await openPage(reading);
  await page.getByRole('button', { name: 'Next seed', disabled: false }).waitFor();
  const frames = await page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const slider = document.querySelector('.live [role=slider]');
        if (slider === null) throw new Error('no slider');
        const { left, width, top } = slider.getBoundingClientRect();
        const at = (type: string, share: number): void => {
          const clientX = left + width * share;
          slider.dispatchEvent(
            new PointerEvent(type, { bubbles: true, pointerId: 1, clientX, clientY: top + 20, button: 0 }),
          );
        };
        // Synthetic pointers cannot be captured.
        slider.setPointerCapture = () => undefined;
        const gaps: number[] = [];
        let last = performance.now();
        let frame = 0;
        at('pointerdown', 0.2);
        const move = (): void => {
          const now = performance.now();
          gaps.push(now - last);
          last = now;
          at('pointermove', 0.5 - 0.45 * Math.cos(frame / 20));
          if (++frame < 300) requestAnimationFrame(move);
          else {
            at('pointerup', 0.2);
            resolve(gaps.slice(2));
          }
        };
        requestAnimationFrame(move);
      }),
  );
  const seconds = frames.reduce((sum, gap) => sum + gap, 0) / 1000;
  const late = frames.filter((gap) => gap > 25).length;
  say(
    'ε drag over 1,024 samples',
    `${(frames.length / seconds).toFixed(1)} frames a second, ${late} of ${frames.length} late`,
  );
  await page.context().close();
}

/** Twenty pages ask at the same moment. */
async function atOnce(): Promise<void> {
  const start = performance.now();
  const pages = await Promise.all(
    Array.from({ length: 20 }, (_, at) => openPage(`${reading}&candidates=64&seed=${at + 10}`)),
  );
  await Promise.all(
    pages.map((page) => page.locator('.live[aria-busy=false] [role=option][data-index]').first().waitFor()),
  );
  say('twenty pages at once, all answered', `${((performance.now() - start) / 1000).toFixed(1)} s`);
  await Promise.all(pages.map((page) => page.context().close()));
}

/** The page's heap and the server's resident memory while readings follow each other. */
async function memory(count: number): Promise<void> {
  const page = await openPage(`${reading}&candidates=64`);
  const debug = await page.context().newCDPSession(page);
  await debug.send('HeapProfiler.enable');
  const next = page.getByRole('button', { name: 'Next seed', disabled: false });
  const client = createClient(url.replace(/\/$/, ''));
  for (let done = 0; done <= count; done++) {
    if (done % Math.max(1, Math.floor(count / 5)) === 0) {
      await debug.send('HeapProfiler.collectGarbage');
      const { usedSize } = await debug.send('Runtime.getHeapUsage');
      const status = await client.status();
      say(
        `memory after ${done} readings`,
        `page ${(usedSize / 1e6).toFixed(1)} MB, server ${(status.memory / 1e6).toFixed(0)} MB`,
      );
    }
    await next.click();
    await page.locator('.live[aria-busy=false]').waitFor();
  }
  await page.context().close();
}

try {
  say('Chromium', browser.version());
  assets();
  await firstLoad();
  await clickToSamples();
  await drag();
  await atOnce();
  if (memoryReadings > 0) await memory(memoryReadings);
} finally {
  await browser.close();
  await close();
}
