/**
 * A server that is read from without end: what it holds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../src/server/client.js';
import { endServed, serveIn } from './served.js';
import { type TestServer, gathered, smallCase, startTestServer } from './start.js';

let folder: string;
let other: TestServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'inversionview-memory-'));
  // For its folder of small models.
  other = await startTestServer();
});
afterAll(async () => {
  endServed();
  await other.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it('the memory of many readings levels off', async () => {
  const server = await serveIn(
    folder,
    '--port',
    '0',
    '--models',
    join(other.folder, 'models'),
    '--no-prepare',
  );
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
