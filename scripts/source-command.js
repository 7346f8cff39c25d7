/**
 * The command line run from the sources: what a checkout's server starts as a training when it is itself run from them,
 * in development and in tests. Tests build the sources once (test/built-package.ts); what is built loads sooner.
 * @module
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const built = process.env['INVERSIONVIEW_BUILT'];
if (built === undefined) (await import('tsx/esm/api')).register();
await import(
  built === undefined
    ? new URL('../src/cli/main.ts', import.meta.url).href
    : pathToFileURL(join(built, 'dist', 'cli', 'main.js')).href
);
