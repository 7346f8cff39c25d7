/**
 * The server as a person starts it: a process that prints its address, serves readings without end, and stops when it is
 * told to.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/server/client.js';
import { endServed, serveIn } from './served.js';
import { type TestServer, gathered, smallCase, startTestServer } from './start.js';

let folder: string;
let other: TestServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-serve-'));
  // For its folders of small models, and for a port that is in use.
  other = await startTestServer();
});
afterAll(async () => {
  endServed();
  await other.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const serve = (...args: string[]) => serveIn(folder, ...args);

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
    for (let event = await events.next(); event.value?.event !== 'candidates'; event = await events.next());
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
