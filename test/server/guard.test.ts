/**
 * Who may ask: hosts, origins, the token, and what a body may be.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/workbench/limits.js';
import { type TestServer, ask, json, problemIn, startTestServer } from './start.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

describe('the Host of a request', () => {
  it.each(['localhost', 'localhost:9000', '127.0.0.1:1', '127.1.2.3', '[::1]:80', 'LOCALHOST'])(
    'takes %s',
    async (host) => {
      expect((await ask(server, 'GET', '/api/trainings', { host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:4747',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.7',
  ])('refuses %j', async (host) => {
    for (const path of ['/api/trainings', '/', '/assets/app-1a2b.js']) {
      const answer = await ask(server, 'GET', path, { host });
      expect(answer.status).toBe(403);
      expect(problemIn(answer).code).toBe('forbidden');
    }
  });

  it.each(['localhost@evil.example', 'localhost/..', 'localhost?', '[::1', 'a b', ''])(
    'refuses %j, which is none',
    async (host) => {
      expect(
        await firstLine(`GET /api/trainings HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      ).toMatch(/^HTTP\/1\.1 40[03] /);
    },
  );

  it('has to be there', async () => {
    expect(await firstLine('GET /api/trainings HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(await firstLine('GET /api/trainings HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
  });
});

/** The first line of the answer to bytes as they are. */
function firstLine(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    connect(server.port, '127.0.0.1')
      .on('data', (chunk) => (text += chunk.toString()))
      .on('error', reject)
      .on('close', () => resolve(text.split('\r\n')[0] ?? ''))
      .end(bytes);
  });
}

describe('the Origin of a request', () => {
  const post = (headers: Record<string, string>) =>
    ask(
      server,
      'POST',
      '/api/inspect',
      { ...json, host: 'localhost:4747', ...headers },
      JSON.stringify({ case: 'addition', input: '' }),
    );

  it('takes its own, and none', async () => {
    expect((await post({ origin: 'http://localhost:4747' })).status).toBe(200);
    expect((await post({ origin: 'https://LOCALHOST:4747' })).status).toBe(200);
    expect((await post({})).status).toBe(200);
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'http://localhost:3000' },
    { origin: 'http://localhost' },
    { origin: 'null' },
    { origin: 'http://localhost:4747.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('refuses %j', async (headers) => {
    const answer = await post(headers);
    expect(answer.status).toBe(403);
    expect(problemIn(answer).code).toBe('forbidden');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('lets a person follow a link to the page', async () => {
    const answer = await ask(server, 'GET', '/', { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(200);
  });

  it('answers no preflight', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'DELETE' };
    const answer = await ask(server, 'OPTIONS', '/api/readings/x', headers);
    expect(answer.status).toBe(403);
    expect(answer.headers['access-control-allow-methods']).toBeUndefined();
  });
});

describe('a body', () => {
  const body = JSON.stringify({ case: 'addition', input: '1' });
  const paths = [
    '/api/inspect',
    '/api/read',
    '/api/overview',
    '/api/attention',
    '/api/trainings',
    '/api/import',
  ];

  it.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'is refused as %s',
    async (type) => {
      for (const path of paths) {
        const answer = await ask(
          server,
          'POST',
          path,
          type === undefined ? {} : { 'content-type': type },
          body,
        );
        expect([path, answer.status]).toEqual([path, 415]);
      }
    },
  );

  it('is taken as JSON of any spelling', async () => {
    for (const type of ['application/json', 'Application/JSON; charset=utf-8'])
      expect((await ask(server, 'POST', '/api/inspect', { 'content-type': type }, body)).status).toBe(200);
  });

  it.each(['', '{', '{"case":', 'undefined', '\u0000'])('is refused when it is %j', async (text) => {
    for (const path of paths) {
      const answer = await ask(server, 'POST', path, json, text);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(problemIn(answer)).toEqual({ code: 'input', message: 'The body is not JSON.' });
    }
  });

  it('is refused when it is too large, announced or not', async () => {
    const large = JSON.stringify({ case: 'addition', input: 'x'.repeat(limits.body) });
    for (const path of paths.slice(0, 5)) {
      expect((await ask(server, 'POST', path, json, large)).status).toBe(413);
      const chunked = { ...json, 'transfer-encoding': 'chunked' };
      const answer = await ask(server, 'POST', path, chunked, large);
      expect([path, answer.status, problemIn(answer).code]).toEqual([path, 413, 'too-large']);
    }
  });

  it('is refused with a field that nobody knows, naming it', async () => {
    const answer = await ask(
      server,
      'POST',
      '/api/inspect',
      json,
      '{"case":"addition","input":"1","path":"/etc"}',
    );
    expect(answer.status).toBe(400);
    expect(problemIn(answer).message).toMatch(/Unrecognized key: "path"/);
  });
});

describe('every answer', () => {
  it('tells the browser what it may do', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/api/trainings'],
      ['GET', '/api/nothing'],
      ['POST', '/api/read'],
    ] as const) {
      const { headers } = await ask(server, method, path);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    }
  });

  it('names what there is not', async () => {
    const answer = await ask(server, 'GET', '/api/nothing');
    expect(answer.status).toBe(404);
    expect(problemIn(answer)).toEqual({ code: 'not-found', message: 'There is no GET /api/nothing.' });
  });
});

