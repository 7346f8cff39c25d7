/**
 * Models and decoders that a case may be made of, besides the shipped ones: those in the folders that the server was
 * started with, and finished trainings. They are named by refs (`models/mine`, `runs/addition-decoder`): a request never
 * names a path.
 * @module
 */
import { readdir, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { z } from 'zod';
import { InputError, suggest } from '../../input-error.js';
import { openDirectory } from '../../jobs/files.js';
import { isPartial } from '../../jobs/partials.js';
import { readJson } from '../../models/read-json.js';
import { type Directory } from '../../workbench/open-cases.js';

/** Folders whose subfolders are models and decoders; null where there is none. */
export interface Folders {
  readonly models: string | null;
  readonly runs: string | null;
}

const weightFiles = ['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin'];

/** What either kind of provenance says of itself. */
const provenanceSchema = z.object({
  task: z.string().optional(),
  hash: z.string().optional(),
  model: z.object({ hash: z.string() }).optional(),
});

/** All there are, by ref. Folders that are neither are passed over. */
export async function findDirectories(folders: Folders): Promise<Directory[]> {
  const found: Directory[] = [];
  for (const [root, folder] of roots(folders)) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.sort()) {
      const kind = await inspect(join(folder, name)).catch(() => null);
      if (kind !== null) found.push({ ref: `${root}/${name}`, ...kind });
    }
  }
  return found;
}

/**
 * The directory of a ref.
 * @throws InputError when there is no such model or decoder, with a suggestion
 */
export async function resolveRef(folders: Folders, ref: string, kind: Directory['kind']): Promise<string> {
  const accepted = (await findDirectories(folders)).filter((found) => found.kind === kind);
  const refs = accepted.map((found) => found.ref);
  // A name from the listing is one name in a folder: no path can be made of it.
  const folder = new Map(roots(folders)).get(ref.slice(0, ref.indexOf('/')));
  if (!refs.includes(ref) || folder === undefined) {
    const there = refs.length === 0 ? 'There are none.' : `There are: ${refs.join(', ')}.`;
    throw new InputError(`There is no ${kind} "${ref}".${suggest(ref, refs)} ${there}`);
  }
  return insideOf(folder, ref);
}

/**
 * The path of a ref whose folder is known.
 * @throws InputError for a link that leads out of the folder
 */
export async function insideOf(folder: string, ref: string): Promise<string> {
  const path = join(folder, ref.slice(ref.indexOf('/') + 1));
  if (!(await realpath(path)).startsWith((await realpath(folder)) + sep))
    throw new InputError(`${ref} leads out of its folder.`);
  return path;
}

/** Whether a name is of a file that holds a whole model. */
export const isGguf = (name: string): boolean => /\.gguf$/i.test(name);

/** Files of models beside the directories of others. */
export async function ggufFiles(folder: string | null): Promise<string[]> {
  if (folder === null) return [];
  return (await readdir(folder).catch(() => [])).filter(isGguf).sort();
}

const roots = ({ models, runs }: Folders): [string, string][] => [
  ...(models === null ? [] : [['models', models] as [string, string]]),
  ...(runs === null ? [] : [['runs', runs] as [string, string]]),
];

async function inspect(path: string): Promise<Omit<Directory, 'ref'> | null> {
  if (isPartial(basename(path))) return null;
  const directory = await openDirectory(path);
  const files = await directory.list();
  if (!files.includes('config.json') || !weightFiles.some((file) => files.includes(file))) return null;
  // A training that was killed as it wrote its results has yet to write the rest.
  if (files.includes('recipe.json') && !files.includes('provenance.json')) return null;
  const origin = files.includes('provenance.json')
    ? provenanceSchema.safeParse(await readJson(directory, 'provenance.json')).data
    : undefined;
  const decodes = origin?.model !== undefined;
  return {
    kind: decodes ? 'decoder' : 'model',
    task: origin?.task ?? null,
    modelHash: origin?.model?.hash ?? origin?.hash ?? null,
  };
}
