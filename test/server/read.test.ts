/**
 * Readings and overviews as streams: what comes in which order, what it adds up to, and how work is stopped.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { createReader } from '../../src/inversion/preimage.js';
import { readingSchema } from '../../src/inversion/reading.js';
import { thinnedRounds } from '../../src/inversion/rounds.js';
import { decoderFor, modelFor } from '../../src/jobs/shipped.js';
import { judgementSchema } from '../../src/workbench/verbs/judge.js';
import { overviewEventSchemas } from '../../src/workbench/verbs/overview.js';
import {
  type ReadEvent,
  type ReadRequest,
  readEventSchemas,
  readVerbs,
} from '../../src/workbench/verbs/read.js';
import { type SavedReading } from '../../src/workbench/verbs/readings.js';
import { folderLibrary } from '../../src/server/models/library.js';
import { addition } from '../../src/studies/index.js';
import { createBench } from '../../src/workbench/bench.js';
import { answering } from '../../src/workbench/calls.js';
import { type TestServer, ask, gathered, json, problemIn, smallCase, startTestServer } from './start.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.dispose());

const query = { case: 'addition', input: '615+861=1476', site: 'a0.0', position: '=', seed: 3 } as const;
const small: ReadRequest = { ...query, case: smallCase('addition'), candidates: 64 };

/** Holds events to the contract. */
function expectContract(events: readonly ReadEvent[]): void {
  for (const { event, data } of events) expect(readEventSchemas[event].parse(data)).toEqual(data);
}

/** What a page keeps of a stream. */
function kept(events: readonly ReadEvent[], request: ReadRequest): SavedReading {
  const of = <E extends ReadEvent['event']>(name: E) =>
    events.flatMap((event) =>
      event.event === name ? [event.data as Extract<ReadEvent, { event: E }>['data']] : [],
    );
  const [facts] = of('query');
  if (facts === undefined) throw new Error('no query');
  const { rounds: _r, candidates: _c, epsilon, metric, norm: _n, fromBos: _f, ...rest } = facts;
  const deltas = of('deltas').flatMap((part) => part.deltas);
  const follows = of('deltas').flatMap((part) => part.follows);
  const draws = of('candidates').flatMap((part) => part.draws);
  return {
    format: 'inversionview-reading',
    version: 1,
    request: {
      ...request,
      temperature: request.temperature ?? null,
      noise: request.noise ?? null,
      seed: request.seed ?? 1,
    },
    query: rest,
    view: { metric, epsilon },
    metrics: ['euclidean', 'cosine'],
    samples: of('candidates')
      .flatMap((part) => part.samples)
      .map((sample, at) => ({
        ...sample,
        count: draws.filter((draw) => draw === at).length,
        tokenDelta: deltas[at] ?? null,
        follows: follows[at] ?? [],
      })),
    stated: null,
  };
}

