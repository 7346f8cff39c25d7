/**
 * The thread that verbs of models run in: ONNX Runtime holds a thread until a run is over. `thread.ts` is its other end.
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { nodeRuntime } from '../engine/runtime/node.js';
import { storeIn } from '../jobs/cache.js';
import { packageVersion } from '../jobs/versions.js';
import { createBench } from '../workbench/bench.js';
import { answering } from '../workbench/calls.js';
import { type CallMessage, answerThrough } from '../workbench/port.js';
import { benchVerbs } from '../workbench/table.js';
import { folderLibrary } from './models/library.js';
import { createModelShelf } from './models/model-shelf.js';
import { report } from './problems.js';

/** What the thread is started with. */
const optionsSchema = z.object({
  /** Milliseconds since the epoch. */
  started: z.number(),
  folders: z.object({ models: z.string().nullable(), runs: z.string().nullable() }),
  /** Files of template tasks beside the shipped ones. */
  templates: z.array(z.string()).default([]),
  /** Where models come from that no case is made of; without it the hub by the environment, and no paths. */
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
  /** Folder of passes over all inputs; without one none is saved between runs. */
  cache: z.string().nullable().default(null),
  /** Threads of one operator; null for one a processor. */
  threads: z.number().int().positive().nullable(),
});
/** What the thread is started with. */
export type WorkerOptions = z.input<typeof optionsSchema>;

const { data } = workerData as { readonly data: unknown };
const { started, folders, templates, reach, cache, threads } = optionsSchema.parse(data);
const bench = createBench({
  host: {
    version: packageVersion(),
    uptime: () => Math.round((Date.now() - started) / 1000),
    memory: () => process.memoryUsage().rss,
    report,
  },
  library: folderLibrary(folders, { templates, ...(reach === undefined ? {} : { hub: reach.hub }) }),
  // A graph for each site and batch is kept: without their memory between runs they are small.
  runtime: nodeRuntime({ keepMemory: false, ...(threads === null ? {} : { threads }) }),
  oneThread: nodeRuntime({ keepMemory: false, threads: 1 }),
  store: cache === null ? null : storeIn(cache),
});
const shelf = createModelShelf(folders, reach);

const receive = answerThrough(
  (message) => parentPort?.postMessage(message),
  answering(benchVerbs, { ...bench, shelf }),
  report,
  async () => {
    await bench.dispose();
    parentPort?.close();
  },
);
parentPort?.on('message', (message: CallMessage) => receive(message));
