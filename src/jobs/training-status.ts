/**
 * How trainings stand, from the files in their directories: the recipe they began with, the record and the curves that
 * they leave as they go on, the checkpoint, and what they end with.
 * @module
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../models/json-text.js';
import {
  type DetailedTraining,
  type RecordedTraining as Training,
  type TrainingState,
} from '../workbench/verbs/trainings.js';
import { checkpointSummary, isFinished } from './run-directory.js';
import { holderOf } from './run-hold.js';
import { readPoints, readRecord } from './training-record.js';

const recipeSchema = z.object({
  task: z.string(),
  preset: z.string(),
  seed: z.number(),
  schedule: z.object({ steps: z.number().int().positive() }),
  architecture: z.unknown().optional(),
});

/** The process of a training, where it was started from here: what the files do not tell yet. */
export interface Child {
  readonly pid: number;
  /** Of a process that ended before its record began. */
  failure: string | null;
  ended: boolean;
}

/** A training of a folder; null when there is none of that name. */
export async function statusOf(
  folder: string,
  name: string,
  child?: Child,
): Promise<DetailedTraining | null> {
  const own = join(folder, name);
  const recipe: unknown = await readJson(join(own, 'recipe.json'));
  const parsed = recipeSchema.safeParse(recipe);
  if (!parsed.success) return null;
  const [seen, { points }, found, holder] = await Promise.all([
    readRecord(own),
    readPoints(own),
    checkpointSummary(own),
    holderOf(own),
  ]);
  const saved = found === 'damaged' ? null : found;
  const curve = points.length > 0 ? points : (saved?.history ?? []);
  const last = curve.at(-1);
  const done = isFinished(own);
  const isOwn = seen?.record.pid === child?.pid;
  // One that was gone on with from elsewhere is no more the business of a process that has ended.
  const running = child?.ended === true && !isOwn ? undefined : child;
  // The record of an earlier run stands until the new process has its own.
  const current = running === undefined || isOwn ? seen : null;
  const { task, preset, seed, schedule } = parsed.data;
  const step = last?.step ?? saved?.step ?? 0;
  // One that was taken up from elsewhere holds the directory before it has written anything.
  const elsewhere = holder !== null && holder.pid !== seen?.record.pid && child?.pid !== holder.pid;
  const known = elsewhere ? 'starting' : stateOf(current, running, done && running?.ended !== false);
  const state = known === 'running' && step === 0 ? 'starting' : known;
  const seconds = last?.seconds ?? saved?.seconds ?? 0;
  return {
    name,
    kind: parsed.data.architecture === undefined ? 'model' : 'decoder',
    task,
    preset,
    seed,
    state,
    message: state === 'failed' ? (current?.record.message ?? running?.failure ?? null) : null,
    // Without a checkpoint it is begun anew.
    resumable: found !== 'damaged' && ['paused', 'stopped', 'interrupted', 'failed'].includes(state),
    step,
    steps: schedule.steps,
    seconds,
    left: step === 0 ? null : (seconds / step) * (schedule.steps - step),
    loss: last?.loss ?? null,
    figures: curve.findLast(({ figures }) => figures !== undefined)?.figures ?? {},
    points: curve.map((point) => ({ ...point, steps: schedule.steps })),
    recipe,
  };
}

/** All trainings of a folder, newest first. @param children processes that were started from here, by name */
export async function statuses(folder: string, children: ReadonlyMap<string, Child>): Promise<Training[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const training = await statusOf(folder, name, children.get(name)).catch(() => null);
      const info = await stat(join(folder, name, 'recipe.json')).catch(() => null);
      return training === null || info === null ? [] : [{ training, since: info.mtimeMs }];
    }),
  );
  return found
    .flat()
    .sort((a, b) => b.since - a.since)
    .map(({ training }) => withoutCurves(training));
}

function stateOf(
  seen: Awaited<ReturnType<typeof readRecord>>,
  child: Child | undefined,
  done: boolean,
): TrainingState {
  if (seen === null) {
    if (child !== undefined && !child.ended) return 'starting';
    if ((child?.failure ?? null) !== null) return 'failed';
    return done ? 'finished' : 'interrupted';
  }
  const { record, alive } = seen;
  if (record.state !== 'running' && record.state !== 'pausing') return record.state;
  if (alive && child?.ended !== true) return record.state;
  if ((child?.failure ?? null) !== null) return 'failed';
  return done ? 'finished' : 'interrupted';
}

/** A training as a list shows it. */
export const withoutCurves = ({
  points: _points,
  recipe: _recipe,
  ...training
}: DetailedTraining): Training => training;

async function readJson(path: string): Promise<unknown> {
  try {
    return parseJson(await readFile(path), path);
  } catch {
    return null;
  }
}
