/**
 * A workbench of its own for tests, benchmarks and screenshots: a real server with the shipped weights, the page built if
 * its sources are newer, and folders that go when it is closed.
 * @module
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { startServer } from '../../src/server/server.js';

/** A workbench that runs. */
export interface OwnWorkbench {
  readonly url: string;
  /** Settles when its graphs are compiled. */
  readonly prepared: Promise<void>;
  /** Folder of the page's files. */
  readonly web: string;
  close(): Promise<void>;
}

/** Starts one. @param prepare whether its graphs are compiled before anyone asks; `models` as of `serve --models` */
export async function ownWorkbench({
  prepare = true,
  models = null as string | null,
} = {}): Promise<OwnWorkbench> {
  const folder = mkdtempSync(join(tmpdir(), 'inversionview-browser-'));
  const web = join(folder, 'web');
  await pageInto(web);
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    morePorts: 0,
    names: [],
    token: null,
    models,
    runs: join(folder, 'runs'),
    readings: join(folder, 'readings'),
    cache: join(folder, 'cache'),
    // A cache of its own, and a hub that is not reached.
    hub: { endpoint: 'http://127.0.0.1:9', token: null, cache: join(folder, 'hub'), offline: false },
    web,
    threads: null,
    prepare,
  });
  return {
    url: server.url,
    prepared: server.prepared,
    web,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
async function pageInto(folder: string): Promise<void> {
  const root = join(import.meta.dirname, '../../web');
  const built = join(import.meta.dirname, '../../dist/web');
  const index = join(built, 'index.html');
  if (existsSync(index) && statSync(index).mtimeMs > newest(root)) cpSync(built, folder, { recursive: true });
  else await build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
}
