/**
 * A training's directory: a recipe when it starts, a checkpoint as it goes on, the trained files when it ends.
 * The checkpoint is one file that is exchanged whole, so that a kill or a full disk leaves the previous one. The
 * weights are the last of the trained files: where they are, all are.
 * @module
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Tensor, type TrainingState } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type Processing } from '../models/processing.js';
import { openSafetensors } from '../models/weights/safetensors.js';
import { safetensorsChunks } from '../models/weights/safetensors-encode.js';
import { openDirectory, writeFileAtomic } from './files.js';

/** Files of a run directory. */
export const recipeFile = 'recipe.json';
/** Files of a run directory. */
export const checkpointFile = 'checkpoint.safetensors';
const weightsFile = 'model.safetensors';

const historySchema = z.array(
  z.object({
    step: z.number(),
    loss: z.number(),
    seconds: z.number(),
    figures: z.record(z.string(), z.number()),
  }),
);

/** What was measured as a training went on: mean loss since the last entry, time so far, figures. */
export type History = z.infer<typeof historySchema>;

/** A checkpoint: the state of the optimizer and what else the training must know to go on. */
export interface Checkpoint {
  readonly kind: 'model' | 'decoder';
  readonly recipe: unknown;
  readonly state: TrainingState;
  readonly history: History;
  readonly seconds: number;
  /** Loss added up since the last entry of the history. */
  readonly pendingLoss: number;
  /** Weights with which a decoder's training draws sites. */
  readonly siteWeights: readonly number[];
  /** Hash of the probed model that a decoder is trained on. */
  readonly modelHash: string;
  /** How the weights of that model are processed. */
  readonly processing: Processing;
}

const metadataSchema = z.object({
  kind: z.enum(['model', 'decoder']),
  step: z.number().int(),
  recipe: z.unknown(),
  history: historySchema,
  seconds: z.number(),
  pendingLoss: z.number(),
  siteWeights: z.array(z.number()),
  modelHash: z.string(),
  // Checkpoints of earlier versions do not say so.
  processing: z.enum(['transformerlens', 'none']).default('transformerlens'),
});

/** Writes the checkpoint in place of the previous one. */
export async function saveCheckpoint(directory: string, { state, ...rest }: Checkpoint): Promise<void> {
  const tensors = [
    ...[...state.parameters].map(([name, tensor]) => [`parameter:${name}`, tensor] as const),
    ...state.moments,
  ].map(([name, { shape, data }]) => {
    if (!(data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
    return { name, dtype: 'F32' as const, shape, data };
  });
  const metadata = { ...rest, step: state.step };
  const chunks = safetensorsChunks(tensors, { training: JSON.stringify(metadata) });
  await writeFileAtomic(join(directory, checkpointFile), chunks);
}

/**
 * Reads the checkpoint of a training.
 * @throws InputError when there is none or it is damaged
 */
export async function loadCheckpoint(directory: string): Promise<Checkpoint> {
  if (!existsSync(join(directory, checkpointFile))) {
    throw new InputError(`${directory} holds no ${checkpointFile}: there is no training to go on with.`);
  }
  const file = await openSafetensors(await (await openDirectory(directory)).open(checkpointFile));
  try {
    const parsed = metadataSchema.safeParse(parsedJson(file.metadata['training'] ?? ''));
    if (!parsed.success)
      throw new InputError(`${directory}/${checkpointFile} is not the checkpoint of a training.`);
    const { step, ...rest } = parsed.data;
    const parameters = new Map<string, Tensor>();
    const moments = new Map<string, Tensor>();
    for (const [name, { shape }] of file.tensors) {
      const tensor: Tensor = { dtype: 'float32', shape, data: await file.readFloat32(name) };
      if (name.startsWith('parameter:')) parameters.set(name.slice('parameter:'.length), tensor);
      else moments.set(name, tensor);
    }
    return { ...rest, recipe: rest.recipe, state: { step, parameters, moments } };
  } finally {
    await file.close();
  }
}

/** Where a checkpoint stands. */
export type CheckpointSummary = Pick<Checkpoint, 'seconds' | 'history'> & { readonly step: number };

/** Where the checkpoint of a training stands, from its head alone; null when there is none yet. */
export async function checkpointSummary(directory: string): Promise<CheckpointSummary | 'damaged' | null> {
  if (!existsSync(join(directory, checkpointFile))) return null;
  try {
    const file = await openSafetensors(await (await openDirectory(directory)).open(checkpointFile));
    await file.close();
    const parsed = metadataSchema.safeParse(parsedJson(file.metadata['training'] ?? ''));
    return parsed.success ? parsed.data : 'damaged';
  } catch (error) {
    if (error instanceof InputError) return 'damaged';
    throw error;
  }
}

/**
 * The recipe that a training was started with.
 * @throws InputError when this version does not take it
 */
export const recipeOf = <T>(
  schema: z.ZodType<T>,
  { recipe, checkpoint }: { readonly recipe: unknown; readonly checkpoint?: unknown },
  directory: string,
): T =>
  checkedRecipe(
    schema,
    recipe,
    checkpoint === null ? `${directory}/${recipeFile}` : `${directory}/${checkpointFile} has a recipe that`,
  );

/**
 * A recipe as its schema has it.
 * @param what begins the message: `The recipe`
 * @throws InputError naming the field that is wrong
 */
export function checkedRecipe<T>(schema: z.ZodType<T>, recipe: unknown, what = 'The recipe'): T {
  const parsed = schema.safeParse(recipe);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new InputError(`${what} is not accepted: "${field}": ${issue?.message ?? ''}.`);
}

/**
 * Refuses a checkpoint that has other tensors than its recipe makes: an altered one, or that of another version.
 * @param start the state that the recipe starts from
 * @throws InputError naming a tensor
 */
export function expectFitting({ state }: Checkpoint, start: TrainingState, directory: string): void {
  for (const part of ['parameters', 'moments'] as const) {
    const names = new Set([...state[part].keys(), ...start[part].keys()]);
    for (const name of names) {
      const [held, wanted] = [
        state[part].get(name)?.shape.join(', '),
        start[part].get(name)?.shape.join(', '),
      ];
      if (held === wanted) continue;
      throw new InputError(
        `${directory}/${checkpointFile} does not fit its recipe: "${name}" is ${held === undefined ? 'missing' : `[${held}]`}, not ${wanted === undefined ? 'absent' : `[${wanted}]`}.`,
      );
    }
  }
}

/** What the text holds; null when it is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Writes the files a training ends with, each whole, and its history as `history.json`; the weights come last. */
export async function writeResults(
  directory: string,
  files: ReadonlyMap<string, Uint8Array>,
  history: History,
): Promise<void> {
  const lines = new TextEncoder().encode(`${JSON.stringify(history, null, 1)}\n`);
  const all = [...files, ['history.json', lines] as const];
  const isLast = ([file]: readonly [string, Uint8Array]): boolean => file === weightsFile;
  for (const [file, bytes] of [...all.filter((one) => !isLast(one)), ...all.filter(isLast)]) {
    await writeFileAtomic(join(directory, file), bytes);
  }
}

/** Whether a training has come to its end: its files are all there. Earlier versions wrote the weights before others. */
export const isFinished = (directory: string): boolean =>
  [weightsFile, 'provenance.json'].every((file) => existsSync(join(directory, file)));
