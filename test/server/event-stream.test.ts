/**
 * Server-sent events from both ends: sent while work goes on, read in whatever pieces they come.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/input-error.js';
import { eventStream } from '../../src/server/event-stream.js';
import { eventParser, readEvents } from '../../src/server/events.js';
import { gathered } from './start.js';

const bodyOf = ({ body }: Response): ReadableStream<Uint8Array> => {
  if (body === null) throw new Error('no body');
  return body;
};
const never = new AbortController().signal;

describe('a stream', () => {
  it('has what was sent, and ends with the work', async () => {
    const response = eventStream([never], async (send) => {
      send('first', '{"a":1}');
      await Promise.resolve();
      send('second', '[2]');
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await gathered(readEvents(bodyOf(response)))).toEqual([
      { event: 'first', data: { a: 1 } },
      { event: 'second', data: [2] },
    ]);
  });

  it('ends with what went wrong', async () => {
    const response = eventStream([never], () => Promise.reject(new InputError('No such site.')));
    expect(await gathered(readEvents(bodyOf(response)))).toEqual([
      { event: 'error', data: { code: 'input', message: 'No such site.' } },
    ]);
  });

  it('stops the work of a reader who leaves, and takes in silence what it still sends', async () => {
    let stopped: (reason: unknown) => void = () => undefined;
    const received = new Promise<unknown>((resolve) => (stopped = resolve));
    const response = eventStream([never], async (send, signal) => {
      send('first', '1');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      expect(() => send('late', '2')).not.toThrow();
      stopped(signal.aborted);
      throw new Error('stopped');
    });
    for await (const { event } of readEvents(bodyOf(response))) {
      expect(event).toBe('first');
      break;
    }
    expect(await received).toBe(true);
  });

  it('ends at once when the server closes, whatever its work does', async () => {
    const closing = new AbortController();
    const response = eventStream([closing.signal], async (send) => {
      send('first', '1');
      closing.abort();
      send('late', '2');
      await new Promise(() => undefined);
    });
    expect((await gathered(readEvents(bodyOf(response)))).map(({ event }) => event)).toEqual([
      'first',
      'error',
    ]);
  });
});

it('events are read in whatever pieces they come', () => {
  const events = [
    { event: 'query', data: { tokens: ['é', '😀', '\n\n', 'data: '] } },
    { event: 'done', data: null },
  ];
  const text = `: alive\n\n${events.map(({ event, data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join(': alive\n\n')}`;
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 8 }), (cuts) => {
      const ends = [...cuts, text.length].sort((a, b) => a - b);
      const parse = eventParser();
      expect(ends.flatMap((end, at) => parse(text.slice(ends[at - 1] ?? 0, end)))).toEqual(events);
    }),
  );
});
