/**
 * One table of verbs: the list and what it names agree, a request is parsed once and answered in order, and a page is
 * served over a port as it is over HTTP.
 */
import { MessageChannel } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nodeRuntime } from '../../src/engine/runtime/node.js';
import { InputError } from '../../src/input-error.js';
import { type Client } from '../../src/server/client.js';
import { folderLibrary } from '../../src/server/models/library.js';
import { createModelShelf } from '../../src/server/models/model-shelf.js';
import { type Bench, createBench } from '../../src/workbench/bench.js';
import { type Calls, answering } from '../../src/workbench/calls.js';
import { clientOver } from '../../src/workbench/client.js';
import { type CallMessage, type ReplyMessage, answerThrough, callThrough } from '../../src/workbench/port.js';
import { benchVerbs, fileVerbs } from '../../src/workbench/table.js';
import { type Verb, verbsOf } from '../../src/workbench/verb.js';
import { type Listed, addressOf, verbs } from '../../src/workbench/verbs.js';
import { type TestServer, gathered, smallCase, startTestServer } from '../server/start.js';

/** Calls through a channel, as between a page and its worker. */
function overChannel(calls: Calls): { through: Calls; reports: string[]; close: () => Promise<void> } {
  const { port1: page, port2: worker } = new MessageChannel();
  const reports: string[] = [];
  const through = callThrough((message) => page.postMessage(message));
  const closed = new Promise<void>((resolve) => {
    const receive = answerThrough(
      (message) => worker.postMessage(message),
      calls,
      (line) => reports.push(line),
      () => {
        worker.close();
        resolve();
        return Promise.resolve();
      },
    );
    worker.on('message', (message: CallMessage) => receive(message));
  });
  page.on('message', (message: ReplyMessage) => through.receive(message));
  return {
    through,
    reports,
    close: () => {
      page.postMessage({ kind: 'close' });
      return closed;
    },
  };
}

describe('the list', () => {
  const table: Readonly<Record<string, Verb<never>>> = { ...benchVerbs, ...fileVerbs };
  const listed = Object.entries<Listed>(verbs);

  it('has every verb but the one that only whoever starts a workbench asks', () => {
    expect(Object.keys(table).sort()).toEqual([...Object.keys(verbs), 'prepare'].sort());
  });

  it.each(listed)('says of %s what the verb takes and gives', (name, { at, gives }) => {
    const { address, body, answer, events } = table[name] ?? {};
    const { inPath, inQuery, hasBody } = addressOf(at);
    const parts = address === undefined ? [] : Object.keys((address as z.ZodObject).shape);
    expect([...inPath, ...inQuery].sort()).toEqual(parts.sort());
    if (body !== undefined) expect(hasBody).toBe(true);
    expect(events !== undefined).toBe(gives === 'events');
    expect(answer === undefined).toBe(gives === 'events' || gives === 'nothing');
  });

  it('has each address once', () => {
    expect(new Set(listed.map(([, { at }]) => at)).size).toBe(listed.length);
  });
});

describe('a call', () => {
  /** Verbs that note what is done, in order. */
  function noting() {
    const done: string[] = [];
    const body = z.strictObject({
      text: z.string().transform((text) => {
        done.push('parsed');
        return `${text}!`;
      }),
    });
    const verb = verbsOf<{ readonly limit: number }>();
    const echo = verb({
      body,
      events: { part: z.string() },
      open({ text }, { limit }) {
        done.push('opened');
        if (text.length > limit) throw new InputError('The text is too long.');
        return Promise.resolve(text.length);
      },
      run({ text }, _, { emit }, length) {
        done.push(`run ${length}`);
        emit({ event: 'part', data: text });
        if (text === 'fault!') throw new TypeError('a secret');
        return Promise.resolve();
      },
    });
    const place = verb({
      address: z.object({ name: z.string(), at: z.coerce.number().optional() }),
      body: z.number(),
      answer: z.unknown(),
      run: (request) => Promise.resolve(request),
    });
    return { done, calls: answering({ echo, place }, { limit: 10 }) };
  }

  it('is parsed once, opened, and run', async () => {
    const { done, calls } = noting();
    const { through, close } = overChannel(calls);
    await through.call(
      'echo',
      { body: { text: 'a' } },
      { onOpen: () => done.push('open'), onEvent: (event, json) => done.push(`${event} ${json}`) },
    );
    await close();
    expect(done).toEqual(['parsed', 'opened', 'run 2', 'open', 'part "a!"']);
  });

  it('of an address with a body has both', async () => {
    const { calls } = noting();
    const json = await calls.call('place', { address: { name: 'n', at: '3', more: 1 }, body: 5 });
    expect(JSON.parse(json)).toEqual({ name: 'n', at: 3, body: 5 });
  });

  it.each([
    ['echo', { body: { text: 1 } }, /^The request is not accepted: text: /],
    ['echo', { body: { text: 'a', more: 1 } }, /^The request is not accepted: Unrecognized key/],
    ['echo', {}, /^The body is not JSON\.$/],
    ['echo', { body: { text: 'far too long' } }, /^The text is too long\.$/],
    ['place', { body: 5 }, /^The address is not accepted: name: /],
  ])('of %s with %j is refused before it is open', async (verb, request, message) => {
    const { done, calls } = noting();
    const { through, reports, close } = overChannel(calls);
    const opened: boolean[] = [];
    const call = through.call(verb, request, { onOpen: () => opened.push(true) });
    await expect(call).rejects.toMatchObject({ code: 'input', message: expect.stringMatching(message) });
    await close();
    expect([opened, reports]).toEqual([[], []]);
    expect(done.join()).not.toContain('run');
  });

  it('that fails for a fault of the program says no more than that, and reports the rest', async () => {
    const { calls } = noting();
    const { through, reports, close } = overChannel(calls);
    await expect(through.call('echo', { body: { text: 'fault' } })).rejects.toMatchObject({
      code: 'internal',
      message: expect.not.stringContaining('secret'),
    });
    await close();
    expect(reports).toEqual([expect.stringContaining('a secret')]);
  });
});

