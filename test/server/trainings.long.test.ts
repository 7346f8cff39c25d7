/**
 * Trainings from the page: each a process of its own, which outlives the page and the server, and is found again by its
 * files.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../src/jobs/process-mark.js';
import { readRecord } from '../../src/jobs/training-record.js';
import {
  type TrainingEvent,
  trainingDetailSchema,
  trainingEventSchemas,
  trainingListSchema,
  trainingSchema,
} from '../../src/workbench/verbs/trainings.js';
import { type TestServer, ask, gathered, json, problemIn, startTestServer } from './start.js';

let server: TestServer;
let runs: string;
beforeAll(async () => {
  server = await startTestServer();
  runs = join(server.folder, 'runs');
});
afterAll(async () => {
  for (const { name, state } of (await server.client.trainings()).trainings)
    if (['starting', 'running', 'pausing'].includes(state)) await server.client.steerTraining(name, 'stop');
  await server.dispose();
});

/** A training begins with a process that starts: on a machine that is busy this takes a while. */
const minutes = (count: number): number => count * 60_000;

/** Watches until a condition holds; leaving closes the request. */
async function watchUntil(name: string, holds: (event: TrainingEvent) => boolean): Promise<TrainingEvent> {
  for await (const event of server.client.watchTraining(name)) {
    expect(trainingEventSchemas[event.event].parse(event.data)).toEqual(event.data);
    if (holds(event)) return event;
  }
  throw new Error(`${name} ended before`);
}

const stepOf = ({ event, data }: TrainingEvent): number =>
  event === 'points' ? data.training.step : event === 'training' ? data.step : 0;

describe('a training', () => {
  it(
    'starts, is watched, pauses, outlives two servers, goes on and stops',
    async () => {
      const { client } = server;
      const order = { kind: 'model', task: 'addition', batch: 8, steps: 1_000_000, seed: 5 } as const;
      const started = trainingSchema.parse(await client.startTraining(order));
      expect(started).toMatchObject({
        name: 'addition-model',
        state: 'starting',
        kind: 'model',
        seed: 5,
        steps: 1_000_000,
      });

      // Another one has to wait.
      await expect(client.startTraining({ ...order, task: 'counting' })).rejects.toMatchObject({
        status: 409,
        code: 'conflict',
        message: expect.stringMatching(/^The training addition-model is running/),
      });

      await watchUntil('addition-model', (event) => stepOf(event) > 0);
      const pid = (await readRecord(join(runs, 'addition-model')))?.record.pid ?? 0;
      expect(isAlive(pid)).toBe(true);
      expect(pid).not.toBe(process.pid);

      // The server goes, the training stays.
      server = await server.restart();
      const listed = trainingListSchema.parse(await server.client.trainings()).trainings;
      expect(listed).toMatchObject([{ name: 'addition-model', state: 'running', resumable: false }]);
      expect(isAlive(pid)).toBe(true);
      await expect(server.client.steerTraining('addition-model', 'resume')).rejects.toMatchObject({
        status: 409,
      });

      const watched = gathered(server.client.watchTraining('addition-model'));
      expect(await server.client.steerTraining('addition-model', 'pause')).toMatchObject({
        name: 'addition-model',
      });
      expect((await watched).at(-1)).toMatchObject({
        event: 'training',
        data: { state: 'paused', resumable: true },
      });
      const paused = trainingDetailSchema.parse(await server.client.training('addition-model'));
      expect(paused.points.length).toBeGreaterThan(0);
      expect(paused.recipe).toMatchObject({ task: 'addition', batch: 8 });
      expect(existsSync(join(runs, 'addition-model', 'checkpoint.safetensors'))).toBe(true);
      await expect(server.client.steerTraining('addition-model', 'pause')).rejects.toMatchObject({
        status: 409,
      });

      // The next server finds it paused.
      server = await server.restart();
      expect((await server.client.trainings()).trainings).toMatchObject([
        { state: 'paused', step: paused.step },
      ]);
      await server.client.steerTraining('addition-model', 'resume');
      await watchUntil('addition-model', (event) => stepOf(event) > paused.step);
      const again = (await readRecord(join(runs, 'addition-model')))?.record.pid ?? 0;
      expect(again).not.toBe(pid);
      expect(await server.client.steerTraining('addition-model', 'stop')).toMatchObject({
        state: 'stopped',
        resumable: true,
      });
      expect(isAlive(again)).toBe(false);
      // Steps after the checkpoint are taken again, and told once.
      const steps = (await server.client.training('addition-model')).points.map(({ step }) => step);
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    },
    minutes(4),
  );

  it(
    'that is killed is interrupted, and can be resumed',
    async () => {
      await server.client.steerTraining('addition-model', 'resume');
      await watchUntil('addition-model', ({ event }) => event === 'points');
      const pid = (await readRecord(join(runs, 'addition-model')))?.record.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      await watchUntil(
        'addition-model',
        ({ event, data }) => event === 'training' && data.state === 'interrupted',
      );
      expect(await server.client.training('addition-model')).toMatchObject({
        resumable: true,
        message: null,
      });
    },
    minutes(4),
  );

  it(
    'ends with a model that a case can be made of',
    async () => {
      const { name } = await server.client.startTraining({
        kind: 'model',
        task: 'addition',
        batch: 8,
        steps: 2,
        name: 'tiny',
      });
      const events = await gathered(server.client.watchTraining(name));
      expect(events.at(-1)).toMatchObject({
        event: 'training',
        data: {
          state: 'finished',
          step: 2,
          steps: 2,
          ref: 'runs/tiny',
          figures: { accuracy: expect.any(Number) },
        },
      });
      const { directories } = await server.client.cases();
      expect(directories).toContainEqual({
        ref: 'runs/tiny',
        kind: 'model',
        task: 'addition',
        modelHash: expect.any(String),
      });
      const own = await server.client.case('addition~runs/tiny~');
      expect(own.model?.name).toBe('runs/tiny');
      expect(own.unavailable).toMatch(/was trained on/);
      expect(await server.client.inspect({ case: own.id, input: '1' })).toMatchObject({ ok: true });
      await expect(
        server.client.startTraining({ kind: 'model', task: 'addition', name: 'tiny' }),
      ).rejects.toMatchObject({ status: 409, message: 'tiny is there already: choose another name.' });
    },
    minutes(4),
  );

  it(
    'of a decoder is of the model that it is told',
    async () => {
      const order = {
        kind: 'decoder',
        task: 'addition',
        steps: 1_000_000,
        batch: 8,
        model: 'models/addition-model',
      } as const;
      const { name } = await server.client.startTraining(order);
      await watchUntil(name, (event) => stepOf(event) > 0);
      await server.client.steerTraining(name, 'pause');
      await gathered(server.client.watchTraining(name));
      const seen = await readRecord(join(runs, name));
      expect(seen?.record).toMatchObject({
        kind: 'decoder',
        model: join(server.folder, 'models', 'addition-model'),
      });
      await server.client.steerTraining(name, 'resume');
      await watchUntil(name, ({ event }) => event === 'points');
      await server.client.steerTraining(name, 'stop');
    },
    minutes(4),
  );

  it(
    'that fails says why',
    async () => {
      // A decoder's model is read before the directory is made.
      mkdirSync(join(server.folder, 'models', 'broken'));
      writeFileSync(join(server.folder, 'models', 'broken', 'config.json'), '{}');
      writeFileSync(join(server.folder, 'models', 'broken', 'model.safetensors'), '');
      await expect(
        server.client.startTraining({ kind: 'decoder', task: 'addition', model: 'models/broken' }),
      ).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/config\.json/) });
      expect((await server.client.trainings()).trainings.some(({ state }) => state === 'running')).toBe(
        false,
      );
    },
    minutes(4),
  );
});

