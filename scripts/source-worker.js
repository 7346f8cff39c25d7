/**
 * A worker thread that runs TypeScript: what a checkout's server starts in place of the built file when it is itself
 * run from the sources, in development and in tests. Tests build the sources once (test/built-package.ts); what is built
 * loads sooner.
 * @module
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';

const built = process.env['INVERSIONVIEW_BUILT'];
if (built === undefined) (await import('tsx/esm/api')).register();
await import(
  built === undefined
    ? new URL(`../src/${workerData.entry}.ts`, import.meta.url).href
    : pathToFileURL(join(built, 'dist', `${workerData.entry}.js`)).href
);
