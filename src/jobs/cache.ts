/**
 * What is worth keeping between runs and can always be made again: a directory of files that may be deleted at any time.
 * @module
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ActivationStore } from '../inversion/enumerate/saved-activations.js';
import { makeDirectory, openFile, writeFileAtomic } from './files.js';
import { sweepPartials } from './partials.js';

/** Where caches lie by default: `INVERSIONVIEW_CACHE`, or `inversionview` in the user's cache directory. */
export function cacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { INVERSIONVIEW_CACHE: own, XDG_CACHE_HOME: user, LOCALAPPDATA: windows } = environment;
  if (own !== undefined && own !== '') return own;
  const base = [user, windows].find((path) => path !== undefined && path !== '');
  return join(base ?? join(homedir(), '.cache'), 'inversionview');
}

/**
 * Saves files in a directory, which is made when the first is written. What killed processes left half written there
 * is taken away at the first use.
 */
export function storeIn(directory: string): ActivationStore {
  let swept: Promise<void> | null = null;
  const clean = (): Promise<void> => (swept ??= sweepPartials(directory));
  return {
    open: async (name) => {
      await clean();
      const path = join(directory, name);
      return existsSync(path) ? openFile(path) : null;
    },
    async write(name, chunks) {
      await clean();
      await makeDirectory(directory);
      await writeFileAtomic(join(directory, name), chunks);
    },
  };
}
