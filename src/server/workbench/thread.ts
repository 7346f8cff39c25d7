/**
 * The server's end of the workbench: calls become messages. A thread that dies takes the calls it had with it; the next
 * call starts another.
 * @module
 */
import { type Worker } from 'node:worker_threads';
import { startWorker } from '../../jobs/entry-points.js';
import { type Folders } from './directories.js';
import { type Reach } from './model-shelf.js';
import { type Problem } from '../contract/index.js';
import { ProblemError } from './problem-error.js';
import { type Reply, type Request, stopped } from './protocol.js';
import { type Workbench } from './workbench.js';

/** How a call is followed and stopped. */
export interface Following {
  /** Events on the way; `json` is their data. */
  readonly onEvent?: (event: string, json: string) => void;
  readonly signal?: AbortSignal;
}

/** A workbench in another thread. */
export interface WorkbenchThread {
  /** The result as JSON text. @throws ProblemError; the signal's reason once the work has stopped */
  json<M extends keyof Workbench>(
    method: M,
    argument: Parameters<Workbench[M]>[0],
    following?: Following,
  ): Promise<string>;
  /** The result. */
  call<M extends keyof Workbench>(
    method: M,
    argument: Parameters<Workbench[M]>[0],
    following?: Following,
  ): Promise<Awaited<ReturnType<Workbench[M]>>>;
  /** Stops all calls and waits for the end of what cannot be stopped. */
  close(): Promise<void>;
}

interface Pending {
  readonly resolve: (json: string) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: (event: string, json: string) => void;
}

/** How a workbench's thread is set up. */
export interface WorkbenchOptions {
  readonly folders: Folders;
  /** Where models come from that no case is made of; without it the hub by the environment, and no paths. */
  readonly reach?: Reach;
  /** Folder of passes over all inputs; without one none is kept between runs. */
  readonly cache?: string | null;
  /** Threads of one operator; null for one a processor. */
  readonly threads: number | null;
}

/** A thread with the calls that it has not answered. */
interface Running {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/** Starts the thread at the first call. */
export function workbenchThread(options: WorkbenchOptions): WorkbenchThread {
  let running: Running | null = null;
  let closed = false;
  let calls = 0;

  function start(): Running {
    const worker = startWorker('server/workbench/worker', options);
    const pending = new Map<number, Pending>();
    const own: Running = { worker, pending };
    worker.on('message', (message: Reply) => {
      const call = pending.get(message.id);
      if (message.kind === 'event') {
        call?.onEvent(message.event, message.json);
        return;
      }
      pending.delete(message.id);
      if (message.kind === 'result') call?.resolve(message.json);
      else call?.reject(new ProblemError(message.problem));
    });
    worker.on('error', (error) => process.stderr.write(`inversionview: ${error.stack ?? error.message}\n`));
    worker.once('exit', () => {
      if (running === own) running = null;
      const problem = closed ? stopped : threadEnded;
      for (const { reject } of pending.values()) reject(new ProblemError(problem));
    });
    return own;
  }

  const thread: WorkbenchThread = {
    async json(method, argument, { onEvent = () => undefined, signal } = {}) {
      signal?.throwIfAborted();
      if (closed) throw new ProblemError(stopped);
      running ??= start();
      const { worker, pending } = running;
      const id = (calls += 1);
      const post = (request: Request): void => worker.postMessage(request);
      const stop = (): void => post({ kind: 'stop', id });
      signal?.addEventListener('abort', stop);
      try {
        return await new Promise<string>((resolve, reject) => {
          pending.set(id, { resolve, reject, onEvent });
          post({ kind: 'call', id, method, argument });
        });
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    async call<M extends keyof Workbench>(
      method: M,
      argument: Parameters<Workbench[M]>[0],
      following?: Following,
    ): Promise<Awaited<ReturnType<Workbench[M]>>> {
      return JSON.parse(await thread.json(method, argument, following)) as Awaited<ReturnType<Workbench[M]>>;
    },
    async close() {
      closed = true;
      if (running === null) return;
      const { worker, pending } = running;
      for (const { reject } of pending.values()) reject(new ProblemError(stopped));
      pending.clear();
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage({ kind: 'close' } satisfies Request);
      await ended;
    },
  };
  return thread;
}

const threadEnded: Problem = { code: 'internal', message: 'The thread of the models ended; ask again.' };
