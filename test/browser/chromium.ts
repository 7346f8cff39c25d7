/**
 * Debian's Chromium, as tests, benchmarks and screenshots start it.
 * @module
 */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserServer, type LaunchOptions, chromium } from 'playwright-core';

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
export const startChromium = (): Promise<Browser> => chromium.launch(options());

/** Starts one that several threads share: each connects to its address. @throws Error where there is none */
export const shareChromium = (): Promise<BrowserServer> => chromium.launchServer(options());

/** A browser that was started by `shareChromium`; closing it leaves it to the others. */
export const connectChromium = (address: string): Promise<Browser> => chromium.connect(address);

function options(): LaunchOptions {
  if (chromiumPath === null)
    throw new Error('No Chromium: apt-get install chromium, or name one in CHROMIUM.');
  return {
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
  };
}
