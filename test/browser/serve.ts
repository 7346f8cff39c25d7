/**
 * Set up once for all tests in the browser: the page, built if its sources are newer, and a real server with the shipped
 * weights and folders of its own. Where there is no Chromium, nothing is started and the tests say so.
 * @module
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { type TestProject } from 'vitest/node';
import { startServer } from '../../src/server/server.js';
import { chromiumPath } from './chromium.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the workbench; null where there is no browser to open it in. */
    workbench: string | null;
  }
}

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs),
  );

/** Builds the page unless what is there is newer than its sources. @returns its folder */
export async function builtPage(): Promise<string> {
  const [sources, target] = [
    join(import.meta.dirname, '../../web'),
    join(import.meta.dirname, '../../dist/web'),
  ];
  const index = join(target, 'index.html');
  if (!existsSync(index) || statSync(index).mtimeMs < newest(sources)) {
    await build({ root: sources, logLevel: 'error' });
  }
  return target;
}

/** Called by vitest before the first of these tests; what it returns is called after the last. */
export default async function serve({ provide }: TestProject): Promise<() => Promise<void>> {
  if (chromiumPath === null) {
    provide('workbench', null);
    return () => Promise.resolve();
  }
  const folder = mkdtempSync(join(tmpdir(), 'inversionview-browser-'));
  // A copy: a build that someone starts meanwhile empties dist/.
  cpSync(await builtPage(), join(folder, 'web'), { recursive: true });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    morePorts: 0,
    names: [],
    token: null,
    models: null,
    runs: join(folder, 'runs'),
    readings: join(folder, 'readings'),
    web: join(folder, 'web'),
    threads: null,
    prepare: true,
  });
  await server.prepared;
  provide('workbench', server.url);
  return async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
