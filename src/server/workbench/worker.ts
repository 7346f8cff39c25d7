/**
 * The thread that the workbench runs in.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { nodeRuntime } from '../../engine/runtime/node.js';
import { keepIn } from '../../jobs/cache.js';
import { type Reply, type Request, problemOf } from './protocol.js';
import { type Workbench, createWorkbench } from './workbench.js';

/** What the thread is started with. */
const dataSchema = z.object({
  data: z.object({
    folders: z.object({ models: z.string().nullable(), runs: z.string().nullable() }),
    reach: z
      .object({
        hub: z.object({
          endpoint: z.string(),
          token: z.string().nullable(),
          cache: z.string(),
          offline: z.boolean(),
        }),
        paths: z.boolean(),
      })
      .optional(),
    cache: z.string().nullable().default(null),
    threads: z.number().int().positive().nullable(),
  }),
});

const { folders, reach, cache, threads } = dataSchema.parse(workerData).data;
// A graph for each site and batch is kept: without their memory between runs they are small.
const runtime = nodeRuntime({ keepMemory: false, ...(threads === null ? {} : { threads }) });
const oneThread = nodeRuntime({ keepMemory: false, threads: 1 });
const keep = cache === null ? null : keepIn(cache);
const workbench = createWorkbench(runtime, folders, keep, oneThread, reach);
const stops = new Map<number, AbortController>();
const answers = new Set<Promise<void>>();
const reply = (message: Reply): void => parentPort?.postMessage(message);

/** The method's argument is what its other end, which is typed, was given. */
type AnyMethod = (
  argument: unknown,
  call: { emit: (event: { event: string; data: unknown }) => void; signal: AbortSignal },
) => Promise<unknown>;

async function answer(id: number, method: keyof Workbench, argument: unknown): Promise<void> {
  const controller = new AbortController();
  stops.set(id, controller);
  try {
    const run = workbench[method] as AnyMethod;
    const result = await run(argument, {
      emit: ({ event, data }) => reply({ kind: 'event', id, event, json: JSON.stringify(data) }),
      signal: controller.signal,
    });
    reply({ kind: 'result', id, json: JSON.stringify(result) });
  } catch (error) {
    const problem = problemOf(error);
    if (problem === null) process.stderr.write(`inversionview: ${describe(error)}\n`);
    reply({ kind: 'problem', id, problem: problem ?? { code: 'internal', message: internal } });
  } finally {
    stops.delete(id);
  }
}

const internal = 'A fault of the program; the terminal that the server runs in says more.';
const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

async function close(): Promise<void> {
  for (const controller of stops.values()) controller.abort();
  await Promise.all(answers);
  await workbench.dispose(null, { emit: () => undefined, signal: AbortSignal.abort() });
  parentPort?.close();
}

parentPort?.on('message', (request: Request) => {
  if (request.kind === 'close') void close();
  else if (request.kind === 'stop') stops.get(request.id)?.abort();
  else {
    const own = answer(request.id, request.method, request.argument);
    answers.add(own);
    void own.finally(() => answers.delete(own));
  }
});
