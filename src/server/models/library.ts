/**
 * Cases of the shipped models and of those in folders, by the files of this machine.
 * @module
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { type LoadedDecoder } from '../../inversion/decoder-files.js';
import { isThere, openDirectory } from '../../jobs/files.js';
import { decoderFor, modelFor, shippedDirectory } from '../../jobs/shipped.js';
import { readJson } from '../../models/read-json.js';
import { taskNamed, tasks } from '../../studies/index.js';
import { type Task } from '../../tasks/task.js';
import { type LoadedCase, describe } from '../../workbench/case-study.js';
import { type Library } from '../../workbench/open-cases.js';
import { type Folders, findDirectories, resolveRef } from './directories.js';

/** Makes the library of some folders. */
export const folderLibrary = (folders: Folders): Library => ({
  shipped: tasks.map(({ name }) => name),
  directories: () => findDirectories(folders),
  stamp: (id) => stampOf(folders, id),
  load: (id) => loadCase(folders, id),
  taskOf: (id) => partsOf(id).task,
});

/** Takes an id apart; an empty ref is the shipped model or decoder. @throws InputError for an unknown task or an id of another form */
function partsOf(id: string) {
  const [name = '', model = '', decoder = '', ...rest] = id.split('~');
  if (rest.length > 0)
    throw new InputError(`The case ${JSON.stringify(id)} is not of the form task or task~model~decoder.`);
  return { task: taskNamed(name), model, decoder };
}

/** Directories of a case; `undefined` for the shipped ones. */
async function directoriesOf(
  folders: Folders,
  id: string,
): Promise<{ task: Task; model: string | undefined; decoder: string | undefined }> {
  const { task, model, decoder } = partsOf(id);
  return {
    task,
    model: model === '' ? undefined : await resolveRef(folders, model, 'model'),
    decoder: decoder === '' ? undefined : await resolveRef(folders, decoder, 'decoder'),
  };
}

/** A word that changes whenever the files of a case do. */
async function stampOf(folders: Folders, id: string): Promise<string> {
  const { task, model, decoder } = await directoriesOf(folders, id);
  const directories = [
    model ?? shippedDirectory(task.name, 'model'),
    decoder ?? shippedDirectory(task.name, 'decoder'),
  ];
  const times = directories.flatMap((directory) =>
    ['config.json', 'model.safetensors', 'provenance.json'].map((file) =>
      stat(join(directory, file)).then(
        ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
        () => '-',
      ),
    ),
  );
  return (await Promise.all(times)).join(' ');
}

/**
 * Loads a case.
 * @throws InputError when the id is unknown or the model cannot be read; a decoder that cannot makes it `unavailable`
 */
async function loadCase(folders: Folders, id: string): Promise<LoadedCase> {
  const directories = await directoriesOf(folders, id);
  const { task } = directories;
  const parts = partsOf(id);
  const loaded = await modelFor(task, directories.model, 'transformerlens');
  // Known by its ref: where it lies on the disk is not the page's business.
  const model = parts.model === '' ? loaded : { ...loaded, name: parts.model };
  let decoder: LoadedDecoder | null = null;
  let unavailable: string | null = null;
  try {
    const own = await decoderFor(task, directories.decoder, model);
    const hash = own.name.split(' ').at(-1) ?? '';
    decoder = parts.decoder === '' ? own : { ...own, name: `${parts.decoder} ${hash}` };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    unavailable = await reason(task, directories, error);
  }
  const accuracy = await accuracyOf(directories.model ?? shippedDirectory(task.name, 'model'));
  const described = describe(id, task, { model, accuracy }, decoder, unavailable);
  return { id, task, model, decoder, described };
}

/** Says what a case without a decoder needs. */
async function reason(
  task: Task,
  { model, decoder }: { model: string | undefined; decoder: string | undefined },
  error: InputError,
): Promise<string> {
  const shipped = shippedDirectory(task.name, 'decoder');
  if (decoder !== undefined || model !== undefined || (await isThere(shipped))) return error.message;
  return `No decoder is shipped for ${task.name}: train one, and open it with the model.`;
}

/** What a probed model's provenance says of its accuracy. */
async function accuracyOf(directory: string): Promise<number | null> {
  const schema = z.object({ figures: z.object({ accuracy: z.number() }) });
  try {
    const parsed = schema.safeParse(await readJson(await openDirectory(directory), 'provenance.json'));
    return parsed.data?.figures.accuracy ?? null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
