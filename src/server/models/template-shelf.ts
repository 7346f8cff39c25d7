/**
 * Template tasks that the workbench offers: the shipped ones, and files that the server was started with.
 * @module
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { InputError } from '../../input-error.js';
import { epsilonFiles } from '../../jobs/epsilon-file.js';
import { packageDirectory } from '../../jobs/package-directory.js';
import { openTemplate, shippedTemplates } from '../../jobs/templates.js';
import { quote } from '../../printable.js';
import { taskNames } from '../../studies/index.js';
import { stampOf, withoutPaths } from './files-of-models.js';

/** A template task that can be chosen. */
export interface OfferedTemplate {
  readonly name: string;
  /** What `openTask` takes: the name of a shipped one, or the path of a file. */
  readonly source: string;
}

/** Files of a folder whose changes count as changes of a template in it. */
const mostBeside = 200;

/**
 * All that are offered. Files are read again each time: they are being worked on.
 * @param pass whether files are left out that are no templates, or have a name that there is already
 * @throws InputError for such a file
 */
export async function offeredTemplates(files: readonly string[], pass = false): Promise<OfferedTemplate[]> {
  const offered = (await shippedTemplates()).map((name): OfferedTemplate => ({ name, source: name }));
  for (const file of files) {
    let name: string;
    try {
      ({ name } = await openTemplate(file));
    } catch (error) {
      if (pass && error instanceof InputError) continue;
      throw error;
    }
    if (taskNames.includes(name) || offered.some((other) => other.name === name)) {
      if (pass) continue;
      throw new InputError(
        `${basename(file)} is named ${quote(name)}, as another task is: give it another name.`,
      );
    }
    offered.push({ name, source: file });
  }
  return offered;
}

/** The one of a name that can be read; null where there is none. Files of others may be wrong. */
export async function templateNamed(files: readonly string[], name: string): Promise<OfferedTemplate | null> {
  if ((await shippedTemplates()).includes(name)) return { name, source: name };
  const faults: InputError[] = [];
  for (const file of files) {
    try {
      if ((await openTemplate(file)).name === name) return { name, source: file };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(error);
    }
  }
  const [fault] = faults;
  if (fault !== undefined) throw new InputError(withoutPaths(fault.message, shownNames(files)));
  return null;
}

/** Names of files in place of where they lie. */
export const shownNames = (files: readonly string[]): Map<string, string> =>
  new Map(files.map((file) => [file, basename(file)]));

/** A word that changes whenever the file of a template, or one that may hold its fillers or ε of its sites, does. */
export async function templateStamp({ name, source }: OfferedTemplate): Promise<string> {
  const path = source === name ? join(packageDirectory(), 'templates', `${name}.yaml`) : source;
  const folder = dirname(path);
  const beside = (await readdir(folder)).filter((file) =>
    ['.json', '.yaml', '.yml', '.txt'].includes(extname(file)),
  );
  const files = [
    path,
    ...beside.slice(0, mostBeside).map((file) => join(folder, file)),
    ...epsilonFiles(source),
  ];
  const stamps = files.map((file) => stampOf(file).catch(() => '-'));
  return (await Promise.all(stamps)).join('\n');
}
