/**
 * Trainings as a server handles them: each a process of this package's own command line with a directory under one
 * folder, known by the files in it alone. So they go on when the server ends, and the next one finds them again.
 * @module
 */
import { spawn } from 'node:child_process';
import { open, readFile, readdir, stat } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../input-error.js';
import {
  type DetailedTraining,
  type RecordedTraining as Training,
  type Trainings,
  isRunning,
} from '../workbench/verbs/trainings.js';
import { ConflictError } from './conflict-error.js';
import { commandLine } from './entry-points.js';
import { makeDirectory } from './files.js';
import { isAlive } from './process-mark.js';
import { holderOf } from './run-hold.js';
import { type TrainingRecord, putRecord, readRecord, recordedProcess } from './training-record.js';
import { type Child, statusOf, statuses, withoutCurves } from './training-status.js';

/** What is taken of a run that left no record. */
const unknownRun = { model: null, processing: 'transformerlens' } as const;

/** Trainings under a folder, which is made when the first one starts. */
export function createTrainings(folder: string): Omit<Trainings, 'modelDirectory'> {
  const children = new Map<string, Child>();
  const directory = (name: string): string => join(folder, name);
  const logFile = (name: string): string => join(folder, `${name}.log`);
  const find = (name: string): Promise<DetailedTraining | null> => statusOf(folder, name, children.get(name));
  const list = (): Promise<Training[]> => statuses(folder, children);

  /** Orders come one after another: two at once must not both find that nothing runs. */
  let before: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const own = before.then(work, work);
    before = own.catch(() => undefined);
    return own;
  }

  async function expectNoneRunning(): Promise<void> {
    const busy = (await list()).find(({ state }) => isRunning(state));
    const starting = [...children].find(([, child]) => !child.ended && isAlive(child.pid))?.[0];
    const name = busy?.name ?? starting;
    if (name !== undefined)
      throw new ConflictError(`The training ${name} is running: pause or stop it, or wait for its end.`);
  }

  async function launch(
    name: string,
    about: Pick<TrainingRecord, 'kind' | 'model' | 'processing'>,
    args: readonly string[],
  ): Promise<Training> {
    await makeDirectory(folder);
    const log = await open(logFile(name), 'w');
    try {
      const spawned = spawn(process.execPath, commandLine(args), {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        windowsHide: true,
      });
      const child: Child = { pid: await pidOf(spawned), failure: null, ended: false };
      children.set(name, child);
      yieldTo(child.pid);
      spawned.unref();
      spawned.once('exit', (code, signal) => {
        void readFile(logFile(name), 'utf8')
          .catch(() => '')
          .then((text) => {
            if (signal === null && code !== 0 && code !== 130) child.failure = failureIn(text, code);
            child.ended = true;
          });
      });
      await begun(name, child);
      // The training's own record begins with its first step; a server that starts before then must know of it.
      const seen = await readRecord(directory(name));
      const holder = await holderOf(directory(name));
      if (seen?.record.pid !== child.pid && (holder ?? child).pid === child.pid)
        putRecord(directory(name), {
          ...about,
          ...recordedProcess(child.pid),
          state: 'running',
          message: null,
        });
      return withoutCurves(await need(name));
    } finally {
      await log.close();
    }
  }

  /** Waits until the training's directory is there, so that the next look finds it. */
  async function begun(name: string, child: Child): Promise<void> {
    for (;;) {
      const ended = child.ended;
      if ((await find(name)) !== null) return;
      if (ended) throw new InputError(child.failure ?? `The training ${name} ended before it began.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function need(name: string): Promise<DetailedTraining> {
    const found = await find(name);
    if (found === null) throw new InputError(`There is no training ${name}.`);
    return found;
  }

  async function pidFor(name: string): Promise<number> {
    const { state } = await need(name);
    const seen = await readRecord(directory(name));
    const own = children.get(name);
    const pid = (await holderOf(directory(name)))?.pid ?? (own?.ended === false ? own.pid : seen?.record.pid);
    if (!isRunning(state) || pid === undefined)
      throw new ConflictError(`The training ${name} does not run: it is ${state}.`);
    return pid;
  }

  async function freeName(order: Parameters<Trainings['start']>[0]): Promise<string> {
    const taken = new Set(await readdir(folder).catch(() => []));
    if (order.name !== undefined) {
      if (taken.has(order.name))
        throw new ConflictError(`${order.name} is there already: choose another name.`);
      return order.name;
    }
    const base = `${order.task}-${order.kind}`;
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base}-${number}`;
      if (!taken.has(name)) return name;
    }
  }

  return {
    list,
    find,
    stamp: (name) => stampOf(directory(name)),
    start: (order) =>
      inTurn(async () => {
        await expectNoneRunning();
        const name = await freeName(order);
        const option = (flag: string, value: number | string | undefined): string[] =>
          value === undefined ? [] : [flag, String(value)];
        const model = order.kind === 'decoder' ? order.modelDirectory : undefined;
        const about = { kind: order.kind, model: model ?? null, processing: 'transformerlens' as const };
        return launch(name, about, [
          `train-${order.kind}`,
          order.task,
          ...option('--out', directory(name)),
          ...option('--preset', order.preset),
          ...option('--seed', order.seed),
          ...option('--steps', order.steps),
          ...option('--batch', order.batch),
          ...option('--learning-rate', order.learningRate),
          ...option('--model', model),
        ]);
      }),
    pause: (name) =>
      inTurn(async () => {
        const { state } = await need(name);
        if (state === 'starting')
          throw new ConflictError(`The training ${name} has not taken a step yet: wait for it, or stop it.`);
        process.kill(await pidFor(name), 'SIGTERM');
        return withoutCurves(await need(name));
      }),
    resume: (name) =>
      inTurn(async () => {
        const { kind, state, resumable } = await need(name);
        if (!resumable) {
          const why =
            state === 'finished' || isRunning(state) ? `it is ${state}` : 'its checkpoint is damaged';
          throw new ConflictError(`The training ${name} cannot be gone on with: ${why}.`);
        }
        await expectNoneRunning();
        const seen = await readRecord(directory(name));
        const { model, processing } = seen?.record ?? unknownRun;
        const given = model === null ? [] : ['--model', model];
        return launch(name, { kind, model, processing }, [
          `train-${kind}`,
          '--resume',
          directory(name),
          ...(kind === 'decoder' ? [...given, '--processing', processing] : []),
        ]);
      }),
    stop: (name) =>
      inTurn(async () => {
        const pid = await pidFor(name);
        process.kill(pid, 'SIGKILL');
        const own = children.get(name);
        const isLeaving = (): boolean => isAlive(pid) || (own?.pid === pid && !own.ended);
        while (isLeaving()) await new Promise((resolve) => setTimeout(resolve, 20));
        const seen = await readRecord(directory(name));
        const { kind } = await need(name);
        putRecord(directory(name), {
          ...(seen?.record ?? unknownRun),
          kind,
          ...recordedProcess(pid),
          state: 'stopped',
          message: null,
        });
        return withoutCurves(await need(name));
      }),
  };
}

/** A word that changes whenever a training does; its record's time passes while its process lives. */
async function stampOf(path: string): Promise<string> {
  const times = ['run.json', 'progress.jsonl', 'provenance.json'].map((file) =>
    stat(join(path, file)).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => '-',
    ),
  );
  return (await Promise.all(times)).join(' ');
}

/** The number of a process that has started. */
function pidOf(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      if (child.pid === undefined) reject(new Error('a process without a number'));
      else resolve(child.pid);
    });
  });
}

/** A training takes what processor time the readings leave. */
function yieldTo(pid: number): void {
  try {
    setPriority(pid, 10);
  } catch {
    // It is only slower to read beside it.
  }
}

/** The command line's own sentence, or the end of what it printed. */
function failureIn(log: string, code: number | null): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const said = lines.findLast((line) => line.startsWith('inversionview: '));
  return (
    said?.slice('inversionview: '.length) ?? lines.at(-1) ?? `Its process ended with ${code ?? 'a signal'}.`
  );
}
