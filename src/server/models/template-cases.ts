/**
 * Cases of template tasks: the texts of a template in the tokens of a language model. Without a decoder that was trained
 * on the model, readings are searches.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type LoadedDecoder } from '../../inversion/decoder-files.js';
import { hubName } from '../../jobs/hub/name.js';
import { type HubSettings } from '../../jobs/hub/settings.js';
import { findOnHub } from '../../jobs/open-model.js';
import { openTask } from '../../jobs/open-task.js';
import { shippedDecoder, shippedDirectory } from '../../jobs/shipped.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { type Task } from '../../tasks/task.js';
import { type LoadedCase, describe } from '../../workbench/case-study.js';
import { type CaseParts, searched } from './case-id.js';
import { type Folders, insideOf, isGguf, resolveRef } from './directories.js';
import { stampOf, withoutPaths } from './files-of-models.js';
import { accuracyOf, decoderDirectory, decoderOf, directoryStamp } from './study-cases.js';
import { type OfferedTemplate, shownNames, templateStamp } from './template-shelf.js';

/**
 * Where the model of a case lies; null for the shipped one.
 * @throws InputError for one that is not on this machine: opening a case fetches nothing
 */
async function modelPath(folders: Folders, hub: HubSettings, ref: string): Promise<string | null> {
  if (ref === '') return null;
  if (folders.models !== null && ref.startsWith('models/') && isGguf(ref)) {
    const path = await insideOf(folders.models, ref).catch((error: unknown) => {
      if (error instanceof InputError) throw error;
      throw new InputError(`There is no model ${JSON.stringify(ref)}.`);
    });
    return path;
  }
  const onHub = /^(models|runs)\//.test(ref) ? null : hubName(ref);
  if (onHub === null) return resolveRef(folders, ref, 'model');
  return (await findOnHub(onHub, { hub: { ...hub, offline: true } })).path;
}

/** A word that changes whenever the files of a case do. */
export async function templateCaseStamp(
  folders: Folders,
  hub: HubSettings,
  parts: CaseParts,
  template: OfferedTemplate,
): Promise<string> {
  const path = (await modelPath(folders, hub, parts.model)) ?? shippedDirectory(template.name, 'model');
  const decoder =
    (await decoderDirectory(folders, parts.decoder)) ?? shippedDirectory(template.name, 'decoder');
  const stamps = [stampOf(path).catch(() => '-'), directoryStamp(decoder), templateStamp(template)];
  return (await Promise.all(stamps)).join('\n');
}

/**
 * Loads a case.
 * @throws InputError for a model that cannot be read or does not fit, and a template that is wrong
 */
export async function loadTemplateCase(
  folders: Folders,
  hub: HubSettings,
  files: readonly string[],
  id: string,
  parts: CaseParts,
  template: OfferedTemplate,
): Promise<LoadedCase> {
  const path = await modelPath(folders, hub, parts.model);
  const hidden = shownNames(files);
  if (path !== null) hidden.set(path, parts.model);
  try {
    const opened = await openTask({
      task: template.source,
      ...(path === null ? {} : { model: path }),
      ...(parts.bos === '' ? {} : { bos: parts.bos }),
    });
    const { task, model: loaded } = await opened.whole();
    const model = path === null ? loaded : { ...loaded, name: parts.model };
    const directory = await decoderDirectory(folders, parts.decoder);
    const { decoder, unavailable } = await proposerOf(task, directory, model, parts);
    const accuracy = path === null ? await accuracyOf(shippedDirectory(task.name, 'model')) : null;
    const described = describe(id, task, { model, accuracy }, decoder, unavailable);
    return { id, task, model, decoder, described };
  } catch (error) {
    if (error instanceof InputError) throw new InputError(withoutPaths(error.message, hidden));
    throw error;
  }
}

/** What proposes inputs: a decoder of this very model, or else the model itself. */
async function proposerOf(
  task: Task,
  directory: string | undefined,
  model: HookedModel,
  parts: CaseParts,
): Promise<{ decoder: LoadedDecoder | null; unavailable: string | null }> {
  const none = { decoder: null, unavailable: null };
  if (parts.decoder === searched) return none;
  if (directory === undefined && (await shippedDecoder(task.name, model.hash)) === null) return none;
  try {
    return { decoder: await decoderOf(task, directory, model, parts), unavailable: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // The shipped decoder is of another model, most likely; one that was named is wanted.
    return directory === undefined ? none : { decoder: null, unavailable: error.message };
  }
}