describe('an order', () => {
  it.each([
    [{ kind: 'pudding', task: 'addition' }, /kind/],
    [{ kind: 'model', task: 'subtraction' }, /^Unknown task/],
    [{ kind: 'model', task: 'addition', preset: 'slow' }, /^Unknown preset "slow"/],
    [{ kind: 'model', task: 'addition', seed: -1 }, /seed/],
    [{ kind: 'model', task: 'addition', steps: 0 }, /steps/],
    [{ kind: 'model', task: 'addition', learningRate: 0 }, /learningRate/],
    [{ kind: 'model', task: 'addition', name: '../up' }, /name/],
    [{ kind: 'model', task: 'addition', name: '--out' }, /name/],
    [{ kind: 'decoder', task: 'addition', model: '/etc' }, /^There is no model/],
    [{ kind: 'decoder', task: 'addition', model: 'models/..' }, /^There is no model/],
    [{ kind: 'model', task: 'addition', model: 'models/addition-model' }, /takes no model/],
    [{ kind: 'model', task: 'addition', out: '/tmp' }, /Unrecognized key/],
  ])('%j is refused', async (body, message) => {
    const answer = await ask(server, 'POST', '/api/trainings', json, JSON.stringify(body));
    expect(answer.status).toBe(400);
    expect(problemIn(answer).message).toMatch(message);
  });

  it('for what there is not is refused', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/watch'],
      ['POST', '/pause'],
      ['POST', '/resume'],
      ['POST', '/stop'],
    ] as const) {
      const body = method === 'POST' ? '{}' : undefined;
      const answer = await ask(
        server,
        method,
        `/api/trainings/nothing${path}`,
        body === undefined ? {} : json,
        body,
      );
      expect([path, answer.status]).toEqual([path, 404]);
      const up = await ask(
        server,
        method,
        `/api/trainings/..%2f..%2fetc${path}`,
        body === undefined ? {} : json,
        body,
      );
      expect([path, up.status]).toEqual([path, 400]);
    }
  });
});

it('a training of the command line is listed by its files, and begun anew where it has no checkpoint', async () => {
  mkdirSync(join(runs, 'by-hand'));
  const recipe = readFileSync(join(runs, 'tiny', 'recipe.json'), 'utf8');
  writeFileSync(join(runs, 'by-hand', 'recipe.json'), recipe);
  mkdirSync(join(runs, 'junk'));
  writeFileSync(join(runs, 'junk', 'recipe.json'), '{');
  const { trainings } = await server.client.trainings();
  expect(trainings.find(({ name }) => name === 'by-hand')).toMatchObject({
    state: 'interrupted',
    resumable: true,
    step: 0,
  });
  expect(trainings.some(({ name }) => name === 'junk')).toBe(false);
  await server.client.steerTraining('by-hand', 'resume');
  const events = await gathered(server.client.watchTraining('by-hand'));
  expect(events.at(-1)?.data).toMatchObject({ state: 'finished', step: 2 });
});
