/**
 * Files that are being written, under names that say whose they are: `<name>.<process>.<number>.partial`. A killed
 * process leaves its own behind; whoever next writes there takes them away, and leaves those of the living alone.
 * @module
 */
import { randomInt } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isLiving, markIn, markOf, markPattern, markText } from './process-mark.js';

/** Milliseconds after which one is taken for left behind whose process cannot be looked up. */
const patience = 3_600_000;
/** Characters of the name that are kept: a name may be as long as the system allows, and this one is longer. */
const longest = 60;

const own = markText(markOf());

const stemOf = (path: string): string => basename(path).slice(0, longest);
/** Earlier versions wrote the number of the process alone. */
const ending = new RegExp(`\\.(?:${markPattern.source}\\.\\d+|\\d+)\\.partial$`);

/** A name beside a file for what will take its place; no two calls give the same. */
export const partialOf = (path: string): string =>
  join(dirname(path), `${stemOf(path)}.${own}.${randomInt(2 ** 47)}.partial`);

/** Whether this is the name of something that is being written, or was. */
export const isPartial = (name: string): boolean => ending.test(name);

/**
 * Takes away what killed processes left half written in a directory. What cannot be taken away stays.
 * @param of only what was to become this file
 * @param held whether nobody else may be writing there, so that all of it is left behind
 */
export async function sweepPartials(
  directory: string,
  { of, held = false }: { readonly of?: string; readonly held?: boolean } = {},
): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const match = ending.exec(name);
    if (match === null || (of !== undefined && name.slice(0, match.index) !== stemOf(of))) continue;
    const path = join(directory, name);
    if (held || !(await isBeingWritten(path, match[0]))) await removed(path);
  }
}

async function isBeingWritten(path: string, text: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  if (info === null) return true; // it has just been finished
  const mark = markIn(text);
  return mark === null ? Date.now() - info.mtimeMs < patience : isLiving(mark, info.mtimeMs, patience);
}

/** Takes something away as far as that is possible: the failure before it is the one to report. */
export const removed = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => {});