describe('POST /api/read', () => {
  it('streams the query, the candidates with their colours, and the end', async () => {
    const events = await gathered(server.client.read({ ...query, candidates: 512 }));
    expectContract(events);
    const names = events.map(({ event }) => event);
    const begin = names.lastIndexOf('queued');
    expect(names.slice(0, begin + 1)).toEqual(Array(begin + 1).fill('queued'));
    expect(names[begin + 1]).toBe('query');
    expect(names[begin + 2]).toBe('candidates');
    expect(names[begin + 3]).toBe('deltas');
    expect(names.at(-1)).toBe('done');
    expect(names.filter((name) => name === 'candidates')).toHaveLength(5);

    let [distinct, candidates, coloured] = [0, 0, 0];
    for (const { event, data } of events) {
      if (event === 'query') {
        expect(data).toMatchObject({ position: 8, place: '=', short: 'a0.0', candidates: 512, epsilon: 0.1 });
        expect(data.attention).toHaveLength(14);
        expect(data.fromBos).toBeGreaterThan(0);
      } else if (event === 'candidates') {
        distinct += data.samples.length;
        candidates += data.draws.length;
        for (const draw of data.draws) expect(draw).toBeLessThan(distinct);
      } else if (event === 'deltas') {
        // Never before the samples, in order, none left out.
        expect(data.start).toBe(coloured);
        coloured += data.deltas.length;
        expect(coloured).toBeLessThanOrEqual(distinct);
      } else if (event === 'done') {
        expect(data).toMatchObject({ candidates: 512, distinct });
        expect(data.milliseconds.first).toBeLessThanOrEqual(data.milliseconds.judged);
      }
    }
    expect([candidates, coloured]).toEqual([512, distinct]);
  });

  it('is the reading that the library gives, in both metrics', async () => {
    const request: ReadRequest = { ...query, candidates: 320 };
    const own = kept(await gathered(server.client.read(request)), request);
    const model = await modelFor(addition, undefined, 'transformerlens');
    const decoder = await decoderFor(addition, undefined, model);
    const reader = createReader(nodeRuntime(), model, decoder, addition);
    const { ids, position } = { ids: addition.encode(query.input), position: 8 };
    const rounds = addition.rounds.slice(0, 5);
    const preimage = await reader.read({ ids, position, site: 'a0.0', seed: 3, rounds });
    for (const view of [
      { metric: 'euclidean', epsilon: 0.1 },
      { metric: 'cosine', epsilon: 0.02 },
    ] as const) {
      const expected = await reader.view(preimage, view);
      const file = await server.client.export({ format: 'json', reading: { ...own, view } });
      const exported = readingSchema.parse(JSON.parse(await file.text()));
      const { samples, attention, ...figures } = exported;
      const { samples: expectedSamples, attention: _a, ...expectedFigures } = expected;
      expect(figures).toEqual(expectedFigures);
      expect(attention?.length).toBe(14);
      expect(samples.map(({ text }) => text)).toEqual(expectedSamples.map(({ text }) => text));
      samples.forEach((sample, at) => {
        const other = expectedSamples[at];
        expect(sample).toMatchObject({
          tokens: other?.tokens,
          valid: other?.valid,
          inside: other?.inside,
          matchedPosition: other?.matchedPosition,
          round: other?.round,
          temperature: other?.temperature,
        });
        expect(sample.distance).toBeCloseTo(other?.distance ?? NaN, 5);
        expect(sample.follows).toEqual(other?.follows);
        sample.tokenDelta.forEach((delta, token) => {
          const wanted = other?.tokenDelta[token] ?? null;
          if (wanted === null) expect(delta).toBeNull();
          else expect(delta).toBeCloseTo(wanted, 3);
        });
        sample.distances.forEach((far, token) => expect(far).toBeCloseTo(other?.distances[token] ?? NaN, 3));
      });
    }
    await reader.dispose();
  });

  it('gives the same samples for the same seed, and others for another', async () => {
    const texts = async (request: ReadRequest): Promise<string[]> =>
      kept(await gathered(server.client.read(request)), request).samples.map(({ text }) => text);
    const first = await texts(small);
    expect(await texts(small)).toEqual(first);
    expect(await texts({ ...small, seed: 4 })).not.toEqual(first);
    expect(await texts({ ...small, temperature: 0.7, noise: 0.2 })).not.toEqual(first);
  });

  it('takes places, indices and site names of either form', async () => {
    for (const how of [{ position: 8 }, { position: -6 }, { site: 'blocks.0.attn.hook_result.0' }]) {
      const [facts] = (await gathered(server.client.read({ ...small, ...how }))).filter(
        ({ event }) => event === 'query',
      );
      expect(facts?.data).toMatchObject({ position: 8, site: 'blocks.0.attn.hook_result.0' });
    }
  });

  it('warns of an input that is none of the task', async () => {
    const events = await gathered(server.client.read({ ...small, input: '12+', position: -1 }));
    const [facts] = events.filter(({ event }) => event === 'query');
    expect(facts?.data).toMatchObject({ warnings: [expect.stringMatching(/not of the form/)], place: 'E' });
    expect(events.at(-1)?.event).toBe('done');
  });

  it.each([
    [{ site: 'a9.0' }, /^Unknown site "a9\.0"/],
    [{ position: 'A9' }, /^Unknown position "A9"/],
    [{ position: 14 }, /^Position 14 is out of range/],
    [{ position: 1.5 }, /position/],
    [{ input: 'abc' }, /^The character "a"/],
    [{ input: '' }, /empty/],
    [{ seed: -1 }, /seed/],
    [{ seed: 1.5 }, /seed/],
    [{ candidates: 0 }, /candidates/],
    [{ candidates: 16_385 }, /candidates/],
    [{ temperature: 0 }, /temperature/],
    [{ temperature: [] }, /temperature/],
    [{ temperature: [1, -1] }, /temperature/],
    [{ temperature: [1, 1] }, /^The temperatures 1, 1 have one twice/],
    [{ temperature: [1, 2, 3], candidates: 2 }, /^2 candidates are too few for 3 temperatures/],
    [{ noise: -1 }, /noise/],
    [{ case: 'addition~~models/addition-decoder' }, /was trained on/],
    [{ extra: 1 }, /Unrecognized key/],
  ])('refuses %j before anything is streamed', async (change, message) => {
    const answer = await ask(server, 'POST', '/api/read', json, JSON.stringify({ ...small, ...change }));
    expect(answer.status).toBe(400);
    expect(problemIn(answer)).toMatchObject({ code: 'input', message: expect.stringMatching(message) });
  });
});

