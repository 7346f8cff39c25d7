/** Following a stream: what is asked, what is shown meanwhile, and that a stream that breaks off is noticed. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Client } from '../../src/server/client.js';
import { createFollow, type Follow, once, type Stream, wordsOf } from '../../web/src/follow.svelte.js';
import { createCompleteness } from '../../web/src/information/completeness.svelte.js';
import { createReadout } from '../../web/src/information/readout.svelte.js';
import { createMemory } from '../../web/src/memory.js';
import { createCatalog } from '../../web/src/models/catalog.svelte.js';
import { createMaps } from '../../web/src/overview/maps.js';
import { createPatching } from '../../web/src/patch/patching.js';
import { createRun } from '../../web/src/reading/run.svelte.js';
import { createTrainings } from '../../web/src/train/trainings.svelte.js';

type Event = { event: 'queued' | 'progress' | 'part' | 'done' | 'error'; data: unknown };
type Feed = {
  send(event: Event['event'], data?: unknown): void;
  end(error?: Error): void;
  signal: AbortSignal;
};

/** A server whose streams send what a test says; `feeds` has one a request, oldest first. */
function server(): { feeds: Feed[]; open: Stream<string, Event, string[]>['open'] } {
  const feeds: Feed[] = [];
  return {
    feeds,
    async *open(_, signal) {
      const waiting: (Event | Error | null)[] = [];
      let wake: () => void = () => undefined;
      const push = (item: Event | Error | null): void => {
        waiting.push(item);
        wake();
      };
      feeds.push({
        send: (event, data = null) => push({ event, data }),
        end: (error) => push(error ?? null),
        signal,
      });
      for (;;) {
        while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const item = waiting.shift() ?? null;
        if (item === null) return;
        if (item instanceof Error) throw item;
        yield item;
      }
    },
  };
}

const tick = (): Promise<void> => delay(5);
const parts = (
  open: Stream<string, Event, string[]>['open'],
  more: Partial<Stream<string, Event, string[]>> = {},
): Follow<string, string[]> =>
  createFollow({
    name: 'The list',
    open,
    isLast: ({ event }) => event === 'done',
    empty: [],
    begin: (before, same) => (same ? before : []),
    take: (before, { event, data }) => (event === 'part' ? [...before, String(data)] : before),
    ...more,
  });

