/**
 * Debian's Chromium, as tests, benchmarks and screenshots start it.
 * @module
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where a browser is; null when there is none. */
export const chromiumPath: string | null =
  places.find((path) => path !== undefined && path !== '' && existsSync(path)) ?? null;

/** Starts it without anything that reaches for the network. @throws Error where there is none */
export function startChromium(): Promise<Browser> {
  if (chromiumPath === null)
    throw new Error('No Chromium: apt-get install chromium, or name one in CHROMIUM.');
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
