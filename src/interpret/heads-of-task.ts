/**
 * Which heads make up the residual stream where a task's prompts end, or texts of one's own do: see `head-shares.ts`.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, modelText } from '../models/hooked-model.js';
import { placeName, resolvePosition } from '../tasks/positions.js';
import { askedTexts, isTemplateTask } from '../tasks/index.js';
import { type Task } from '../tasks/task.js';
import { heldOutInputs } from './attention.js';
import { type Condition } from './condition.js';
import { type HeadShare, type HeadSharesQuestion, headShares } from './head-shares.js';

/** Heads by how often they count, the first first; of equal counts by their mean share. */
export interface HeadsRecord {
  /** What the prompts are of: a task, or a file. */
  readonly of: string;
  readonly model: string;
  readonly prompts: number;
  /** Whether they are all of the task's; else they are those of its test split that the seed draws, or the file's. */
  readonly all: boolean;
  /** null where nothing is drawn. */
  readonly seed: number | null;
  /** Which inputs took part; null for all. */
  readonly only: string | null;
  /** Where prompts are read: a named place, or `last token`. */
  readonly place: string;
  /** The share of the residual stream above which a head counts. */
  readonly threshold: number;
  readonly fromLayer: number;
  readonly heads: readonly HeadShare[];
}

/** How heads are measured. */
export type HeadMeasure = Pick<HeadSharesQuestion, 'threshold' | 'fromLayer' | 'onProgress'>;

/** Which inputs of a task. */
export interface HeadInputs {
  /** How many at most: all, where the task's texts are no more, else draws of the test split. */
  readonly inputs: number;
  readonly seed: number;
  readonly only: Condition | null;
  /** A place; null for the token before the answer, and inputs without an answer take no part. */
  readonly position: string | null;
}

/** Measures heads at texts that are given. @param of what they are called */
export async function headsAt(
  runtime: Runtime,
  model: HookedModel,
  prompts: readonly (readonly number[])[],
  { of, ...measure }: HeadMeasure & { readonly of: string },
): Promise<HeadsRecord> {
  const about = { of, all: false, seed: null, only: null, place: 'last token' };
  return recordOf(runtime, model, prompts, 0, about, measure);
}

/**
 * Measures heads at inputs of a task.
 * @throws InputError for a task without an answer where no position is given, and where no input is left
 */
export async function headsOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  { inputs, seed, only, position, ...measure }: HeadInputs & HeadMeasure,
): Promise<HeadsRecord> {
  const { answer } = task;
  if (position === null && answer === undefined)
    throw new InputError(`${task.name} has no answer: say where heads are measured with --position.`);
  const end = (ids: readonly number[]): number =>
    position === null ? (answer?.determined(ids)[0] ?? 0) - 1 : resolvePosition(task, ids, position);
  const accepts = (ids: readonly number[]): boolean =>
    (position !== null || end(ids) >= 0) && only?.holds(ids) !== false;
  const { inputs: asked, all } = isTemplateTask(task)
    ? askedTexts(task, { count: inputs, seed, heldOut: model.trainedOn === task.name, accepts })
    : { inputs: heldOutInputs(task, inputs, seed, only, position === null ? [] : [position]), all: false };
  const [first] = asked;
  if (first === undefined)
    throw new InputError(
      `No input of ${task.name} ${only === null ? 'has an answer' : `meets ${only.text}`}.`,
    );
  const place = position ?? placeName(task, first, end(first)) ?? 'last token';
  // What stands behind the place is not read by it.
  const prompts = asked.map((ids) => ids.slice(0, end(ids) + 1));
  const about = { of: task.name, all, seed: all ? null : seed, only: only?.text ?? null, place };
  return recordOf(runtime, model, prompts, task.pad, about, measure);
}

async function recordOf(
  runtime: Runtime,
  model: HookedModel,
  prompts: readonly (readonly number[])[],
  pad: number,
  about: Pick<HeadsRecord, 'of' | 'all' | 'seed' | 'only' | 'place'>,
  measure: HeadMeasure,
): Promise<HeadsRecord> {
  const heads = await headShares(runtime, model, { prompts, pad, ...measure });
  return {
    ...about,
    model: modelText(model),
    prompts: prompts.length,
    threshold: measure.threshold,
    fromLayer: measure.fromLayer,
    heads: heads.toSorted((a, b) => b.counted.hits - a.counted.hits || b.share - a.share),
  };
}