describe('beyond loopback', () => {
  let open: TestServer;
  beforeAll(async () => {
    open = await startTestServer({ host: '0.0.0.0', names: ['box.example'], token: 'secret token' });
  });
  afterAll(() => open.dispose());
  const host = { host: '127.0.0.1' };

  it('asks for the token everywhere', async () => {
    for (const path of ['/', '/assets/app-1a2b.js', '/api/cases', '/api/readings']) {
      for (const headers of [
        {},
        { authorization: 'Bearer wrong' },
        { cookie: 'inversionview_token=wrong' },
      ]) {
        const answer = await ask(open, 'GET', path, { ...host, ...headers });
        expect([path, answer.status]).toEqual([path, 401]);
      }
    }
    expect((await ask(open, 'GET', '/?token=wrong', host)).status).toBe(401);
  });

  it('says so in words to a person', async () => {
    const answer = await ask(open, 'GET', '/', { ...host, accept: 'text/html,*/*' });
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.body.toString()).toMatch(/^This server asks for a token/);
  });

  it('takes it once in the address, and then from a cookie that no script can read', async () => {
    const first = await ask(open, 'GET', '/?token=secret%20token&case=addition', host);
    expect(first.status).toBe(302);
    expect(first.headers.location).toBe('/?case=addition');
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Strict/);
    const kept = { ...host, cookie: cookie.split(';')[0] ?? '' };
    expect((await ask(open, 'GET', '/', kept)).status).toBe(200);
    expect((await ask(open, 'GET', '/api/trainings', kept)).status).toBe(200);
  });

  it('takes it as a bearer', async () => {
    await expect(open.client.trainings()).resolves.toEqual({ trainings: [] });
  });

  it('is known by addresses and by the names it was given, and by no others', async () => {
    const bearer = { authorization: 'Bearer secret token' };
    for (const own of ['box.example:80', '10.1.2.3', '[fe80::1]:4747'])
      expect((await ask(open, 'GET', '/api/trainings', { ...bearer, host: own })).status).toBe(200);
    expect((await ask(open, 'GET', '/api/trainings', { ...bearer, host: 'evil.example' })).status).toBe(403);
  });

  it('makes a token up where none is given', async () => {
    const { startServer } = await import('../../src/server/server.js');
    const made = await startServer({
      host: '0.0.0.0',
      port: 0,
      morePorts: 0,
      names: [],
      token: null,
      models: null,
      runs: `${open.folder}/runs`,
      readings: `${open.folder}/readings`,
      web: `${open.folder}/web`,
      threads: 1,
      prepare: false,
    });
    expect(made.token).toMatch(/^[\w-]{20,}$/);
    expect(made.url).toBe(`http://localhost:${made.port}/?token=${made.token ?? ''}`);
    expect((await ask(made, 'GET', '/api/trainings')).status).toBe(401);
    await made.close();
  });
});

describe('a port', () => {
  it('that is in use is named, or the next one is taken', async () => {
    await expect(startTestServer({ port: server.port })).rejects.toThrow(
      `Port ${server.port} of 127.0.0.1 is in use: give another with --port.`,
    );
    const next = await startTestServer({ port: server.port, morePorts: 20 });
    expect(next.port).toBeGreaterThan(server.port);
    await next.dispose();
  });

  it('of an address that is not this machine is refused', async () => {
    await expect(startTestServer({ host: '203.0.113.1', token: 'x' })).rejects.toThrow(
      /^203\.0\.113\.1 is no address of this machine/,
    );
  });
});
