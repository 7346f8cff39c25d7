/**
 * Cases of the studies: with the shipped model and decoder, or with those of folders.
 * @module
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../input-error.js';
import { type LoadedDecoder } from '../../inversion/decoder-files.js';
import { isThere, openDirectory } from '../../jobs/files.js';
import { decoderFor, modelFor, shippedDirectory } from '../../jobs/shipped.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { readJson } from '../../models/read-json.js';
import { taskNamed } from '../../studies/index.js';
import { type Task } from '../../tasks/task.js';
import { type LoadedCase, describe } from '../../workbench/case-study.js';
import { type CaseParts, searched } from './case-id.js';
import { type Folders, resolveRef } from './directories.js';

/** Directories of a case; `undefined` for the shipped ones. */
interface CaseDirectories {
  readonly task: Task;
  readonly model: string | undefined;
  readonly decoder: string | undefined;
}

async function directoriesOf(folders: Folders, parts: CaseParts): Promise<CaseDirectories> {
  const { task, model, decoder, bos } = parts;
  if (bos !== '')
    throw new InputError(`${task} has tokens of its own: the token before texts (${bos}) is not chosen.`);
  return {
    task: taskNamed(task),
    model: model === '' ? undefined : await resolveRef(folders, model, 'model'),
    decoder: await decoderDirectory(folders, decoder),
  };
}

/** Where the decoder of a case lies; `undefined` for the shipped one, and where there is to be none. */
export const decoderDirectory = async (folders: Folders, decoder: string): Promise<string | undefined> =>
  decoder === '' || decoder === searched ? undefined : resolveRef(folders, decoder, 'decoder');

/** Times and sizes of the files that a model or decoder in a directory is read from. */
export async function directoryStamp(directory: string): Promise<string> {
  const times = ['config.json', 'model.safetensors', 'provenance.json'].map((file) =>
    stat(join(directory, file)).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => '-',
    ),
  );
  return (await Promise.all(times)).join(' ');
}

/** A word that changes whenever the files of a case do. */
export async function studyStamp(folders: Folders, parts: CaseParts): Promise<string> {
  const { task, model, decoder } = await directoriesOf(folders, parts);
  const directories = [
    model ?? shippedDirectory(task.name, 'model'),
    decoder ?? shippedDirectory(task.name, 'decoder'),
  ];
  return (await Promise.all(directories.map(directoryStamp))).join(' ');
}

/**
 * Loads a case.
 * @throws InputError when the id is unknown or the model cannot be read; a decoder that cannot makes it `unavailable`
 */
export async function loadStudyCase(folders: Folders, id: string, parts: CaseParts): Promise<LoadedCase> {
  const directories = await directoriesOf(folders, parts);
  const { task } = directories;
  const loaded = await modelFor(task, directories.model, 'transformerlens');
  // Known by its ref: where it lies on the disk is not the page's business.
  const model = parts.model === '' ? loaded : { ...loaded, name: parts.model };
  let decoder: LoadedDecoder | null = null;
  let unavailable: string | null = null;
  try {
    decoder = parts.decoder === searched ? null : await decoderOf(task, directories.decoder, model, parts);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    unavailable = await reason(task, directories, error);
  }
  const accuracy = await accuracyOf(directories.model ?? shippedDirectory(task.name, 'model'));
  const described = describe(id, task, { model, accuracy }, decoder, unavailable);
  return { id, task, model, decoder, described };
}

/** The decoder of a case by its ref. @throws InputError as `decoderFor` does */
export async function decoderOf(
  task: Task,
  directory: string | undefined,
  model: HookedModel,
  parts: CaseParts,
): Promise<LoadedDecoder> {
  const own = await decoderFor(task, directory, model);
  const hash = own.name.split(' ').at(-1) ?? '';
  return parts.decoder === '' ? own : { ...own, name: `${parts.decoder} ${hash}` };
}

/** Says what a case without a decoder needs. */
async function reason(task: Task, { model, decoder }: CaseDirectories, error: InputError): Promise<string> {
  const shipped = shippedDirectory(task.name, 'decoder');
  if (decoder !== undefined || model !== undefined || (await isThere(shipped))) return error.message;
  return `No decoder is shipped for ${task.name}: train one, and open it with the model.`;
}

/** What a probed model's provenance says of its accuracy. */
export async function accuracyOf(directory: string): Promise<number | null> {
  const schema = z.object({ figures: z.object({ accuracy: z.number() }) });
  try {
    const parsed = schema.safeParse(await readJson(await openDirectory(directory), 'provenance.json'));
    return parsed.data?.figures.accuracy ?? null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
