/**
 * What produced an artifact, for the record inside it.
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Runtime } from '../engine/index.js';
import { packageDirectory } from './package-directory.js';

/** Version of this package. */
export function packageVersion(): string {
  const text = readFileSync(join(packageDirectory(), 'package.json'), 'utf8');
  return String((JSON.parse(text) as Readonly<Record<string, unknown>>)['version']);
}

/** Versions of all that decides a result. */
export const versions = (runtime: Runtime): Record<string, string> => ({
  inversionview: packageVersion(),
  node: process.versions.node,
  runtime: runtime.name,
});
