/**
 * Set up once for all tests in the browser: a workbench with the shipped weights. Where there is no Chromium, nothing is
 * started and the tests say so.
 * @module
 */
import { type TestProject } from 'vitest/node';
import { chromiumPath } from './chromium.js';
import { ownWorkbench } from './workbench.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the workbench; null where there is no browser to open it in. */
    workbench: string | null;
  }
}

/** Called by vitest before the first of these tests; what it returns is called after the last. */
export default async function serve({ provide }: TestProject): Promise<() => Promise<void>> {
  if (chromiumPath === null) {
    provide('workbench', null);
    return () => Promise.resolve();
  }
  const workbench = await ownWorkbench();
  await workbench.prepared;
  provide('workbench', workbench.url);
  return () => workbench.close();
}
