/**
 * Readings that are saved on disk: one JSON file each in one folder, which is made when the first is saved.
 * @module
 */
import { type Stats } from 'node:fs';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../input-error.js';
import { parseJson } from '../models/json-text.js';
import { isPlainFileName, plainFileNameFault } from '../models/weights/byte-source.js';
import { type SavedReading, type SavedEntry, type SavedReadings } from '../workbench/verbs/readings.js';
import { ConflictError } from './conflict-error.js';
import { makeDirectory, writeFileAtomic } from './files.js';
import { sweepPartials } from './partials.js';

const ending = '.json';

/**
 * Saved readings of a folder.
 * @param parse checks what a file holds; throws InputError with the name it is given
 * @param largest bytes of a file beyond which it is not read
 */
export function savedReadings(
  folder: string,
  parse: (value: unknown, name: string) => SavedReading,
  largest: number,
): SavedReadings {
  /** What files were when they were last read: a list must not read all of them again. */
  const seen = new Map<string, { readonly stamp: string; readonly entry: SavedEntry | null }>();

  function pathOf(name: string): string {
    if (!isPlainFileName(name)) throw new InputError(plainFileNameFault('The saved readings', name));
    return join(folder, `${name}${ending}`);
  }

  async function load(name: string, { size }: Stats): Promise<SavedReading> {
    if (size > largest) throw new InputError(`${name}${ending} is larger than a saved reading can be.`);
    const bytes = await readFile(pathOf(name));
    let value: unknown;
    try {
      value = parseJson(bytes, name);
    } catch {
      throw new InputError(`${name}${ending} is no saved reading: it is not JSON.`);
    }
    return parse(value, `${name}${ending}`);
  }

  async function entry(name: string, info: Stats): Promise<SavedEntry | null> {
    const stamp = `${info.mtimeMs} ${info.size}`;
    const known = seen.get(name);
    if (known?.stamp === stamp) return known.entry;
    const own = await load(name, info).then(
      (reading) => entryOf(name, info, reading),
      () => null,
    );
    seen.set(name, { stamp, entry: own });
    return own;
  }

  return {
    async list() {
      const files = await readdir(folder).catch(() => []);
      const names = files
        .filter((file) => file.endsWith(ending))
        .map((file) => file.slice(0, -ending.length));
      const readings: SavedEntry[] = [];
      const unreadable: string[] = [];
      for (const name of names) {
        const info = await stat(pathOf(name)).catch(() => null);
        if (!info?.isFile()) continue;
        const own = await entry(name, info);
        if (own === null) unreadable.push(name);
        else readings.push(own);
      }
      for (const name of seen.keys()) if (!names.includes(name)) seen.delete(name);
      return { readings: readings.sort((a, b) => b.savedAt.localeCompare(a.savedAt)), unreadable };
    },
    async open(name) {
      const info = await stat(pathOf(name)).catch(() => null);
      return info?.isFile() === true ? load(name, info) : null;
    },
    async save(name, reading, replace) {
      const path = pathOf(name);
      if (!replace && (await stat(path).catch(() => null)) !== null)
        throw new ConflictError(`A reading ${name} is saved already: choose another name, or replace it.`);
      await makeDirectory(folder);
      await sweepPartials(folder);
      await writeFileAtomic(path, new TextEncoder().encode(`${JSON.stringify(reading)}\n`));
      return entryOf(name, await stat(path), reading);
    },
    async remove(name) {
      const path = pathOf(name);
      if ((await stat(path).catch(() => null)) === null) return false;
      await rm(path);
      return true;
    },
  };
}

function entryOf(name: string, info: Stats, { query, samples, stated }: SavedReading): SavedEntry {
  const { task, input, site, short, position, place } = query;
  return {
    name,
    savedAt: info.mtime.toISOString(),
    bytes: info.size,
    task,
    input,
    site,
    short,
    position,
    place,
    candidates: stated?.candidates ?? samples.reduce((sum, { count }) => sum + count, 0),
  };
}