it('a client that is stopped is given nothing more, though it has come already', async () => {
  const stop = new AbortController();
  const calls: Calls = {
    call(_verb, _request, { onOpen, onEvent } = {}) {
      onOpen?.();
      for (const ahead of [2, 1, 0]) onEvent?.('queued', JSON.stringify({ ahead, preparing: null }));
      return Promise.resolve('null');
    },
  };
  const request = { case: 'addition', input: '1+1=2', site: 'a0.0', position: '=' };
  const given: string[] = [];
  await expect(
    (async () => {
      for await (const { event } of clientOver(calls).read(request, stop.signal)) {
        given.push(event);
        stop.abort();
      }
    })(),
  ).rejects.toMatchObject({ name: 'AbortError' });
  expect(given).toEqual(['queued']);
});

describe('a page without a server', () => {
  let server: TestServer;
  let bench: Bench;
  let page: Client;
  let close: () => Promise<void>;
  beforeAll(async () => {
    server = await startTestServer();
    const folders = { models: `${server.folder}/models`, runs: null };
    bench = createBench({
      host: { version: '0', uptime: () => 0, memory: () => 0, report: () => undefined },
      library: folderLibrary(folders),
      runtime: nodeRuntime(),
      store: null,
    });
    const channel = overChannel(answering(benchVerbs, { ...bench, shelf: createModelShelf(folders) }));
    ({ close } = channel);
    page = clientOver(channel.through);
  });
  afterAll(async () => {
    await close();
    await bench.dispose();
    await server.dispose();
  });

  const query = { case: smallCase('addition'), input: '615+861=1476', site: 'a0.0', position: '=' } as const;
  /** Events without the times that they took. */
  const timeless = (events: readonly { event: string; data: unknown }[]) =>
    events
      .filter(({ event }) => event !== 'queued')
      .map(({ event, data }) => ({ event, data: { ...(data as object), milliseconds: 0 } }));

  it('is given what a server gives', async () => {
    const { client } = server;
    const one = { ...query, candidates: 64 };
    const map = { case: query.case, input: query.input, sites: ['a0.0'], positions: [8, 3], candidates: 16 };
    const swept = {
      case: query.case,
      input: query.input,
      changes: [{ at: 'F1', token: null }],
      sites: ['a0.0'],
    };
    const streams: readonly ((of: Client) => AsyncIterable<{ event: string; data: unknown }>)[] = [
      (of) => of.read(one),
      (of) => of.overview(map),
      (of) => of.sweep(swept),
    ];
    for (const ask of streams)
      expect(timeless(await gathered(ask(page)))).toEqual(timeless(await gathered(ask(client))));
    for (const ask of [
      (of: Client) => of.random('counting', 3),
      (of: Client) => of.case(query.case),
      (of: Client) => of.inspect({ case: query.case, input: '12+' }),
      (of: Client) => of.judge({ ...query, inputs: ['1+1=2'] }),
    ])
      expect(await ask(page)).toEqual(await ask(client));
    const done = (await gathered(page.sweep(swept))).at(-1);
    if (done?.event !== 'done') throw new Error(`the last event is ${JSON.stringify(done)}`);
    expect(await page.sweepFigure({ record: done.data.record })).toMatch(/^<svg/);
  });

  it('is refused in the same words', async () => {
    const problems = async (of: Client): Promise<string[]> => {
      const refused = [
        of.inspect({ case: 'nothing', input: '1' }),
        of.random('addition', -1),
        gathered(of.read({ ...query, site: 'a9.9' })),
        gathered(of.overview({ case: query.case, input: 'x' })),
      ];
      const settled = await Promise.allSettled<unknown>(refused);
      return settled.map((one) => (one.status === 'rejected' ? String(one.reason) : 'not refused'));
    };
    const words = await problems(page);
    expect(words).toEqual(await problems(server.client));
    expect(words.join()).not.toContain('not refused');
  });

  it('stops work that it leaves, and the next is answered', async () => {
    for await (const { event } of page.read({ ...query, candidates: 16_384 }))
      if (event === 'candidates') break;
    expect((await gathered(page.read({ ...query, candidates: 64 }))).at(-1)?.event).toBe('done');
    const stop = new AbortController();
    const events = page.read({ ...query, candidates: 16_384 }, stop.signal);
    await events.next();
    stop.abort();
    await expect(gathered(events)).rejects.toThrow(/abort|stopped/i);
    await expect.poll(() => page.status()).toMatchObject({ working: 0, waiting: 0 });
  });
});
