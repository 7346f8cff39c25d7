/**
 * Case studies, and what is told of an input without sampling.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { caseSchema } from '../../src/workbench/case-study.js';
import { caseListSchema, randomInputSchema, serverStatusSchema } from '../../src/workbench/verbs/cases.js';
import { attentionSchema, inspectionSchema } from '../../src/workbench/verbs/inspect.js';
import { addition, counting } from '../../src/studies/index.js';
import { type TestServer, ask, json, problemIn, smallCase, startTestServer } from './start.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

describe('GET /api/cases', () => {
  it('has every task with the shipped models, and what else there is', async () => {
    const list = caseListSchema.parse(await server.client.cases());
    expect(list.cases.map(({ id }) => id)).toEqual(['addition', 'counting', 'ioi']);
    const [own] = list.cases;
    expect(own).toMatchObject({
      task: 'addition',
      unavailable: null,
      layers: 2,
      heads: 4,
      width: 32,
      bos: 'B',
      eos: 'E',
      epsilon: 0.1,
      metric: 'euclidean',
      candidates: 1024,
      maxLength: 14,
      model: { name: 'shipped addition model', processing: 'transformerlens', accuracy: 1 },
    });
    expect(own?.sites.map(({ short }) => short).slice(0, 3)).toEqual(['x0.pre', 'a0.0', 'a0.1']);
    expect(own?.sites[1]).toMatchObject({
      kind: 'head',
      layer: 0,
      head: 0,
      what: 'output of head 0 of layer 0',
    });
    for (const { rate } of own?.sites ?? []) expect(rate).toBeGreaterThan(0.1);
    expect(own?.examples[0]).toBe('535+861=1396');
    expect(own?.trainings.decoder.map(({ name }) => name)).toContain('fast');
    expect(list.directories.map(({ ref, kind, task }) => [ref, kind, task])).toEqual([
      ['models/addition-decoder', 'decoder', 'addition'],
      ['models/addition-model', 'model', null],
      ['models/counting-decoder', 'decoder', 'counting'],
      ['models/counting-model', 'model', null],
    ]);
  });

  it('names no directory of the machine', async () => {
    expect(JSON.stringify(await server.client.cases())).not.toContain(server.folder);
    expect(JSON.stringify(await server.client.case(smallCase('addition')))).not.toContain(server.folder);
  });
});

describe('GET /api/cases/:id', () => {
  it('describes a case of directories', async () => {
    const own = caseSchema.parse(await server.client.case(smallCase('counting')));
    expect(own).toMatchObject({ task: 'counting', unavailable: null, width: 64 });
    expect(own.model?.name).toBe('models/counting-model');
  });

  it('says why readings cannot be made: a decoder of another model', async () => {
    const own = await server.client.case('addition~~models/addition-decoder');
    expect(own.unavailable).toMatch(/was trained on small/);
    expect(own.model).not.toBeNull();
    expect(own.decoder).toBeNull();
  });

  it.each([
    ['subtraction', /^Unknown task "subtraction"/],
    ['additon', /Did you mean "addition"\?/],
    ['addition~models/none~', /^There is no model "models\/none"/],
    ['addition~models/additon-model~', /Did you mean "models\/addition-model"\?/],
    ['addition~~models/addition-model', /^There is no decoder/],
    ['addition~../addition-model~', /^There is no model/],
    ['addition~models/../models/addition-model~', /^There is no model/],
    ['addition~/etc~', /^There is no model/],
    ['addition~models/~', /^There is no model/],
    ['addition~runs/x~', /^There is no model/],
    ['addition~a~b~c', /addition has tokens of its own/],
    ['addition~a~b~c~d', /is not of the form/],
  ])('refuses %s', async (id, message) => {
    await expect(server.client.case(id)).rejects.toMatchObject({
      status: 400,
      code: 'input',
      message: expect.stringMatching(message),
    });
  });
});

describe('GET /api/random', () => {
  it('gives the same input for the same seed, an input of the task', async () => {
    const first = randomInputSchema.parse(await server.client.random('addition', 7));
    expect(await server.client.random('addition', 7)).toEqual(first);
    expect(addition.check(addition.encode(first.input))).toBeNull();
    const { input, seed } = randomInputSchema.parse(await server.client.random('counting'));
    expect(counting.check(counting.encode(input))).toBeNull();
    expect(await server.client.random('counting', seed)).toEqual({ input, seed });
  });

  it.each([
    '',
    '?case=',
    '?case=nothing',
    '?case=addition&seed=-1',
    '?case=addition&seed=x',
    '?case=addition&seed=1.5',
  ])('refuses %j', async (query) => {
    const answer = await ask(server, 'GET', `/api/random${query}`);
    expect([answer.status, problemIn(answer).code]).toEqual([400, 'input']);
  });
});

describe('POST /api/inspect', () => {
  it('gives tokens, places and what the model expects after each', async () => {
    const answer = inspectionSchema.parse(
      await server.client.inspect({ case: 'addition', input: '615+861=1476' }),
    );
    if (!answer.ok) throw new Error(answer.problem);
    expect(answer.tokens.map(({ text }) => text).join('')).toBe('B615+861=1476E');
    expect(answer.tokens.map(({ place }) => place)).toEqual([
      'BOS',
      'F1',
      'F2',
      'F3',
      '+',
      'S1',
      'S2',
      'S3',
      '=',
      'A1',
      'A2',
      'A3',
      'A4',
      'E',
    ]);
    expect(answer).toMatchObject({ problem: null, annotation: { sum: 1476, C2: 0, C3: 0 } });
    // The shipped model adds: after "=" it says 1, and so on to the end.
    for (const [at, { determined, probability }] of answer.tokens.entries()) {
      expect(determined).toBe(at > 8);
      if (determined) expect(probability).toBeGreaterThan(0.9);
    }
    expect(answer.tokens[8]?.next[0]).toMatchObject({ token: '1' });
    expect(answer.tokens[0]?.probability).toBeNull();
    for (const { next } of answer.tokens) {
      expect(next).toHaveLength(5);
      const sum = next.reduce((total, { probability }) => total + probability, 0);
      expect(sum).toBeLessThanOrEqual(1.001);
      expect([...next].sort((a, b) => b.probability - a.probability)).toEqual(next);
    }
  });

  it.each([
    ['615+861=1477', /does not hold: 615\+861 is 1476/],
    ['615+', /not of the form/],
  ])('takes %s, and says that it is no input', async (input, problem) => {
    const answer = await server.client.inspect({ case: 'addition', input, top: 1 });
    expect(answer).toMatchObject({ ok: true, problem: expect.stringMatching(problem), split: null });
  });

  it.each([
    ['61x+1', 2, /^The character "x"/],
    ['615+861=14760000', null, /16 tokens/],
    ['', null, /empty/],
    ['1é', 1, /"é"/],
    ['😀1', 0, /"😀"/],
    ['B', 0, /"B"/],
  ])('explains %j in place', async (input, at, problem) => {
    expect(await server.client.inspect({ case: 'addition', input })).toEqual({
      ok: false,
      input,
      at,
      problem: expect.stringMatching(problem),
    });
  });

  it.each([
    {},
    { case: 'addition' },
    { case: 1, input: '' },
    { case: 'addition', input: 5 },
    { case: 'addition', input: '1', top: 0 },
    { case: 'addition', input: '1', top: 1e9 },
    { case: 'addition', input: '1'.repeat(2001) },
    { case: 'nothing', input: '1' },
    { case: 'x'.repeat(501), input: '1' },
    [],
    null,
  ])('refuses %j', async (body) => {
    const answer = await ask(server, 'POST', '/api/inspect', json, JSON.stringify(body));
    expect([answer.status, problemIn(answer).code]).toEqual([400, 'input']);
  });
});

describe('POST /api/attention', () => {
  it('gives the pattern of every head', async () => {
    const answer = attentionSchema.parse(
      await server.client.attention({ case: 'counting', input: 'abbc|b:2' }),
    );
    expect(answer.tokens.join('')).toBe('Babbc|b:2E');
    expect(answer.places[6]).toBe('query');
    expect(answer.patterns.map((heads) => heads.length)).toEqual([1, 1]);
    for (const rows of answer.patterns.flat()) {
      expect(rows).toHaveLength(10);
      rows.forEach((row, query) => {
        expect(row).toHaveLength(10);
        expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 2);
        for (const weight of row.slice(query + 1)) expect(weight).toBe(0);
      });
    }
  });

  it('refuses what is not made of tokens', async () => {
    await expect(server.client.attention({ case: 'addition', input: 'x' })).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/^The character "x"/),
    });
  });
});

it('GET /api/status tells what is going on', async () => {
  const status = serverStatusSchema.parse(await server.client.status());
  expect(status).toMatchObject({ working: 0, waiting: 0 });
  expect(status.warm).toContain('addition');
  expect(status.memory).toBeGreaterThan(1e7);
});
