/**
 * Trainings: started, watched and steered. They belong to their directories and not to this server.
 * @module
 */
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import {
  type Training as ToldTraining,
  type TrainingDetail,
  type TrainingPoint,
  nameSchema,
  startRequestSchema,
} from '../contract/index.js';
import { type Point } from '../../jobs/training-record.js';
import { type DetailedTraining, type Training, isRunning } from '../../jobs/training-status.js';
import { decoderRecipe, modelRecipe, taskNamed } from '../../studies/index.js';
import { eventStream } from '../event-stream.js';
import { notFound } from '../problems.js';
import { type Services } from '../services.js';
import { inAddress, jsonBody, smallBody } from './json-body.js';

const nameParam = z.object({ name: nameSchema });
/** Milliseconds between looks at the files of a watched training. */
const lookEvery = 500;
/** Looks after which a training is read even if its files are as they were. */
const looksBetween = 4;
/** Points of a curve; evaluations come on top. */
const mostPoints = 400;

/** The routes. */
export function trainingRoutes({ trainings, workbench, closing }: Services): Hono {
  const app = new Hono();
  const need = async (name: string): Promise<DetailedTraining> => {
    const found = await trainings.find(name);
    if (found === null) throw notFound(`There is no training ${name}.`);
    return found;
  };

  app.get('/trainings', async (c) => c.json({ trainings: (await trainings.list()).map(told) }));
  app.post('/trainings', smallBody, jsonBody(startRequestSchema), async (c) => {
    const { model, ...order } = c.req.valid('json');
    const { name: task } = taskNamed(order.task);
    // Unknown presets are told before a process is started for them.
    if (order.kind === 'model') modelRecipe(task, order.preset);
    else decoderRecipe(task, order.preset);
    const modelDirectory =
      model === undefined ? undefined : await workbench.call('modelDirectory', model, { signal: closing });
    return c.json(told(await trainings.start(given({ ...order, modelDirectory }))), 201);
  });
  app.get('/trainings/:name', inAddress('param', nameParam), async (c) =>
    c.json(inDetail(await need(c.req.valid('param').name))),
  );
  for (const what of ['pause', 'resume', 'stop'] as const) {
    app.post(`/trainings/:name/${what}`, smallBody, inAddress('param', nameParam), async (c) => {
      const { name } = c.req.valid('param');
      await need(name);
      return c.json(told(await trainings[what](name)));
    });
  }
  app.get('/trainings/:name/watch', inAddress('param', nameParam), async (c) => {
    const { name } = c.req.valid('param');
    await need(name);
    return eventStream([c.req.raw.signal, closing], async (send, signal) => {
      let sent = -1;
      let last = '';
      let stamp = '';
      for (let look = 0; ; look++) {
        const now = await stampOf(trainings.directory(name));
        // A process that is killed changes no file.
        const training = now === stamp && look % looksBetween !== 0 ? null : await need(name);
        stamp = now;
        if (training !== null) {
          const { step: _s, seconds: _t, left: _l, loss: _o, ...rest } = told(training);
          const head = JSON.stringify(rest);
          const points = training.points.filter(({ step }) => step > sent).map(pointOf);
          if (head !== last) send('training', JSON.stringify(inDetail(training)));
          else if (points.length > 0) send('points', JSON.stringify({ training: told(training), points }));
          last = head;
          sent = training.points.at(-1)?.step ?? sent;
          if (!isRunning(training.state)) return;
        }
        await delay(lookEvery, undefined, { signal });
      }
    });
  });
  return app;
}

/** A word that changes whenever the training does; its record's time passes while its process lives. */
async function stampOf(directory: string): Promise<string> {
  const times = ['run.json', 'progress.jsonl', 'provenance.json'].map((file) =>
    stat(join(directory, file)).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => '-',
    ),
  );
  return (await Promise.all(times)).join(' ');
}

/** An order without the fields that were left out. */
const given = <T extends object>(order: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(order).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

const told = (training: Training): ToldTraining => {
  const {
    name,
    kind,
    task,
    preset,
    seed,
    state,
    message,
    resumable,
    step,
    steps,
    seconds,
    left,
    loss,
    figures,
  } = training;
  const ref = state === 'finished' ? `runs/${name}` : null;
  const shown = {
    name,
    kind,
    task,
    preset,
    seed,
    state,
    message,
    resumable,
    step,
    steps,
    seconds,
    left,
    loss,
  };
  return { ...shown, figures: { ...figures }, ref };
};

const inDetail = (training: DetailedTraining): TrainingDetail => ({
  ...told(training),
  points: thinned(training.points),
  recipe: training.recipe,
});

const pointOf = ({ step, loss, seconds, figures }: Point): TrainingPoint => ({
  step,
  loss,
  seconds,
  ...(figures === undefined ? {} : { figures }),
});

/** Curves of at most some hundred points: neighbours become their mean, evaluations stay. */
function thinned(points: readonly Point[]): TrainingPoint[] {
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
