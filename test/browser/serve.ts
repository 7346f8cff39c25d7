/**
 * Set up once for all tests in the browser: a workbench with the shipped weights, and one Chromium. Where there is none,
 * nothing is started and the tests say so.
 * @module
 */
import { type TestProject } from 'vitest/node';
import { chromiumPath, shareChromium } from './chromium.js';
import { ownWorkbench } from './workbench.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the workbench; null where there is no browser to open it in. */
    workbench: string | null;
    /** Address of the browser that all files share; null where there is none. */
    chromium: string | null;
  }
}

/** Called by vitest before the first of these tests; what it returns is called after the last. */
export default async function serve({ provide }: TestProject): Promise<() => Promise<void>> {
  if (chromiumPath === null) {
    provide('workbench', null);
    provide('chromium', null);
    return () => Promise.resolve();
  }
  // Graphs are compiled when a test asks for them: most sites are read by none.
  const [workbench, browser] = await Promise.all([ownWorkbench({ prepare: false }), shareChromium()]);
  provide('workbench', workbench.url);
  provide('chromium', browser.wsEndpoint());
  return async () => {
    await browser.close();
    await workbench.close();
  };
}
