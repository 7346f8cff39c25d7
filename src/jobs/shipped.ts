/**
 * What the package ships: a trained model for some tasks, and decoders of that model or of others.
 * @module
 */
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { drawnTokens, symbolsOf } from '../inversion/decoder.js';
import { type LoadedDecoder, expectTrainedOn, loadDecoder } from '../inversion/decoder-files.js';
import { type HookedModel } from '../models/hooked-model.js';
import { loadModel } from '../models/load-model.js';
import { type Processing } from '../models/processing.js';
import { shown } from '../printable.js';
import { type Task } from '../tasks/task.js';
import { tokenCount } from '../tasks/tokens.js';
import { isThere, openDirectory } from './files.js';
import { trainedOn } from './model-provenance.js';
import { packageDirectory } from './package-directory.js';

export { packageDirectory };

/** Where a task's shipped model or decoder lies. */
export const shippedDirectory = (task: string, what: 'model' | 'decoder'): string =>
  join(packageDirectory(), 'weights', task, what);

/** Where the model that is shipped for a task lies; null where none is. */
export async function shippedModel(task: string): Promise<string | null> {
  const path = shippedDirectory(task, 'model');
  return (await isThere(path)) ? path : null;
}

/** Reads a model for a task: the shipped one unless a directory is given. */
export async function modelFor(
  task: Task,
  directory: string | undefined,
  processing: Processing,
): Promise<HookedModel> {
  const opened = await openDirectory(directory ?? shippedDirectory(task.name, 'model'));
  const loaded = await loadModel(opened, processing);
  const learned = await trainedOn(opened, loaded.hash);
  const model: HookedModel = {
    ...loaded,
    ...(directory === undefined ? { name: `shipped ${task.name} model` } : {}),
    ...(learned === null ? {} : { trainedOn: learned }),
  };
  if (model.architecture.vocabulary !== tokenCount(task) || model.architecture.positions < task.maxLength) {
    throw new InputError(
      `${model.name} has ${model.architecture.vocabulary} tokens and ${model.architecture.positions} positions; ` +
        `${task.name} needs ${tokenCount(task)} tokens and ${task.maxLength} positions.`,
    );
  }
  return model;
}

/** Whose decoder a directory holds. */
const decoderOrigin = z.object({ model: z.object({ hash: z.string() }) });

/**
 * Where the decoder of a task that is shipped for a model lies: `weights/<task>/decoder`, or `decoder-<model>` beside it.
 * @param hash of the model's unprocessed weights
 * @returns the first one where none is for this model, which then says so; null where none is shipped
 */
export async function shippedDecoder(task: string, hash: string): Promise<string | null> {
  const beside = dirname(shippedDirectory(task, 'decoder'));
  const names = await readdir(beside).catch(() => []);
  const places = names
    .filter((name) => /^decoder(-|$)/.test(name))
    .toSorted()
    .map((name) => join(beside, name));
  for (const place of places) {
    const text = await readFile(join(place, 'provenance.json'), 'utf8').catch(() => 'null');
    if (decoderOrigin.safeParse(JSON.parse(text)).data?.model.hash === hash) return place;
  }
  return places[0] ?? null;
}

/**
 * Reads a decoder for a model: the shipped one unless a directory is given.
 * @throws InputError when it was trained on another model, or none is shipped
 */
export async function decoderFor(
  task: Task,
  directory: string | undefined,
  model: HookedModel,
): Promise<LoadedDecoder> {
  const place = directory ?? (await shippedDecoder(task.name, model.hash));
  if (place === null)
    throw new InputError(
      `No decoder is shipped for ${task.name}: give one with --decoder, which train-decoder makes, or search without one by --search.`,
    );
  const loaded = await loadDecoder(await openDirectory(place));
  const hash = loaded.name.split(' ').at(-1) ?? '';
  const decoder =
    directory === undefined ? { ...loaded, name: `shipped ${task.name} decoder ${hash}` } : loaded;
  if (decoder.provenance.task !== task.name) {
    throw new InputError(
      `${decoder.name} was trained for ${shown(decoder.provenance.task)}, not for ${task.name}.`,
    );
  }
  const { vocabulary, places, form } = decoder.config;
  const { size } = symbolsOf(task, form);
  if (vocabulary !== size || places < drawnTokens(task, form)) {
    throw new InputError(
      `${decoder.name} has ${vocabulary} tokens and ${places} places; ` +
        `${task.name} needs ${size} tokens and ${drawnTokens(task, form)} places.`,
    );
  }
  expectTrainedOn(decoder, model);
  return decoder;
}
