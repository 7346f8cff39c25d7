/**
 * The server as a person starts it: a process that prints its address, serves readings without end, and stops when it is
 * told to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../../src/jobs/entry-points.js';
import { createClient } from '../../src/server/client.js';
import { type TestServer, gathered, smallCase, startTestServer } from './start.js';

interface Served {
  readonly child: ChildProcess;
  /** What it printed until it served. */
  readonly said: string;
  readonly url: string;
  /** Ends it. @returns all that it printed, and its exit code */
  stop(signal: NodeJS.Signals): Promise<{ stdout: string; stderr: string; code: number | null }>;
}

const running = new Set<ChildProcess>();
let folder: string;
let other: TestServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-serve-'));
  // For its folders of small models, and for a port that is in use.
  other = await startTestServer();
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await other.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the command and waits for its address; without one, for its end. */
function serve(...args: string[]): Promise<Served> {
  const child = spawn(process.execPath, commandLine(['serve', ...args]), { cwd: folder });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return new Promise((resolve, reject) => {
    const stop = async (signal: NodeJS.Signals) => {
      child.kill(signal);
      return { code: await ended, stdout, stderr };
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const url = /InversionView: (\S+)/.exec(stdout)?.[1];
      if (url !== undefined) resolve({ child, said: stdout, url, stop });
    });
    void ended.then((code) => reject(Object.assign(new Error(stderr), { code })));
  });
}

describe('inversionview serve', () => {
  it('prints its address, answers there, writes nothing by itself, and ends when it is told to', async () => {
    const server = await serve('--port', '0', '--no-prepare');
    expect(server.said).toMatch(/^InversionView: http:\/\/127\.0\.0\.1:\d+\/\nCtrl-C stops it\.\n$/);
    expect((await createClient(server.url.replace(/\/$/, '')).status()).working).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    expect(await server.stop('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends at once in the middle of a reading', async () => {
    const server = await serve('--port', '0', '--models', join(other.folder, 'models'), '--no-prepare');
    const client = createClient(server.url.replace(/\/$/, ''));
    const query = { case: smallCase('addition'), input: '615+861=1476', site: 'a0.0', position: '=' };
    const events = client.read({ ...query, candidates: 16_384 });
    for (let told = await events.next(); told.value?.event !== 'candidates'; told = await events.next());
    const [ended, rest] = await Promise.all([server.stop('SIGINT'), gathered(events)]);
    expect(ended.code).toBe(0);
    expect(rest.at(-1)).toMatchObject({ event: 'error', data: { code: 'stopped' } });
  });

  it('is beyond this machine only with a token, which the address carries', async () => {
    const server = await serve('--port', '0', '--host', '0.0.0.0', '--no-prepare');
    expect(server.url).toMatch(/^http:\/\/localhost:\d+\/\?token=[\w-]{20,}$/);
    await server.stop('SIGTERM');
  });

  it.each([
    [
      () => ['--port', String(other.port)],
      /^inversionview: Port \d+ of 127\.0\.0\.1 is in use: give another with --port\.\n$/,
    ],
    [() => ['--port', '70000'], /^inversionview: .*--port.*\n$/],
    [() => ['--host', '203.0.113.1', '--port', '0'], /is no address of this machine/],
    [() => ['--prot', '1'], /--port/],
  ])('refuses what cannot be, in one line', async (args, message) => {
    await expect(serve(...args())).rejects.toMatchObject({
      code: 2,
      message: expect.stringMatching(message),
    });
  });
});

it('the memory of many readings levels off', async () => {
  const server = await serve('--port', '0', '--models', join(other.folder, 'models'), '--no-prepare');
  const client = createClient(server.url.replace(/\/$/, ''));
  const read = async (from: number, to: number): Promise<number> => {
    for (let seed = from; seed < to; seed++) {
      const position = 1 + (seed % 12);
      const query = {
        case: smallCase('addition'),
        input: '615+861=1476',
        site: seed % 2 ? 'a0.0' : 'x1.post',
      };
      const events = await gathered(client.read({ ...query, position, seed, candidates: 64 }));
      expect(events.at(-1)?.event).toBe('done');
    }
    return (await client.status()).memory;
  };
  const early = await read(0, 60);
  const late = await read(60, 200);
  expect(late - early).toBeLessThan(48 * 2 ** 20);
  await server.stop('SIGTERM');
});