describe('POST /api/judge', () => {
  const { candidates: _candidates, seed: _seed, ...asked } = small as ReadRequest & { seed: number };

  it("judges a person's own inputs as the library does, with their colours", async () => {
    const inputs = ['615+861=1476', '861+615=1476', '61', '615+861=1476'];
    const { case: _case, ...question } = query;
    const { seed: _own, ...shipped } = { ...question, case: 'addition' };
    const judgement = await server.client.judge({ ...shipped, inputs });
    expect(judgementSchema.parse(judgement)).toEqual(judgement);
    expect(judgement.inputs.map(({ text, valid }) => [text, valid])).toEqual([
      ['615+861=1476', true],
      ['861+615=1476', true],
      ['61', false],
    ]);
    const model = await modelFor(addition, undefined, 'transformerlens');
    const decoder = await decoderFor(addition, undefined, model);
    const reader = createReader(nodeRuntime(), model, decoder, addition);
    const { reading } = await reader.read({
      ids: addition.encode(query.input),
      position: 8,
      site: 'a0.0',
      seed: 3,
      rounds: [],
      own: inputs.map((text) => addition.encode(text)),
    });
    judgement.inputs.forEach(({ euclidean, tokenDelta, follows, places }, at) => {
      const own = reading.own?.[at];
      expect(euclidean?.distance).toBeCloseTo(own?.distance ?? NaN, 5);
      expect(euclidean?.position).toBe(own?.matchedPosition);
      expect(follows).toEqual(own?.follows);
      tokenDelta?.forEach((delta, token) => {
        const wanted = own?.tokenDelta[token] ?? null;
        if (wanted === null) expect(delta).toBeNull();
        else expect(delta).toBeCloseTo(wanted, 3);
      });
      expect(places).toHaveLength(addition.places(addition.encode(query.input)).length);
    });
    await reader.dispose();
  });

  it.each([
    [{ inputs: [] }, /inputs/],
    [{ inputs: Array(51).fill('1') }, /inputs/],
    [{ inputs: ['abc'] }, /^The character "a"/],
    [{ inputs: [''] }, /empty/],
    [{ inputs: ['1'.repeat(13)] }, /13 tokens/],
    [{ inputs: [1] }, /inputs/],
    [{ site: 'a9.0' }, /^Unknown site "a9\.0"/],
    [{ position: 'A9' }, /^Unknown position "A9"/],
    [{ seed: 1 }, /Unrecognized key/],
  ])('refuses %j', async (change, message) => {
    const body = JSON.stringify({ ...asked, inputs: ['615+861=1476'], ...change });
    const answer = await ask(server, 'POST', '/api/judge', json, body);
    expect(answer.status).toBe(400);
    expect(problemIn(answer)).toMatchObject({ code: 'input', message: expect.stringMatching(message) });
  });
});

