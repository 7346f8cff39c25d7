/**
 * The thread that verbs of models run in, from the server's side. One that dies takes the calls it had with it; the next
 * call starts another.
 * @module
 */
import { type Worker } from 'node:worker_threads';
import { startWorker } from '../jobs/entry-points.js';
import { type Calls } from '../workbench/calls.js';
import { type CallMessage, type PortCalls, type ReplyMessage, callThrough } from '../workbench/port.js';
import { ProblemError } from '../workbench/problem-error.js';
import { stopped } from '../workbench/faults.js';
import { type Problem } from '../workbench/problems.js';
import { report } from './problems.js';
import type { WorkerOptions } from './worker.js';

/** A workbench in another thread. */
export interface WorkbenchThread extends Calls {
  /** Stops all calls and waits for the end of what cannot be stopped. */
  close(): Promise<void>;
}

/** Starts the thread at the first call. */
export function workbenchThread(options: Omit<WorkerOptions, 'started'>): WorkbenchThread {
  const started = Date.now();
  let running: { readonly worker: Worker; readonly calls: PortCalls } | null = null;
  let closed = false;

  function start(): NonNullable<typeof running> {
    const worker = startWorker('server/worker', { ...options, started });
    const calls = callThrough((message: CallMessage) => worker.postMessage(message));
    const own = { worker, calls };
    worker.on('message', (message: ReplyMessage) => calls.receive(message));
    worker.on('error', (error) => report(error.stack ?? error.message));
    worker.once('exit', () => {
      if (running === own) running = null;
      calls.fail(closed ? stopped : threadEnded);
    });
    return own;
  }

  return {
    async call(verb, request, following) {
      following?.signal?.throwIfAborted();
      if (closed) throw new ProblemError(stopped);
      running ??= start();
      return running.calls.call(verb, request, following);
    },
    async close() {
      closed = true;
      if (running === null) return;
      const { worker, calls } = running;
      calls.fail(stopped);
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage({ kind: 'close' } satisfies CallMessage);
      await ended;
    },
  };
}

const threadEnded: Problem = { code: 'internal', message: 'The thread of the models ended; ask again.' };
