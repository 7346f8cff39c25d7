/**
 * Where things lie on this machine: whether they have changed, and how nobody else learns of it.
 * @module
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A word that changes whenever a file, or one of the files of a directory, does. @throws where there is none */
export async function stampOf(path: string): Promise<string> {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path)).map((file) => join(path, file))
    : [path];
  const times = files.map((file) =>
    stat(file).then(
      ({ mtimeMs, size }) => `${file} ${mtimeMs} ${size}`,
      () => file,
    ),
  );
  return (await Promise.all(times)).join('\n');
}

/** A message for other machines: with names in place of where things lie. */
export const withoutPaths = (message: string, hidden: ReadonlyMap<string, string>): string =>
  [...hidden].reduce((text, [path, name]) => text.replaceAll(path, name), message);
