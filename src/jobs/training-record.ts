/**
 * What a training leaves in its directory for others to follow it by: `run.json`, who runs it and how it stands, and
 * `progress.jsonl`, a point of the curves about every second. Any process can watch a training through these files,
 * whoever started it, and they are still there when both are gone.
 * @module
 */
import { appendFileSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { partialOf } from './partials.js';
import { type ProcessMark, isLiving, markIn, markOf, markText } from './process-mark.js';
import { type Progress } from './training-loop.js';

const recordFile = 'run.json';
const progressFile = 'progress.jsonl';
/** Milliseconds between points, and between signs of life. */
const [pointEvery, aliveEvery] = [1000, 2000];

/** Who runs a training and how it stands. */
export const recordSchema = z.object({
  kind: z.enum(['model', 'decoder']),
  pid: z.number().int().positive(),
  /** Tells the process from a later one of its number; records of earlier versions have none. */
  process: z.string().optional(),
  state: z.enum(['running', 'pausing', 'paused', 'stopped', 'failed', 'finished']),
  message: z.string().nullable(),
  /** The probed model's directory, where it was given, and how its weights are processed: a resume needs them again. */
  model: z.string().nullable(),
  processing: z.enum(['transformerlens', 'none']),
});
/** Who runs a training and how it stands. */
export type TrainingRecord = z.infer<typeof recordSchema>;

/** A point of the curves. */
export const pointSchema = z.object({
  step: z.number().int().nonnegative(),
  steps: z.number().int().positive(),
  /** Mean over the steps since the last point. */
  loss: z.number(),
  /** Seconds of work, those before a resume included. */
  seconds: z.number(),
  /** Measured at this step. */
  figures: z.record(z.string(), z.number()).optional(),
});
/** A point of the curves. */
export type Point = z.infer<typeof pointSchema>;

/** Keeps the record of a training that runs in this process. */
export interface Recorder {
  /** The directory is the training's own from now on. */
  begin(): void;
  progress(progress: Progress): void;
  /** It was asked to stop and is saving. */
  pausing(): void;
  /** How it ended; nothing is written where it did not begin. */
  end(state: 'paused' | 'failed' | 'finished', message?: string): void;
}

/** A recorder for a directory. */
export function recordTraining(
  directory: string,
  about: Pick<TrainingRecord, 'kind' | 'model' | 'processing'>,
): Recorder {
  let timer: NodeJS.Timeout | null = null;
  let last = 0;
  let rewound = false;
  let [sum, steps] = [0, 0];
  const put = (state: TrainingRecord['state'], message: string | null): void =>
    quietly(() => putRecord(directory, { ...about, ...recordedProcess(), state, message }));
  return {
    begin() {
      put('running', null);
      timer = setInterval(() => quietly(() => touch(join(directory, recordFile))), aliveEvery).unref();
    },
    progress(progress) {
      if (!rewound) quietly(() => dropPointsFrom(directory, progress.step));
      rewound = true;
      // An evaluation gives the mean since the last one: the step's own loss is not known then.
      if (progress.figures === undefined || steps === 0) {
        sum += progress.loss;
        steps += 1;
      }
      if (progress.figures === undefined && performance.now() - last < pointEvery) return;
      const point: Point = { ...progress, loss: sum / steps };
      quietly(() => appendFileSync(join(directory, progressFile), `${JSON.stringify(point)}\n`));
      last = performance.now();
      [sum, steps] = [0, 0];
    },
    pausing() {
      if (timer !== null) put('pausing', null);
    },
    end(state, message) {
      if (timer === null) return;
      clearInterval(timer);
      put(state, message ?? null);
    },
  };
}

/** Writes a record; the name holds the old one or the new one, whole. */
export function putRecord(directory: string, record: TrainingRecord): void {
  exchange(join(directory, recordFile), `${JSON.stringify(record)}\n`);
}

/** A process of this machine, this one unless given, as a record names it. */
export function recordedProcess(pid?: number): Required<Pick<TrainingRecord, 'pid' | 'process'>> {
  const mark = markOf(pid);
  return { pid: mark.pid, process: markText(mark) };
}

/** The mark of a record's process; records of earlier versions name a number alone. */
const markedIn = ({ pid, process: text }: TrainingRecord): ProcessMark =>
  markIn(text ?? '') ?? { ...markOf(pid), started: 'x' };

/** A file's new content in one step. */
function exchange(path: string, text: string): void {
  const partial = partialOf(path);
  writeFileSync(partial, text);
  renameSync(partial, path);
}

/** The record of a training, and whether its process is alive; null where there is none. */
export async function readRecord(
  directory: string,
): Promise<{ readonly record: TrainingRecord; readonly alive: boolean } | null> {
  const path = join(directory, recordFile);
  const [text, info] = await Promise.all([
    readFile(path, 'utf8').catch(() => null),
    stat(path).catch(() => null),
  ]);
  const parsed = recordSchema.safeParse(text === null ? null : parsedJson(text));
  if (!parsed.success || info === null) return null;
  return {
    record: parsed.data,
    alive: isLiving(markedIn(parsed.data), info.mtimeMs),
  };
}

/** The points of a training from a byte of the file on, and the byte behind the last whole one. */
export async function readPoints(
  directory: string,
  from = 0,
): Promise<{ readonly points: readonly Point[]; readonly end: number }> {
  const bytes = await readFile(join(directory, progressFile)).catch(() => null);
  // Shorter than before: it was begun anew after a resume.
  if (bytes === null || bytes.length < from) return { points: [], end: 0 };
  const end = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.subarray(from, Math.max(from, end)).toString('utf8').split('\n');
  return { points: lines.flatMap(pointOf), end: Math.max(from, end) };
}

function pointOf(line: string): Point[] {
  const parsed = pointSchema.safeParse(parsedJson(line));
  return parsed.success ? [parsed.data] : [];
}

/** A training that goes on from an earlier checkpoint takes the steps after it again. */
function dropPointsFrom(directory: string, step: number): void {
  const path = join(directory, progressFile);
  const lines = readFileSync(path, 'utf8').split('\n').flatMap(pointOf);
  const kept = lines.filter((point) => point.step < step);
  if (kept.length === lines.length) return;
  exchange(path, kept.map((point) => `${JSON.stringify(point)}\n`).join(''));
}

function touch(path: string): void {
  statSync(path);
  const now = new Date();
  utimesSync(path, now, now);
}

/** A record that cannot be written must not end the training that it is about. */
function quietly(write: () => void): void {
  try {
    write();
  } catch {
    // The checkpoint's own writing says so where the disk is full.
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
