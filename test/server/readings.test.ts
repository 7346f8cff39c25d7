/**
 * Readings that are kept: saved, listed, opened, deleted, exported and imported; and names that are paths.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromReading, exported } from '../fixtures/viewer.js';
import { type Reading, readingSchema } from '../../src/inversion/reading.js';
import { limits } from '../../src/workbench/limits.js';
import {
  type SavedReading,
  savedReadingSchema,
  savedEntrySchema,
  savedListSchema,
} from '../../src/workbench/verbs/readings.js';
import { exampleReading } from '../fixtures/readings.js';
import { type TestServer, ask, json, problemIn, startTestServer } from './start.js';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startTestServer();
  folder = join(server.folder, 'readings');
});
afterAll(() => server.dispose());

/** A reading as the page keeps it. */
const saved = (reading: Reading = exampleReading(20)): SavedReading =>
  savedReadingSchema.parse({ ...fromReading(reading, 'example'), request: null });

describe('a saved reading', () => {
  it('is there until it is deleted', async () => {
    expect(existsSync(folder)).toBe(false);
    expect(await server.client.savedReadings()).toEqual({ readings: [], unreadable: [] });
    const reading = saved();
    const entry = savedEntrySchema.parse(
      await server.client.saveReading('a0.0 at = (copy)'.replace(/[()]/g, ''), reading),
    );
    expect(entry).toMatchObject({
      name: 'a0.0 at = copy',
      task: 'addition',
      input: '615+861=1476',
      short: 'a0.0',
      position: 8,
      place: '=',
      candidates: 1024,
    });
    expect(savedListSchema.parse(await server.client.savedReadings())).toEqual({
      readings: [entry],
      unreadable: [],
    });
    expect(await server.client.openReading(entry.name)).toEqual(reading);
    await server.client.deleteReading(entry.name);
    expect(await server.client.savedReadings()).toEqual({ readings: [], unreadable: [] });
    await expect(server.client.openReading(entry.name)).rejects.toMatchObject({
      status: 404,
      code: 'not-found',
    });
    await expect(server.client.deleteReading(entry.name)).rejects.toMatchObject({ status: 404 });
  });

  it('is replaced only when that is asked', async () => {
    await server.client.saveReading('once', saved(exampleReading(5)));
    await expect(server.client.saveReading('once', saved(exampleReading(6)))).rejects.toMatchObject({
      status: 409,
      code: 'conflict',
      message: expect.stringMatching(/saved already/),
    });
    expect((await server.client.openReading('once')).samples).toHaveLength(5);
    await server.client.saveReading('once', saved(exampleReading(6)), true);
    expect((await server.client.openReading('once')).samples).toHaveLength(6);
    await server.client.deleteReading('once');
  });

  it('outlives the server', async () => {
    await server.client.saveReading('kept', saved());
    const next = await server.restart();
    expect((await next.client.savedReadings()).readings.map(({ name }) => name)).toEqual(['kept']);
    server = next;
    await server.client.deleteReading('kept');
  });

  it('is listed and opened with a byte order mark before it', async () => {
    writeFileSync(join(folder, 'moved.json'), `\ufeff${JSON.stringify(saved())}\r\n`);
    expect((await server.client.savedReadings()).readings.map(({ name }) => name)).toEqual(['moved']);
    expect(await server.client.openReading('moved')).toEqual(saved());
    await server.client.deleteReading('moved');
  });

  it('that is damaged is named, and the others are there', async () => {
    await server.client.saveReading('good', saved());
    writeFileSync(join(folder, 'bad.json'), '{');
    writeFileSync(join(folder, 'other.json'), '{"format":"inversionview-reading","version":2}');
    writeFileSync(join(folder, 'notes.txt'), 'not looked at');
    mkdirSync(join(folder, 'folder.json'));
    const { readings, unreadable } = await server.client.savedReadings();
    expect(readings.map(({ name }) => name)).toEqual(['good']);
    expect(unreadable.sort()).toEqual(['bad', 'other']);
    await expect(server.client.openReading('bad')).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/bad\.json .*not JSON/),
    });
    await expect(server.client.openReading('folder')).rejects.toMatchObject({ status: 404 });
  });

  it.each([
    '..',
    '.',
    '../up',
    '..%2fup',
    'a/b',
    'a\\b',
    '/etc/passwd',
    '.hidden',
    'a\u0000b',
    'nul\n',
    'ends ',
    'ends.',
    'x'.repeat(101),
    'ü',
    'a:b',
    '',
  ])('is not called %j', async (name) => {
    const before = readdirSync(server.folder, { recursive: true }).length;
    for (const [method, body] of [
      ['PUT', JSON.stringify(saved(exampleReading(1)))],
      ['GET', undefined],
      ['DELETE', undefined],
    ] as const) {
      const headers = body === undefined ? {} : json;
      const path = `/api/readings/${encodeURIComponent(name)}`;
      const answer = await ask(server, method, path, headers, body);
      // Of nothing or a dot the list is left: never a file.
      if (answer.status === 200) expect([method, name]).toEqual(['GET', name.replace(/[^.]/g, '')]);
      else expect([400, 404]).toContain(answer.status);
    }
    expect(readdirSync(server.folder, { recursive: true })).toHaveLength(before);
  });

  it('is bounded, and has to be one', async () => {
    const reading = saved(exampleReading(2));
    const [sample] = reading.samples;
    if (sample === undefined) throw new Error('no sample');
    const cases: [unknown, RegExp][] = [
      [{}, /format/],
      [{ ...reading, version: 2 }, /version/],
      [{ ...reading, view: { metric: 'cosine', epsilon: 0.1 } }, /view\.metric is none of its metrics/],
      [{ ...reading, metrics: ['euclidean', 'cosine'] }, /no distances in the cosine metric/],
      [{ ...reading, samples: [{ ...sample, tokenDelta: [1] }] }, /tokenDelta must have one number a token/],
      [{ ...reading, samples: [{ ...sample, count: 0 }] }, /samples\.0\.count/],
      [{ ...reading, samples: [{ ...sample, tokens: [] }] }, /samples\.0\.tokens/],
      [{ ...reading, query: { ...reading.query, position: 99 } }, /query\.position/],
      [{ ...reading, samples: Array(limits.candidates + 1).fill(sample) }, /samples/],
    ];
    for (const [body, message] of cases) {
      const answer = await ask(server, 'PUT', '/api/readings/wrong', json, JSON.stringify(body));
      expect(answer.status).toBe(400);
      expect(problemIn(answer).message).toMatch(message);
    }
    const announced = { ...json, 'content-length': String(limits.readingBody + 1) };
    expect(
      (await ask(server, 'PUT', '/api/readings/wrong', announced, '{}').catch(() => ({ status: 413 })))
        .status,
    ).toBe(413);
    expect(existsSync(join(folder, 'wrong.json'))).toBe(false);
  });

  it('is not followed out of its folder', async () => {
    writeFileSync(join(server.folder, 'secret.json'), JSON.stringify({ secret: 1 }));
    symlinkSync(join(server.folder, 'secret.json'), join(folder, 'link.json'));
    const answer = await ask(server, 'GET', '/api/readings/link');
    expect(answer.body.toString()).not.toContain('secret"');
    expect(answer.status).toBe(400);
  });
});

