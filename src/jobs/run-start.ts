/**
 * Beginning a training in a directory, and taking one up again. From its first moment on a directory holds all that
 * decides the training, its recipe, so that one that is killed before its first checkpoint is begun anew. Either way the
 * directory is held while it trains.
 * @module
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { type Processing } from '../models/processing.js';
import { expectWritable, makeDirectory, openDirectory, writeFileAtomic } from './files.js';
import { isPartial, sweepPartials } from './partials.js';
import {
  type Checkpoint,
  checkpointFile,
  loadCheckpoint,
  parsedJson,
  recipeFile,
  recipeOf,
} from './run-directory.js';
import { type Hold, expectNotHeld, holdRun, isLock } from './run-hold.js';

/** The probed model that a decoder is trained on, as a directory knows it from its start on. */
export interface ProbedModel {
  readonly hash: string;
  readonly processing: Processing;
}

/** A run directory that was taken up again, and is held. */
export interface TakenUp extends Hold {
  /** Null where it was ended before the first: it is begun anew by its recipe. */
  readonly checkpoint: Checkpoint | null;
  readonly recipe: unknown;
  /** Of a decoder's training; null where its directory does not say. */
  readonly model: ProbedModel | null;
}

/** What `recipe.json` says besides the recipe: a decoder has an architecture, and a model that it is trained on. */
const beginningSchema = z.object({
  task: z.string(),
  architecture: z.unknown().optional(),
  model: z.object({ hash: z.string(), processing: z.enum(['transformerlens', 'none']) }).optional(),
});

/**
 * Refuses a directory that a new training cannot take, before work is done for it.
 * @throws InputError when there is something in it already, or it may not be written
 */
export async function expectNewRun(directory: string): Promise<void> {
  if (!existsSync(directory)) {
    await expectWritable(directory, true);
    return;
  }
  await expectNotHeld(directory);
  await expectEmpty(directory);
}

async function expectEmpty(directory: string): Promise<void> {
  // What a process left that was killed as it began is nothing.
  const files = (await (await openDirectory(directory)).list()).filter(
    (file) => !isLock(file) && !isPartial(file),
  );
  if (files.length === 0) return;
  const hint = isBegun(directory) ? `, or go on with it: --resume ${directory}` : '';
  throw new InputError(`${directory} exists already: choose another directory with --out${hint}.`);
}

const hasCheckpoint = (directory: string): boolean => existsSync(join(directory, checkpointFile));
const isBegun = (directory: string): boolean =>
  hasCheckpoint(directory) || existsSync(join(directory, recipeFile));

/**
 * Makes the directory of a new training, which is held until it is released.
 * @param model what a decoder is trained on
 * @throws InputError when there is something in it already, or it may not be written
 */
export async function createRunDirectory(
  directory: string,
  recipe: object,
  model?: ProbedModel,
): Promise<Hold> {
  await expectNewRun(directory);
  await makeDirectory(directory);
  const hold = await holdRun(directory);
  try {
    await expectEmpty(directory);
    await sweepPartials(directory, { held: true });
    const text = `${JSON.stringify({ ...recipe, ...(model === undefined ? {} : { model }) }, null, 2)}\n`;
    await writeFileAtomic(join(directory, recipeFile), new TextEncoder().encode(text));
    return hold;
  } catch (error) {
    await hold.release();
    throw error;
  }
}

/**
 * Takes a training up again: holds its directory and reads where it stands.
 * @throws InputError when there is none of this kind, it is damaged, or a process is at it
 */
export async function takeUp(directory: string, kind: Checkpoint['kind']): Promise<TakenUp> {
  if (!isBegun(directory)) await loadCheckpoint(directory); // says what is missing
  const hold = await holdRun(directory);
  try {
    const checkpoint = hasCheckpoint(directory) ? await loadCheckpoint(directory) : null;
    const beginning = checkpoint === null ? await loadBeginning(directory) : null;
    const found = checkpoint?.kind ?? (beginning?.architecture === undefined ? 'model' : 'decoder');
    if (found !== kind)
      throw new InputError(`${directory} is the training of a ${found}: use train-${found}.`);
    await sweepPartials(directory, { held: true });
    return {
      ...hold,
      checkpoint,
      recipe: checkpoint === null ? beginning : checkpoint.recipe,
      model:
        checkpoint === null
          ? (beginning?.model ?? null)
          : { hash: checkpoint.modelHash, processing: checkpoint.processing },
    };
  } catch (error) {
    await hold.release();
    throw error;
  }
}

async function loadBeginning(directory: string): Promise<z.infer<typeof beginningSchema>> {
  const text = await readFile(join(directory, recipeFile), 'utf8').catch(() => '');
  const parsed = beginningSchema.loose().safeParse(parsedJson(text));
  if (parsed.success) return parsed.data;
  throw new InputError(`${directory}/${recipeFile} is not the recipe of a training.`);
}

/**
 * The task of a training that can be taken up again.
 * @throws InputError when there is none, it is damaged, or a process is at it
 */
export async function resumedTask(directory: string): Promise<string> {
  await expectNotHeld(directory);
  if (!hasCheckpoint(directory) && isBegun(directory)) return (await loadBeginning(directory)).task;
  const { recipe } = await loadCheckpoint(directory);
  return recipeOf(z.object({ task: z.string() }), { recipe }, directory).task;
}
