/**
 * A real server on a free port, with folders of its own and two small models of random weights beside the shipped ones.
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { decoderFiles } from '../../src/inversion/decoder-files.js';
import { gpt2Files } from '../../src/models/gpt2-files.js';
import { type Client, createClient } from '../../src/server/client.js';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/server.js';
import { addition, counting } from '../../src/studies/index.js';
import { type Task } from '../../src/tasks/index.js';
import { probedModelConfig } from '../../src/training/model-training.js';
import { smallWeights } from '../fixtures/small-gpt2.js';
import { probedModel, smallDecoder } from '../fixtures/task-models.js';

/** A server of a test. */
export interface TestServer {
  readonly client: Client;
  readonly port: number;
  readonly base: string;
  readonly folder: string;
  /** Starts another server on the same folders once this one is closed. */
  restart(changes?: Partial<ServerOptions>): Promise<TestServer>;
  /** Closes it; the folders stay. */
  close(): Promise<void>;
  dispose(): Promise<void>;
}

/** Ids of cases of random weights: quick to compile, and of the tasks' sizes. */
export const smallCase = (task: 'addition' | 'counting'): string =>
  `${task}~models/${task}-model~models/${task}-decoder`;

/** Files of the page. */
const page: Readonly<Record<string, string>> = {
  'index.html': `<!doctype html><title>InversionView</title>${'<p>page</p>'.repeat(200)}`,
  'assets/app-1a2b.js': `export const answer = 42; // ${'x'.repeat(2000)}`,
  'icon.png': 'not really',
};

async function writeModels(folder: string, task: Task): Promise<void> {
  const write = (name: string, files: ReadonlyMap<string, Uint8Array>): void => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, bytes] of files) writeFileSync(join(folder, name, file), bytes);
  };
  const config = probedModelConfig(task);
  const model = await probedModel(task);
  write(`${task.name}-model`, gpt2Files(config, smallWeights(config, 1)));
  const provenance = {
    task: task.name,
    model: { name: 'small', hash: model.hash, processing: 'transformerlens' as const },
    recipe: {},
    steps: 0,
    seconds: 0,
    versions: {},
    figures: null,
  };
  write(`${task.name}-decoder`, decoderFiles(smallDecoder(task), provenance, 'a card', 'F32'));
}

/** Starts a server; graphs are compiled when they are needed unless said otherwise. */
export async function startTestServer(changes: Partial<ServerOptions> = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'inversionview-server-'));
  for (const task of [addition, counting]) await writeModels(join(folder, 'models'), task);
  for (const [file, text] of Object.entries(page)) {
    mkdirSync(dirname(join(folder, 'web', file)), { recursive: true });
    writeFileSync(join(folder, 'web', file), text);
  }
  return startIn(folder, changes);
}

async function startIn(folder: string, changes: Partial<ServerOptions>): Promise<TestServer> {
  const server: RunningServer = await startServer({
    host: '127.0.0.1',
    port: 0,
    morePorts: 0,
    names: [],
    token: null,
    models: join(folder, 'models'),
    runs: join(folder, 'runs'),
    readings: join(folder, 'readings'),
    cache: join(folder, 'cache'),
    web: join(folder, 'web'),
    threads: null,
    prepare: false,
    ...changes,
  });
  const base = `http://127.0.0.1:${server.port}`;
  const headers = server.token === null ? {} : { authorization: `Bearer ${server.token}` };
  return {
    client: createClient(base, headers),
    port: server.port,
    base,
    folder,
    async restart(more = {}) {
      await server.close();
      return startIn(folder, { ...changes, ...more });
    },
    close: () => server.close(),
    async dispose() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A response as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request in all its details, which `fetch` would put right. */
export function ask(
  { port }: Pick<TestServer, 'port'>,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The problem in an answer. */
export function problemIn({ body }: Answer): { code: string; message: string } {
  const { error } = JSON.parse(body.toString('utf8')) as { error: { code: string; message: string } };
  return error;
}

/** JSON of a request. */
export const json = { 'content-type': 'application/json' };

/** All that a stream gives. */
export async function gathered<E>(events: AsyncIterable<E>): Promise<E[]> {
  const all: E[] = [];
  for await (const event of events) all.push(event);
  return all;
}