describe('POST /api/export', () => {
  it('gives the page that the command line writes, as a file to keep', async () => {
    const reading = exampleReading(30);
    const answer = await ask(
      server,
      'POST',
      '/api/export',
      json,
      JSON.stringify({ format: 'html', reading: saved(reading), shown: 30 }),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-disposition']).toBe('attachment; filename="reading.html"');
    const page = answer.body.toString();
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain('791 <small>of 1024');
    const data = JSON.parse(
      /<script type="application\/json" id="reading">(.*)<\/script>/.exec(page)?.[1] ?? '',
    ) as unknown;
    expect(data).toEqual(reading);
  });

  it('gives the data of fewer samples', async () => {
    const file = await server.client.export({ format: 'json', reading: saved(), shown: 10 });
    const reading = readingSchema.parse(JSON.parse(await file.text()));
    expect(reading.samples).toHaveLength(10);
    expect(reading.samples.filter(({ inside }) => inside)).toHaveLength(7);
  });

  it('follows the view', async () => {
    const reading = saved(exampleReading(40));
    const count = async (epsilon: number): Promise<number> => {
      const own = { ...reading, stated: null, view: { metric: 'euclidean' as const, epsilon } };
      const file = await server.client.export({ format: 'json', reading: own });
      return readingSchema.parse(JSON.parse(await file.text())).inside;
    };
    const expected = (epsilon: number): number =>
      reading.samples.filter(({ euclidean }) => (euclidean?.distance ?? 1) <= epsilon).length;
    for (const epsilon of [0, 0.05, 0.1, 0.5, 10]) expect(await count(epsilon)).toBe(expected(epsilon));
  });

  it.each([{}, { format: 'pdf', reading: {} }, { format: 'html' }])('refuses %j', async (body) => {
    const answer = await ask(server, 'POST', '/api/export', json, JSON.stringify(body));
    expect([answer.status, problemIn(answer).code]).toEqual([400, 'input']);
  });
});

describe('POST /api/import', () => {
  it('takes what was saved, and what the command line printed', async () => {
    const own = saved();
    expect(await server.client.import({ name: 'a.json', content: own })).toEqual(own);
    expect(await server.client.import({ name: 'a.json', content: exampleReading(20) })).toEqual(own);
  });

  it('takes a cached file of the published web app', async () => {
    const reading = exampleReading(20);
    const files = exported([reading]);
    const file = files.find(({ path }) => path.endsWith('-8-Auto-dist.json'));
    const own = savedReadingSchema.parse(
      await server.client.import({ name: 'x.json', content: JSON.parse(file?.contents ?? '') }),
    );
    expect(own).toMatchObject({
      request: null,
      metrics: ['euclidean'],
      view: { metric: 'euclidean', epsilon: 0.1 },
      query: {
        task: 'addition',
        input: reading.query.input,
        tokens: reading.query.tokens,
        position: 8,
        place: '=',
        short: 'a0.0',
      },
    });
    expect(own.samples.map(({ text }) => text)).toEqual(reading.samples.map(({ text }) => text));
    // It can be saved and exported as any other.
    await server.client.saveReading('imported', own);
    expect((await server.client.export({ format: 'html', reading: own })).size).toBeGreaterThan(1000);
  });

  it.each([
    [null],
    [1],
    ['text'],
    [[]],
    [{}],
    [{ generation: [], query_input: [] }],
    [{ samples: [] }],
    [{ format: 'x' }],
  ])('refuses %j, naming the file', async (content) => {
    await expect(server.client.import({ name: 'mine.json', content })).rejects.toMatchObject({
      status: 400,
      code: 'input',
      message: expect.stringMatching(/^mine\.json/),
    });
  });
});

it('nothing but the saved readings was written', () => {
  for (const name of readdirSync(folder))
    expect(name).toMatch(/^(good|bad|other|imported|link|folder)\.json$|^notes\.txt$/);
  expect(readFileSync(join(server.folder, 'secret.json'), 'utf8')).toBe('{"secret":1}');
});
