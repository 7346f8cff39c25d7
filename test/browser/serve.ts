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

/**
 * Puts the page's files into a folder: those of dist/web where they are newer than their sources, else freshly built ones.
 * A folder of its own, as a build that someone starts meanwhile empties dist/.
 */
export async function pageInto(folder: string): Promise<void> {
  const root = join(import.meta.dirname, '../../web');
  const built = join(import.meta.dirname, '../../dist/web');
  const index = join(built, 'index.html');
  if (existsSync(index) && statSync(index).mtimeMs > newest(root)) cpSync(built, folder, { recursive: true });
  else await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
}

/** Called by vitest before the first of these tests; what it returns is called after the last. */
export default async function serve({ provide }: TestProject): Promise<() => Promise<void>> {
  if (chromiumPath === null) {
    provide('workbench', null);
    return () => Promise.resolve();
  }
  const folder = mkdtempSync(join(tmpdir(), 'inversionview-browser-'));
  const web = join(folder, 'web');
  await pageInto(web);
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    morePorts: 0,
    names: [],
    token: null,
    models: null,
    runs: join(folder, 'runs'),
    readings: join(folder, 'readings'),
    cache: join(folder, 'cache'),
    web,
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