describe('who goes away', () => {
  it('stops the work between batches', async () => {
    const bench = createBench({
      host: { version: '0', uptime: () => 0, memory: () => 0, report: () => undefined },
      library: folderLibrary({ models: `${server.folder}/models`, runs: null }),
      runtime: nodeRuntime(),
      store: null,
    });
    const stop = new AbortController();
    let batches = 0;
    const following = {
      onEvent: (event: string) => {
        if (event === 'candidates') batches += 1;
        if (batches === 2) stop.abort();
      },
      signal: stop.signal,
    };
    const reading = answering(readVerbs, bench).call(
      'read',
      { body: { ...small, candidates: 16_384 } },
      following,
    );
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(batches).toBe(2);
    await bench.dispose();
  });

  it('lets the next one in', async () => {
    const stop = new AbortController();
    let judged = 0;
    const all = 16_384;
    await expect(async () => {
      for await (const { event, data } of server.client.read({ ...small, candidates: all }, stop.signal)) {
        if (event === 'candidates') judged += data.draws.length;
        if (judged > 0) stop.abort();
      }
    }).rejects.toMatchObject({ name: 'AbortError' });
    expect(judged).toBeLessThan(all);
    const next = await gathered(server.client.read(small));
    expect(next.at(-1)?.event).toBe('done');
    expect(await server.client.status()).toMatchObject({ working: 0, waiting: 0 });
  });

  it('leaves the line without having been served', async () => {
    const first = server.client.read({ ...small, candidates: 8192 });
    for (let event = await first.next(); event.value?.event !== 'candidates'; event = await first.next());
    const stop = new AbortController();
    const waiting = server.client.read(small, stop.signal);
    expect(await waiting.next()).toMatchObject({ value: { event: 'queued', data: { ahead: 1 } } });
    expect(await server.client.status()).toMatchObject({ working: 1, waiting: 1 });
    stop.abort();
    await expect(waiting.next()).rejects.toMatchObject({ name: 'AbortError' });
    // A reader that is left closes its request.
    await first.return();
    expect((await gathered(server.client.read(small))).at(-1)?.event).toBe('done');
    expect(await server.client.status()).toMatchObject({ working: 0, waiting: 0 });
  });
});

it('twenty pages at once are all answered, in order, each told its place', async () => {
  const order: number[] = [];
  const places: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async (_, page) => {
      const events: ReadEvent[] = [];
      for await (const event of server.client.read({ ...small, seed: page })) {
        if (events.length === 0 && event.event === 'queued') places[page] = event.data.ahead;
        if (event.event === 'query') order.push(page);
        events.push(event);
      }
      expect(events.at(-1)?.event).toBe('done');
      // The place only ever gets nearer.
      const ahead = events.flatMap(({ event, data }) => (event === 'queued' ? [data.ahead] : []));
      expect(ahead).toEqual([...ahead].sort((a, b) => b - a));
      expect(ahead.at(-1)).toBe(0);
    }),
  );
  expect(order).toHaveLength(20);
  const expected = [...order].sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  expect(order).toEqual(expected);
});

