/**
 * Holding a run directory: one process at a time trains in it. A holder has a file there that bears its mark
 * (`held-by-<process>.lock`), so that it can be distinguished from a process that was killed, whoever has its number now.
 *
 * A claim is announced before others are looked for: of two that come at the same moment, one at least finds the other.
 * @module
 */
import { utimes } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InputError } from '../input-error.js';
import { codeOf, fileFault } from './file-fault.js';
import { type ProcessMark, isLiving, markIn, markOf, markText } from './process-mark.js';

/** A directory that is held. */
export interface Hold {
  release(): Promise<void>;
}

/** Milliseconds between signs of life, for processes of other machines that share the directory. */
const aliveEvery = 10_000;
/** Times that two claims of the same moment give way to each other, and milliseconds at the most until the next. */
const [attempts, pause] = [8, 150];

const lock = /^held-by-.*\.lock$/;

/** Whether this is the name of a holder's file. */
export const isLock = (name: string): boolean => lock.test(name);

/**
 * Holds a directory until it is released or this process ends.
 * @throws InputError while another process, or this one, trains there
 */
export async function holdRun(directory: string): Promise<Hold> {
  const own = markText(markOf());
  const path = join(directory, `held-by-${own}.lock`);
  for (let attempt = 0; ; attempt++) {
    await expectNotHeld(directory);
    await announce(path, directory);
    const rivals = (await livingHolders(directory, true)).filter((mark) => markText(mark) !== own);
    if (rivals.length === 0) break;
    await rm(path, { force: true });
    if (attempt === attempts) throw heldBy(directory, rivals);
    await delay(Math.random() * pause);
  }
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now, () => undefined);
  }, aliveEvery).unref();
  return {
    async release() {
      clearInterval(timer);
      await rm(path, { force: true }).catch(() => undefined);
    },
  };
}

/** @throws InputError while a process trains in a directory */
export async function expectNotHeld(directory: string): Promise<void> {
  const holders = await livingHolders(directory);
  if (holders.length > 0) throw heldBy(directory, holders);
}

/** The process that trains in a directory; null when there is none. */
export async function holderOf(directory: string): Promise<ProcessMark | null> {
  return (await livingHolders(directory))[0] ?? null;
}

/** @param swept whether the files of dead ones are taken away */
async function livingHolders(directory: string, swept = false): Promise<ProcessMark[]> {
  const living: ProcessMark[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const mark = isLock(name) ? markIn(name) : null;
    if (mark === null) continue;
    const path = join(directory, name);
    const info = await stat(path).catch(() => null);
    if (info === null) continue; // just released
    if (isLiving(mark, info.mtimeMs)) living.push(mark);
    else if (swept) await rm(path, { force: true }).catch(() => undefined);
  }
  return living;
}

const heldBy = (directory: string, [holder]: readonly ProcessMark[]): InputError =>
  new InputError(
    `${directory} is being trained by process ${holder?.pid ?? '?'}: wait for its end, or stop it.`,
  );

async function announce(path: string, directory: string): Promise<void> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw heldBy(directory, [markOf()]);
    throw fileFault(`${directory} cannot be written`, error);
  }
}
