/**
 * Trainings: started, watched and steered. Each runs in a process of its own and is known by its directory, so that it
 * outlives the page and the server. Those started from the command line with a directory there are listed too.
 *
 * `pause` saves a training's state and ends its process; `stop` ends the process at once, and the last checkpoint stays.
 * @module
 */
import { z } from 'zod';
import { decoderRecipe, modelRecipe, taskNamed } from '../../studies/index.js';
import { count, nameSchema, seedSchema } from '../fields.js';
import { notFound } from '../faults.js';
import { problemSchema } from '../problems.js';
import { type Call, type Emitted, type EventOf, verbsOf } from '../verb.js';

/**
 * - `starting`: no step has been taken. `running`. `pausing`: it finishes its step and saves.
 * - `paused`: it can be resumed. `stopped`: ended by a person; it can be resumed from its last checkpoint, if it has one.
 * - `interrupted`: its process is gone without an end (killed, power cut); as `stopped`.
 * - `failed`: `message` says why. `finished`: the directory holds the trained files.
 */
const trainingStateSchema = z.enum([
  'starting',
  'running',
  'pausing',
  'paused',
  'stopped',
  'interrupted',
  'failed',
  'finished',
]);

/** How a training stands. */
export type TrainingState = z.infer<typeof trainingStateSchema>;

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
  figures: z.record(z.string(), z.number()).readonly(),
  /** The ref of its directory (`runs/NAME`), for case ids, once finished. */
  ref: z.string().nullable(),
});
export type Training = z.infer<typeof trainingSchema>;

/** A point of the curves: mean loss since the last one. `figures` after an evaluation. */
const trainingPointSchema = z.object({
  step: count,
  loss: z.number(),
  seconds: z.number(),
  figures: z.record(z.string(), z.number()).readonly().optional(),
});
export type TrainingPoint = z.infer<typeof trainingPointSchema>;

/** A training with its curves (thinned to some hundred points; every evaluation is kept) and its recipe. */
export const trainingDetailSchema = trainingSchema.extend({
  points: z.array(trainingPointSchema),
  recipe: z.unknown(),
});
export type TrainingDetail = z.infer<typeof trainingDetailSchema>;

/** Answer of `GET /api/trainings`: newest first. */
export const trainingListSchema = z.object({ trainings: z.array(trainingSchema) });

/** Body of `POST /api/trainings`. */
const startRequestSchema = z
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
export type StartRequest = z.input<typeof startRequestSchema>;

/** Events of a watched training: `training` first and whenever anything but the step changes, `points` as they come. */
export const trainingEventSchemas = {
  training: trainingDetailSchema,
  /** What is new since the last event. */
  points: z.object({ training: trainingSchema, points: z.array(trainingPointSchema) }),
  error: problemSchema,
};
export type TrainingEvent = EventOf<typeof trainingEventSchemas>;

/** A training as its files have it, and with its curves and recipe. */
export type RecordedTraining = Omit<Training, 'ref'>;
export type DetailedTraining = RecordedTraining & {
  readonly points: readonly TrainingPoint[];
  readonly recipe: unknown;
};

/** What is to be trained; fields that are left out are the recipe's. */
export type TrainingOrder = Omit<z.output<typeof startRequestSchema>, 'model'> & {
  /** Directory of the probed model of a decoder's training; the shipped one unless given. */
  readonly modelDirectory?: string | undefined;
};

/** Where trainings run. */
export interface Trainings {
  /** Newest first. */
  list(): Promise<RecordedTraining[]>;
  /** @returns null when there is none of that name */
  find(name: string): Promise<DetailedTraining | null>;
  /** @throws ConflictError while another one runs or when the name is taken */
  start(order: TrainingOrder): Promise<RecordedTraining>;
  /** Saves its state and ends the process. @throws ConflictError when it does not run */
  pause(name: string): Promise<RecordedTraining>;
  /** @throws ConflictError when it cannot be gone on with, or another one runs */
  resume(name: string): Promise<RecordedTraining>;
  /** Ends the process at once. @throws ConflictError when it does not run */
  stop(name: string): Promise<RecordedTraining>;
  /** A word that changes whenever a training does. */
  stamp(name: string): Promise<string>;
  /** The directory of a probed model by its ref. @throws InputError when there is none */
  modelDirectory(ref: string): Promise<string>;
}