describe('POST /api/overview', () => {
  const request = { case: smallCase('addition'), input: '615+861=1476', seed: 3 };

  it('gives every site at every position', async () => {
    const events = await gathered(
      server.client.overview({ ...request, sites: ['a0.0', 'x1.post'], candidates: 32 }),
    );
    for (const { event, data } of events) expect(overviewEventSchemas[event].parse(data)).toEqual(data);
    const [plan, ...rest] = events;
    if (plan?.event !== 'plan') throw new Error('no plan');
    expect(plan.data.sites.map(({ short }) => short)).toEqual(['a0.0', 'x1.post']);
    expect(plan.data.positions.map(({ position }) => position)).toEqual(
      Array.from({ length: 13 }, (_, at) => at),
    );
    const cells = rest.flatMap(({ event, data }) => (event === 'cell' ? [data] : []));
    expect(cells.map(({ site, position }) => `${site} ${position}`)).toEqual(
      plan.data.sites.flatMap(({ site }) => plan.data.positions.map(({ position }) => `${site} ${position}`)),
    );
    for (const { euclidean, cosine, distinct, invalid } of cells) {
      expect([euclidean.length, cosine.length]).toEqual([32, 32]);
      expect([...euclidean].sort((a, b) => a - b)).toEqual(euclidean);
      expect(Math.max(distinct, invalid)).toBeLessThanOrEqual(32);
    }
    expect(rest.at(-1)).toMatchObject({ event: 'done', data: { cells: 26 } });
  });

  it('has in each cell what a reading with its rounds gives', async () => {
    const events = await gathered(
      server.client.overview({
        ...request,
        case: 'addition',
        sites: ['a0.0'],
        positions: [8, 3],
        candidates: 64,
      }),
    );
    const cells = events.flatMap(({ event, data }) => (event === 'cell' ? [data] : []));
    const model = await modelFor(addition, undefined, 'transformerlens');
    const reader = createReader(nodeRuntime(), model, await decoderFor(addition, undefined, model), addition);
    for (const [at, position] of [8, 3].entries()) {
      const { candidates } = await reader.read({
        ids: addition.encode(request.input),
        site: 'a0.0',
        position,
        seed: 3,
        rounds: thinnedRounds(addition, 64),
      });
      const expected = candidates.map(({ verdicts }) => verdicts.euclidean.distance).sort((a, b) => a - b);
      expect(cells[at]?.position).toBe(position);
      cells[at]?.euclidean.forEach((distance, row) => expect(distance).toBeCloseTo(expected[row] ?? NaN, 5));
    }
    await reader.dispose();
  });

  it('lets a reading in between its sites', async () => {
    const map = server.client.overview({ ...request, input: '1', candidates: 128 });
    for (let event = await map.next(); event.value?.event !== 'cell'; event = await map.next());
    expect((await gathered(server.client.read(small))).at(-1)?.event).toBe('done');
    const rest = await gathered(map);
    expect(rest.filter(({ event }) => event === 'cell').length).toBeGreaterThan(13);
  });

  it.each([
    [{ sites: [] }, /sites/],
    [{ sites: ['a9.9'] }, /^Unknown site/],
    [{ positions: [99] }, /out of range/],
    [{ positions: [-1] }, /positions/],
    [{ candidates: 1 }, /candidates/],
    [{ input: 'x' }, /^The character/],
  ])('refuses %j', async (change, message) => {
    const answer = await ask(
      server,
      'POST',
      '/api/overview',
      json,
      JSON.stringify({ ...request, ...change }),
    );
    expect(answer.status).toBe(400);
    expect(problemIn(answer).message).toMatch(message);
  });
});

it('a server that closes tells who is reading', async () => {
  const other = await startTestServer();
  const events = other.client.read({ ...small, candidates: 16_384 });
  for (let event = await events.next(); event.value?.event !== 'candidates'; event = await events.next());
  const [rest] = await Promise.all([gathered(events), other.dispose()]);
  expect(rest.at(-1)).toEqual({
    event: 'error',
    data: { code: 'stopped', message: expect.any(String) },
  });
});
