/**
 * A model by what a person calls it: a directory, a `.gguf` file, or its name on the Hugging Face Hub.
 * @module
 */
import { stat } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { InputError } from '../input-error.js';
import { type Checkpoint, openCheckpointDirectory, openCheckpointFile } from '../models/open-checkpoint.js';
import { quote } from '../printable.js';
import { openDirectory, openFile } from './files.js';
import { type HubName, hubName, hubNameText } from './hub/name.js';
import { type HubSettings, hubSettings } from './hub/settings.js';
import { type SnapshotOptions, hubSnapshot } from './hub/snapshot.js';

/** How a model is found. */
export interface OpenModelOptions extends SnapshotOptions {
  /** Where the hub is; by the environment unless given. */
  readonly hub?: HubSettings;
}

/** Where a model's files lie. */
export interface FoundModel {
  /** As a person calls it. */
  readonly name: string;
  /** A directory, or a `.gguf` file. */
  readonly path: string;
  readonly source: 'directory' | 'file' | 'hub';
}

const kindOf = (path: string): Promise<'directory' | 'file' | null> =>
  stat(path).then(
    (info) => (info.isDirectory() ? 'directory' : 'file'),
    () => null,
  );

/** What a name means: files that lie here, or a model of the hub. */
export type NamedModel =
  { readonly kind: 'here'; readonly found: FoundModel } | { readonly kind: 'hub'; readonly name: HubName };

/**
 * What a name means; nothing is fetched for it.
 * @throws InputError where there is no such directory or file, and it is no name on the hub
 */
export async function namedModel(name: string): Promise<NamedModel> {
  const there = await kindOf(name);
  if (there !== null) return { kind: 'here', found: { name, path: name, source: there } };
  const onHub = /^[./~]/.test(name) ? null : hubName(name);
  if (onHub === null) {
    throw new InputError(
      `There is no directory or file ${quote(name)}, and it is no name of a model on the hub (owner/name).`,
    );
  }
  return { kind: 'hub', name: onHub };
}

/**
 * A model of the hub; it is fetched where it is not in the cache.
 * @throws InputError where there is none, or it cannot be fetched
 */
export async function findOnHub(name: HubName, options: OpenModelOptions = {}): Promise<FoundModel> {
  const path = await hubSnapshot(name, options.hub ?? hubSettings(), options);
  return { name: hubNameText(name), path, source: 'hub' };
}

/**
 * Finds a model; one of the hub is fetched where it is not in the cache.
 * @throws InputError where there is none, or it cannot be fetched
 */
export async function findModel(name: string, options: OpenModelOptions = {}): Promise<FoundModel> {
  const named = await namedModel(name);
  return named.kind === 'here' ? named.found : findOnHub(named.name, options);
}

/** A model's name as files say it that others get: the last part of what is a path of this machine. */
export const portableName = (name: string): string =>
  isAbsolute(name) || /^[.~]/.test(name) ? basename(name) : name;

/**
 * Opens the checkpoint of a model that was found; who asks closes its tensors.
 * @throws InputError for files that are missing, damaged or of a family that is not read
 */
export async function openFound({ name, path }: FoundModel): Promise<Checkpoint> {
  if ((await kindOf(path)) === 'directory')
    return { ...(await openCheckpointDirectory(await openDirectory(path))), name };
  if (!/\.gguf$/i.test(path)) {
    throw new InputError(
      `${name} is a file and not a .gguf: give the directory of a checkpoint (${join(name, '..')}).`,
    );
  }
  return { ...(await openCheckpointFile(await openFile(path))), name };
}
