/**
 * One process at a time fetches a file: the others wait for it and take what it fetched. The lock is a file beside the
 * one that is fetched and bears the mark of its process, so that the lock of a process that was killed is passed over.
 * @module
 */
import { utimes } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../file-fault.js';
import { isLiving, markIn, markOf, markText } from '../process-mark.js';

/** Milliseconds between signs of life, and between two looks at another's. */
const [aliveEvery, checkEvery] = [10_000, 200];

/** A lock that is held. */
export interface FetchLock {
  release(): Promise<void>;
}

/**
 * Waits until nobody else fetches the file, then holds its lock.
 * @param path of the file that is fetched
 * @param onWait called again and again while another process fetches it
 */
export async function lockFetch(
  path: string,
  { onWait, signal }: { readonly onWait?: () => void; readonly signal?: AbortSignal } = {},
): Promise<FetchLock> {
  const lock = `${path}.lock`;
  while (!(await taken(lock))) {
    signal?.throwIfAborted();
    if (await isDead(lock)) await rm(lock, { force: true });
    else {
      onWait?.();
      await delay(checkEvery);
    }
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now, () => undefined);
  }, aliveEvery).unref();
  return {
    async release() {
      clearInterval(timer);
      await rm(lock, { force: true }).catch(() => undefined);
    },
  };
}

async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, markText(markOf()), { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether the process of a lock is gone; a lock without a mark is one that is just being written. */
async function isDead(lock: string): Promise<boolean> {
  const info = await stat(lock).catch(() => null);
  if (info === null) return false;
  const mark = markIn(await readFile(lock, 'utf8').catch(() => ''));
  return mark === null ? Date.now() - info.mtimeMs > aliveEvery : !isLiving(mark, info.mtimeMs);
}
