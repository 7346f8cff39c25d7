/**
 * Starting and stopping the server.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { InputError } from '../input-error.js';
import { cacheDirectory } from '../jobs/cache.js';
import { type HubSettings, hubSettings } from '../jobs/hub/settings.js';
import { savedReadings } from '../jobs/saved-readings.js';
import { createTrainings } from '../jobs/trainings.js';
import { type Calls, answering } from '../workbench/calls.js';
import { limits } from '../workbench/limits.js';
import { fileVerbs } from '../workbench/table.js';
import { parseSaved } from '../workbench/verbs/readings.js';
import { isRunning } from '../workbench/verbs/trainings.js';
import { createApp } from './app.js';
import { isLoopback } from './guard.js';
import { resolveRef } from './models/directories.js';
import { offeredTemplates } from './models/template-shelf.js';
import { report } from './problems.js';
import { workbenchThread } from './thread.js';

/** Where and with what a server runs. */
export interface ServerOptions {
  /** Address to listen at; other machines reach one that is not loopback, and then need the token. */
  readonly host: string;
  readonly port: number;
  /** Ports after this one that are tried when it is in use. */
  readonly morePorts: number;
  /** Other names by which the server is known. */
  readonly names: readonly string[];
  /** Asked of everyone; beyond loopback one is made up unless given. */
  readonly token: string | null;
  /** Folder whose subfolders are models and decoders. */
  readonly models: string | null;
  /** Files of template tasks to choose, beside the shipped ones; none unless given. */
  readonly templates?: readonly string[];
  /** Folder of trainings. */
  readonly runs: string;
  /** Folder of saved readings. */
  readonly readings: string;
  /** Folder where passes over all inputs are saved, which may be deleted at any time; null saves none. The user's unless given. */
  readonly cache?: string | null;
  /** Where models of the hub come from and lie; by the environment unless given. */
  readonly hub?: HubSettings;
  /** Folder of the page's files. */
  readonly web: string;
  /** Threads of one operator; null for one a processor. */
  readonly threads: number | null;
  /** Whether graphs are compiled before anyone asks. */
  readonly prepare: boolean;
}

/** A server that runs. */
export interface RunningServer {
  /** Its address for a person on this machine, token included. */
  readonly url: string;
  readonly port: number;
  readonly token: string | null;
  /** Settles when everything is prepared, or was stopped. */
  readonly prepared: Promise<void>;
  /** Names of trainings that run, and go on when the server ends. */
  trainings(): Promise<string[]>;
  /** Ends streams and work, and waits for neither longer than a moment. */
  close(): Promise<void>;
}

/** Milliseconds that connections have to end by themselves. */
const graceful = 1000;

/**
 * Starts the server.
 * @throws InputError when the address cannot be listened at, and for a template that is wrong
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const {
    host,
    models,
    runs,
    threads,
    templates = [],
    cache = cacheDirectory(),
    hub = hubSettings(),
  } = options;
  // A template that is wrong is said here, not on the page.
  await offeredTemplates(templates);
  const token = options.token ?? (isLoopback(host) ? null : randomBytes(18).toString('base64url'));
  const closing = new AbortController();
  // Every request listens to it.
  setMaxListeners(0, closing.signal);
  const folders = { models, runs };
  const reach = { hub, paths: isLoopback(host) };
  const workbench = workbenchThread({ folders, templates: [...templates], reach, cache, threads });
  const trainings = createTrainings(runs);
  const readings = savedReadings(options.readings, parseSaved, limits.readingBody);
  const modelDirectory = (ref: string): Promise<string> => resolveRef(folders, ref, 'model');
  const files = answering(fileVerbs, { readings, trainings: { ...trainings, modelDirectory } });
  const calls: Calls = {
    call: (verb, ...rest) => (verb in fileVerbs ? files : workbench).call(verb, ...rest),
  };
  const app = createApp(calls, { host, names: options.names, token }, options.web, closing.signal);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  // Longer than browsers keep theirs: a request must not be sent into a connection that is just being closed.
  server.keepAliveTimeout = 120_000;
  let port: number;
  try {
    port = await listen(server, options);
  } catch (error) {
    await workbench.close();
    throw error;
  }
  const prepared = options.prepare
    ? workbench.call('prepare', {}, { signal: closing.signal }).then(
        () => undefined,
        (error: unknown) => {
          if (!closing.signal.aborted) report(String(error));
        },
      )
    : Promise.resolve();
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const address = `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}/`;
  return {
    url: token === null ? address : `${address}?token=${token}`,
    port,
    token,
    prepared,
    async trainings() {
      return (await trainings.list()).filter(({ state }) => isRunning(state)).map(({ name }) => name);
    },
    async close() {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), graceful);
      await workbench.close();
      await closed;
      clearTimeout(late);
    },
  };
}

/** Listens at the first free one of some ports. @returns the port */
async function listen(server: Server, { host, port, morePorts }: ServerOptions): Promise<number> {
  for (let at = port; ; at++) {
    const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      const failed = (error: NodeJS.ErrnoException): void => resolve(error);
      server.once('error', failed);
      server.listen(at, host, () => {
        server.off('error', failed);
        resolve(null);
      });
    });
    const address = server.address();
    if (problem === null && typeof address === 'object' && address !== null) return address.port;
    if (problem?.code === 'EADDRINUSE' && at < port + morePorts) continue;
    throw new InputError(reason(problem?.code ?? '', host, port));
  }
}

function reason(code: string, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `Port ${port} of ${host} is in use: give another with --port.`;
  if (code === 'EACCES') return `Port ${port} may not be listened at: give one above 1023 with --port.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `${host} is no address of this machine: give another with --host.`;
  return `${host}:${port} cannot be listened at (${code}).`;
}