describe('a followed stream', () => {
  it('is idle, waits in the queue, runs with its progress, and is done', async () => {
    const { feeds, open } = server();
    const list = parts(open);
    expect([list.phase, list.working, wordsOf(list, 'Asking…')]).toEqual(['idle', false, '']);
    list.start('a');
    expect([list.phase, list.working, wordsOf(list, 'Asking…')]).toEqual(['waiting', true, 'Asking…']);
    feeds[0]?.send('queued', { ahead: 1200, preparing: null });
    await tick();
    expect([list.phase, wordsOf(list)]).toEqual(['waiting', 'Waiting, 1,200 before']);
    feeds[0]?.send('queued', { ahead: 0, preparing: 'Graphs are compiled.' });
    await tick();
    expect(wordsOf(list)).toBe('Graphs are compiled.');
    feeds[0]?.send('progress', { what: 'inputs', done: 1000, all: 4000 });
    await tick();
    expect([list.phase, wordsOf(list)]).toEqual(['running', '1,000 of 4,000 inputs']);
    feeds[0]?.send('part', 1);
    feeds[0]?.send('done');
    // What comes after the last event says nothing more.
    feeds[0]?.send('error', { code: 'internal', message: 'late' });
    feeds[0]?.end();
    await tick();
    expect([list.phase, list.answer, list.problem, list.progress]).toEqual(['done', ['1'], '', null]);
    expect([list.answers('a'), list.answers('b')]).toEqual([true, false]);
  });

  it('asks the same once, unless it is asked again; a new question ends the one before', async () => {
    const { feeds, open } = server();
    const list = parts(open);
    list.start('a');
    list.start('a');
    expect(feeds).toHaveLength(1);
    feeds[0]?.send('part', 'old');
    await tick();
    list.start('b');
    expect([feeds.length, feeds[0]?.signal.aborted, list.behind]).toEqual([2, true, true]);
    feeds[0]?.send('part', 'too late');
    feeds[1]?.send('part', 'new');
    feeds[1]?.send('done');
    await tick();
    expect([list.answer, list.behind, list.request]).toEqual([['new'], false, 'b']);
    list.start('b');
    expect(feeds).toHaveLength(2);
    list.start('b', true);
    expect(feeds).toHaveLength(3);
  });

  it('can be cancelled, keeps what has come, and is asked anew', async () => {
    const { feeds, open } = server();
    const list = parts(open);
    list.cancel();
    expect(list.phase).toBe('idle');
    list.start('a');
    feeds[0]?.send('part', 1);
    await tick();
    list.cancel();
    expect([list.phase, list.working, list.answer]).toEqual(['cancelled', false, ['1']]);
    expect(feeds[0]?.signal.aborted).toBe(true);
    feeds[0]?.end(new DOMException('aborted', 'AbortError'));
    await tick();
    expect([list.phase, list.problem]).toEqual(['cancelled', '']);
    list.start('a');
    expect([feeds.length, list.answer]).toEqual([2, ['1']]);
  });

  it.each<[string, (feed: Feed) => void, string]>([
    ['sends an error', (feed) => feed.send('error', { message: 'No such site.' }), 'No such site.'],
    [
      'loses its connection',
      (feed) => feed.end(new TypeError('network error')),
      'The server does not answer. Start it with npm start; this page goes on by itself.',
    ],
    ['ends too soon', (feed) => feed.end(), 'The list broke off before its end. Ask again.'],
  ])('that %s has failed, keeps what has come, and may be asked for again', async (_, end, problem) => {
    const { feeds, open } = server();
    const list = parts(open);
    list.start('a');
    feeds[0]?.send('part', 1);
    await tick();
    if (feeds[0] !== undefined) end(feeds[0]);
    feeds[0]?.end();
    await tick();
    expect([list.phase, list.problem, list.answer, list.progress]).toEqual(['failed', problem, ['1'], null]);
    list.start('a');
    expect([feeds.length, list.problem]).toEqual([2, '']);
  });

  it('is opened again by itself where it should be, and keeps its sentence until something comes', async () => {
    const { feeds, open } = server();
    const list = parts(open, { retry: 20 });
    list.start('a');
    feeds[0]?.end();
    await tick();
    expect(list.problem).toBe('The list broke off before its end. This page asks for it again.');
    await vi.waitFor(() => expect(feeds).toHaveLength(2));
    expect(list.problem).not.toBe('');
    feeds[1]?.send('part', 1);
    await tick();
    expect([list.phase, list.problem]).toEqual(['running', '']);
    feeds[1]?.end();
    await tick();
    list.cancel();
    await delay(40);
    expect(feeds).toHaveLength(2);
  });

  it('waits for a question to rest, and remembers answers', async () => {
    const { feeds, open } = server();
    const memory = createMemory<string[]>(3, ({ length }) => length);
    const list = parts(open, { memory, delay: (since) => 30 - since });
    list.start('a');
    list.start('b');
    list.start('c');
    expect(feeds).toHaveLength(1);
    await vi.waitFor(() => expect(feeds).toHaveLength(2));
    feeds[1]?.send('part', 'of c');
    feeds[1]?.send('done');
    await tick();
    list.start('d');
    await vi.waitFor(() => expect(feeds).toHaveLength(3));
    list.start('c');
    expect([list.phase, list.answer, list.behind]).toEqual(['done', ['of c'], false]);
    memory.set('larger', ['1', '2', '3']);
    expect([memory.get('c'), memory.get('larger')?.length]).toEqual([undefined, 3]);
  });

  it('takes an answer that comes later, but none of an earlier question', async () => {
    const { feeds, open } = server();
    const laters: ((answer: string[]) => void)[] = [];
    const list = parts(open, {
      take(before, _event, _request, later) {
        laters.push(later);
        return before;
      },
    });
    list.start('a');
    feeds[0]?.send('part');
    await tick();
    expect(list.behind).toBe(true);
    laters[0]?.(['later']);
    expect([list.answer, list.behind]).toEqual([['later'], false]);
    list.start('b');
    laters[0]?.(['too late']);
    expect(list.answer).toEqual([]);
  });

  it('stands for a request with one answer as well', async () => {
    const length = createFollow(once('The length', (text: string) => Promise.resolve(text.length)));
    length.start('four');
    await tick();
    expect([length.phase, length.answer]).toEqual(['done', 4]);
  });
});

describe('each stream of the page', () => {
  /** A server of which every stream ends after its place in the queue. */
  const client = new Proxy({} as Client, {
    get: (_, name) =>
      name === 'contrast'
        ? () => Promise.reject(new TypeError('network error'))
        : async function* () {
            yield await Promise.resolve({ event: 'queued', data: { ahead: 1, preparing: null } });
          },
  });
  const patching = createPatching(client);
  const catalog = createCatalog(client);
  const maps = createMaps(client);
  const trainings = createTrainings(client);
  const streams: Record<string, Pick<Follow<never, unknown>, 'phase' | 'problem' | 'start'>> = {
    reading: createRun(client),
    readout: createReadout(client),
    completeness: createCompleteness(client),
    'map of draws': maps.draws,
    'map of bits': maps.bits,
    sweep: patching.sweep,
    'chosen sites': patching.sites,
    experiment: patching.experiment,
    attribution: patching.attribution,
    'description of a model': catalog.description,
    'tokens of a text': catalog.tokens,
  };
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each(Object.keys(streams))('notices that it broke off: %s', async (name) => {
    const stream = streams[name];
    stream?.start({ sites: [] } as never);
    await vi.advanceTimersByTimeAsync(1000);
    expect(stream?.phase).toBe('failed');
    expect(stream?.problem).toMatch(/^The [a-z ]+ broke off before its end\. Ask again\.$/);
  });

  it('notices that it broke off: a contrast, a training', async () => {
    patching.contrast.start({} as never);
    const leave = trainings.watch('mine');
    await vi.advanceTimersByTimeAsync(1000);
    expect(patching.contrast.problem).toMatch(/^The server does not answer/);
    expect(trainings.problem).toBe(
      'The progress of the training broke off before its end. This page asks for it again.',
    );
    leave();
  });
});
