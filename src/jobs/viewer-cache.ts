/**
 * Files of the published web app on disk: a new folder, or the app's own repository and what was exported before.
 * @module
 */
import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../input-error.js';
import { exampleRoots, placeholdersOf } from '../report/streamlit-placeholder.js';
import { expectWritable, makeDirectory, writeDirectoryAtomic, writeFileAtomic } from './files.js';

/** What became of an export. */
export interface WrittenCache {
  readonly files: number;
  /** Whether the app has no example of addition to open with, and so will not open from this folder. */
  readonly lacksAddition: boolean;
}

/**
 * Refuses a folder that an export cannot go to, before long work is done for it.
 * @throws InputError for a folder that is there and none of the app's, or a place that may not be written
 */
export async function expectViewerFolder(folder: string): Promise<void> {
  if (!existsSync(folder)) return expectWritable(folder, true);
  const parts = [...new Set(exampleRoots.map((root) => root.split('/')[0] ?? ''))];
  if (!parts.some((part) => existsSync(join(folder, part)))) {
    throw new InputError(
      `${folder} exists already, and is neither an earlier export nor the repository of the web app: choose another directory with --out.`,
    );
  }
  await expectWritable(join(folder, 'training_outputs', 'x'), true);
}

/**
 * Writes exported files. A new folder is written whole or not at all. In one that is there, files are added, each whole
 * or not at all, and none is changed; an empty example of addition stands there as long as there is no real one.
 * @throws InputError where a file of another reading stands in the place of one
 */
export async function writeViewerCache(
  folder: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<WrittenCache> {
  const paths = Object.keys(files);
  if (!existsSync(folder)) {
    await writeDirectoryAtomic(folder, files);
    return { files: paths.length, lacksAddition: placeholdersOf(examplesOf(paths)).add.length > 0 };
  }
  const fresh: string[] = [];
  for (const path of paths) {
    const standing = await readFile(join(folder, path)).catch(() => null);
    if (standing === null) fresh.push(path);
    else if (!standing.equals(files[path] ?? new Uint8Array())) {
      throw new InputError(
        `${join(folder, path)} is there already with other contents: choose another directory with --out, or remove it.`,
      );
    }
  }
  for (const path of fresh) await write(folder, path, files[path] ?? new Uint8Array());
  const { add, remove } = placeholdersOf([...(await standingExamples(folder)), ...examplesOf(paths)]);
  for (const { path, contents } of add) await write(folder, path, new TextEncoder().encode(contents));
  for (const path of remove) await rm(join(folder, path), { recursive: true, force: true });
  return { files: fresh.length, lacksAddition: false };
}

async function write(folder: string, path: string, content: Uint8Array): Promise<void> {
  await makeDirectory(join(folder, dirname(path)));
  await writeFileAtomic(join(folder, path), content);
}

/** Folders of examples among paths. */
const examplesOf = (paths: readonly string[]): string[] => [...new Set(paths.map((path) => dirname(path)))];

async function standingExamples(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const root of exampleRoots) {
    const entries = await readdir(join(folder, root), { withFileTypes: true }).catch(() => []);
    found.push(...entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${root}/${name}`));
  }
  return found;
}