/** Milliseconds between looks at the files of a watched training. */
const checkEvery = 500;
/** Looks after which a training is read even if its files are as they were. */
const checksBetween = 4;
/** Points of a curve; evaluations come on top. */
const mostPoints = 400;

async function need(trainings: Trainings, name: string): Promise<DetailedTraining> {
  const found = await trainings.find(name);
  if (found === null) throw notFound(`There is no training ${name}.`);
  return found;
}

/** Whether a process is at it. */
export const isRunning = (state: Training['state']): boolean =>
  state === 'starting' || state === 'running' || state === 'pausing';

async function watch(
  trainings: Trainings,
  name: string,
  { emit, signal }: Call<Emitted<typeof trainingEventSchemas>>,
): Promise<void> {
  let sent = -1;
  let last = '';
  let stamp = '';
  for (let check = 0; ; check++) {
    const now = await trainings.stamp(name);
    // A process that is killed changes no file.
    const training = now === stamp && check % checksBetween !== 0 ? null : await need(trainings, name);
    stamp = now;
    if (training !== null) {
      const { step: _s, seconds: _t, left: _l, loss: _o, ...rest } = listed(training);
      const head = JSON.stringify(rest);
      const points = training.points.filter(({ step }) => step > sent).map(pointOf);
      if (head !== last) emit({ event: 'training', data: inDetail(training) });
      else if (points.length > 0) emit({ event: 'points', data: { training: listed(training), points } });
      last = head;
      sent = training.points.at(-1)?.step ?? sent;
      if (!isRunning(training.state)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, checkEvery));
    signal.throwIfAborted();
  }
}

/** A training as a list shows it. */
const listed = ({
  points: _points,
  recipe: _recipe,
  ...training
}: RecordedTraining & Partial<DetailedTraining>): Training => ({
  ...training,
  ref: training.state === 'finished' ? `runs/${training.name}` : null,
});

const inDetail = (training: DetailedTraining): TrainingDetail => ({
  ...listed(training),
  points: thinned(training.points),
  recipe: training.recipe,
});

const pointOf = ({ step, loss, seconds, figures }: TrainingPoint): TrainingPoint => ({
  step,
  loss,
  seconds,
  ...(figures === undefined ? {} : { figures }),
});

/** Curves of at most some hundred points: neighbours become their mean, evaluations stay. */
function thinned(points: readonly TrainingPoint[]): TrainingPoint[] {
  const together = Math.ceil(points.length / mostPoints);
  const thin: TrainingPoint[] = [];
  let [sum, count] = [0, 0];
  for (const point of points) {
    sum += point.loss;
    count += 1;
    if (count < together && point.figures === undefined && point !== points.at(-1)) continue;
    thin.push({ ...pointOf(point), loss: sum / count });
    [sum, count] = [0, 0];
  }
  return thin;
}

const verb = verbsOf<{ readonly trainings: Trainings }>();
const address = z.object({ name: nameSchema });

/** See the module. */
export const trainingVerbs = {
  trainings: verb({
    answer: trainingListSchema,
    run: async (_, { trainings }) => ({ trainings: (await trainings.list()).map(listed) }),
  }),

  training: verb({
    address,
    answer: trainingDetailSchema,
    run: async ({ name }, { trainings }) => inDetail(await need(trainings, name)),
  }),

  startTraining: verb({
    body: startRequestSchema,
    answer: trainingSchema,
    async run({ model, ...order }, { trainings }) {
      const { name: task } = taskNamed(order.task);
      // Unknown presets are reported before a process is started for them.
      if (order.kind === 'model') modelRecipe(task, order.preset);
      else decoderRecipe(task, order.preset);
      const modelDirectory = model === undefined ? undefined : await trainings.modelDirectory(model);
      return listed(await trainings.start({ ...order, modelDirectory }));
    },
  }),

  steerTraining: verb({
    address: address.extend({ what: z.enum(['pause', 'resume', 'stop']) }),
    answer: trainingSchema,
    async run({ name, what }, { trainings }) {
      await need(trainings, name);
      return listed(await trainings[what](name));
    },
  }),

  watchTraining: verb({
    address,
    events: trainingEventSchemas,
    open: ({ name }, { trainings }) => need(trainings, name),
    run: ({ name }, { trainings }, call) => watch(trainings, name, call),
  }),
};
