/**
 * What is worth keeping between runs and can always be made again: a directory of files that may be deleted at any time.
 * @module
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Keep } from '../inversion/enumerate/kept.js';
import { openFile, writeFileAtomic } from './files.js';

/** Where caches lie unless told otherwise: `INVERSIONVIEW_CACHE`, or `inversionview` in the user's cache directory. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { INVERSIONVIEW_CACHE: own, XDG_CACHE_HOME: user, LOCALAPPDATA: windows } = environment;
  if (own !== undefined && own !== '') return own;
  const base = [user, windows].find((path) => path !== undefined && path !== '');
  return join(base ?? join(homedir(), '.cache'), 'inversionview');
}

/** Keeps files in a directory, which is made when the first is written. */
export function keepIn(directory: string): Keep {
  return {
    open: async (name) => {
      const path = join(directory, name);
      return existsSync(path) ? openFile(path) : null;
    },
    async write(name, chunks) {
      await mkdir(directory, { recursive: true });
      await writeFileAtomic(join(directory, name), chunks);
    },
  };
}
