/**
 * Trainings: each runs in a process of its own and is known by its directory under the runs folder, so that it outlives
 * the page and the server. Those started from the command line with a directory there are listed too.
 *
 *     GET  /api/trainings                 -> TrainingList
 *     POST /api/trainings  StartRequest   -> Training      (201; 409 while another one is running)
 *     GET  /api/trainings/:name           -> TrainingDetail
 *     GET  /api/trainings/:name/watch     -> events of TrainingEvents (until it ends or the request is closed)
 *     POST /api/trainings/:name/pause     -> Training      (saves its state and ends the process)
 *     POST /api/trainings/:name/resume    -> Training
 *     POST /api/trainings/:name/stop      -> Training      (ends the process at once; the last checkpoint stays)
 * @module
 */
import { z } from 'zod';
import { seedSchema } from './cases.js';
import { nameSchema } from './saved.js';
import { problemSchema } from './problems.js';

const count = z.number().int().nonnegative();

/**
 * - `starting`: no step has been taken. `running`. `pausing`: it finishes its step and saves.
 * - `paused`: it can be resumed. `stopped`: ended by a person; it can be resumed from its last checkpoint, if it has one.
 * - `interrupted`: its process is gone without an end (killed, power cut); as `stopped`.
 * - `failed`: `message` says why. `finished`: the directory holds the trained files.
 */
export const trainingStateSchema = z.enum([
  'starting',
  'running',
  'pausing',
  'paused',
  'stopped',
  'interrupted',
  'failed',
  'finished',
]);

/** A training as the list shows it. */
export const trainingSchema = z.object({
  name: z.string(),
  kind: z.enum(['model', 'decoder']),
  task: z.string(),
  preset: z.string(),
  seed: z.number(),
  state: trainingStateSchema,
  message: z.string().nullable(),
  /** Whether `resume` can be asked. */
  resumable: z.boolean(),
  step: count,
  steps: count,
  /** Seconds of work so far. */
  seconds: z.number(),
  /** Seconds to go, from the rate so far; null before the first steps. */
  left: z.number().nullable(),
  /** Mean training loss of the last second or so. */
  loss: z.number().nullable(),
  /** The last figures measured: `accuracy` of a model; `rate` of a decoder (mean in-preimage rate) and one a site (`a0.3`). */
  figures: z.record(z.string(), z.number()),
  /** The ref of its directory (`runs/NAME`), for case ids, once finished. */
  ref: z.string().nullable(),
});
/** A training as the list shows it. */
export type Training = z.infer<typeof trainingSchema>;

/** A point of the curves: mean loss since the last one. `figures` after an evaluation. */
export const trainingPointSchema = z.object({
  step: count,
  loss: z.number(),
  seconds: z.number(),
  figures: z.record(z.string(), z.number()).optional(),
});
/** A point of the curves. */
export type TrainingPoint = z.infer<typeof trainingPointSchema>;

/** A training with its curves (thinned to some hundred points; every evaluation is kept) and its recipe. */
export const trainingDetailSchema = trainingSchema.extend({
  points: z.array(trainingPointSchema),
  recipe: z.unknown(),
});
/** A training with its curves. */
export type TrainingDetail = z.infer<typeof trainingDetailSchema>;

/** Answer of `GET /api/trainings`: newest first. */
export const trainingListSchema = z.object({ trainings: z.array(trainingSchema) });
/** Answer of `GET /api/trainings`. */
export type TrainingList = z.infer<typeof trainingListSchema>;

/** Body of `POST /api/trainings`. */
export const startRequestSchema = z
  .strictObject({
    kind: z.enum(['model', 'decoder']),
    task: z.string().max(100),
    preset: z.string().max(100).default('fast'),
    seed: seedSchema.max(0xffffffff).default(0),
    /** The recipe's unless given. */
    steps: z.number().int().min(1).max(10_000_000).optional(),
    batch: z.number().int().min(1).max(100_000).optional(),
    learningRate: z.number().positive().max(10).optional(),
    /** Ref of the probed model of a decoder's training; the shipped one unless given. */
    model: z.string().max(300).optional(),
    /** Name of the directory; `addition-decoder`, `addition-decoder-2` … unless given. */
    name: nameSchema.optional(),
  })
  .refine(({ kind, model }) => kind === 'decoder' || model === undefined, {
    path: ['model'],
    message: 'a training of a model takes no model',
  });
/** Body of `POST /api/trainings`. */
export type StartRequest = z.input<typeof startRequestSchema>;

/** Events of a watched training: `training` first and whenever anything but the step changes, `points` as they come. */
export const trainingEventSchemas = {
  training: trainingDetailSchema,
  /** What is new since the last event. */
  points: z.object({ training: trainingSchema, points: z.array(trainingPointSchema) }),
  error: problemSchema,
};
