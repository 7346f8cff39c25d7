/**
 * The page's files: found by exact paths alone, compressed, and kept by browsers as long as they are right.
 */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, ask, startTestServer } from './start.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

describe('the page', () => {
  it('is served at the root, to be asked for again', async () => {
    const answer = await ask(server, 'GET', '/');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.body.toString()).toContain('<title>InversionView</title>');
    expect((await ask(server, 'GET', '/?case=addition')).body).toEqual(answer.body);
    const again = await ask(server, 'GET', '/', { 'if-none-match': String(answer.headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it('has files that never change', async () => {
    const answer = await ask(server, 'GET', '/assets/app-1a2b.js');
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect((await ask(server, 'GET', '/icon.png')).headers['content-type']).toBe('image/png');
  });

  it('is compressed for who takes it so', async () => {
    const plain = await ask(server, 'GET', '/assets/app-1a2b.js');
    const zipped = await ask(server, 'GET', '/assets/app-1a2b.js', { 'accept-encoding': 'br, gzip;q=0.8' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.headers.vary).toBe('Accept-Encoding');
    expect(zipped.body.length).toBeLessThan(plain.body.length / 5);
    expect(gunzipSync(zipped.body)).toEqual(plain.body);
    const refused = await ask(server, 'GET', '/', { 'accept-encoding': 'gzip;q=0' });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  it('is read again when it has been built anew', async () => {
    const index = join(server.folder, 'web', 'index.html');
    writeFileSync(index, '<title>Another</title>');
    utimesSync(index, 2_000_000_000, 2_000_000_000);
    expect((await ask(server, 'GET', '/')).body.toString()).toBe('<title>Another</title>');
  });

  it('says what to do when it is not built', async () => {
    const bare = await startTestServer({ web: join(server.folder, 'nowhere') });
    const answer = await ask(bare, 'GET', '/');
    expect([answer.status, answer.body.toString()]).toEqual([
      503,
      'The page is not built: run "npm run build" in the package, and reload.',
    ]);
    expect((await ask(bare, 'GET', '/api/trainings')).status).toBe(200);
    await bare.dispose();
  });

  it.each([
    '/../models/addition-model/config.json',
    '/..%2fmodels/addition-model/config.json',
    '/%2e%2e/models/addition-model/config.json',
    '/assets/../../models/addition-model/config.json',
    '/assets/..%5c..%5cmodels%5caddition-model%5cconfig.json',
    '/....//models',
    '//etc/passwd',
    '/etc/passwd',
    '/assets/',
    '/assets',
    '/index.html%00.js',
    '/%',
    '/constructor',
    '/__proto__',
  ])('lets no path out of its folder: %s', async (path) => {
    const answer = await ask(server, 'GET', path);
    expect(answer.body.toString()).not.toContain('n_embd');
    expect([400, 404]).toContain(answer.status);
  });
});
