/**
 * Starting parts of this package in threads and processes of their own: the built files, or the TypeScript sources
 * where they are what runs now.
 * @module
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageDirectory } from './package-directory.js';

const fromSources = import.meta.url.endsWith('.ts');

/**
 * Starts a module as a worker thread.
 * @param entry its path under src/ and dist/ without an ending: `server/worker`
 * @param data for the worker's `workerData.data`; it can be cloned
 */
export function startWorker(entry: string, data: unknown): Worker {
  const directory = packageDirectory();
  if (!fromSources) return new Worker(join(directory, 'dist', `${entry}.js`), { workerData: { data } });
  return new Worker(join(directory, 'scripts', 'source-worker.js'), {
    workerData: { entry, data },
    execArgv: [],
  });
}

/** The arguments with which Node runs this package's command line. */
export function commandLine(args: readonly string[]): string[] {
  const directory = packageDirectory();
  const program = fromSources ? ['scripts', 'source-command.js'] : ['dist', 'cli', 'main.js'];
  return [join(directory, ...program), ...args];
}
