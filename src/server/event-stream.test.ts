import { afterEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '../input-error.js';
import { eventStream } from './event-stream.js';
import { eventParser } from './events.js';

describe('eventStream', () => {
  it('sends events in order and ends with the work', async () => {
    const response = eventStream([], async (send) => {
      send('one', '1');
      await Promise.resolve();
      send('two', '{"a":"\\n"}');
    });
    expect(eventParser()(await response.text())).toEqual([
      { event: 'one', data: 1 },
      { event: 'two', data: { a: '\n' } },
    ]);
  });

  it('ends with a problem when the work fails', async () => {
    const response = eventStream([], () => Promise.reject(new Error('broken')));
    const [last] = eventParser()(await response.text());
    expect(last).toMatchObject({ event: 'error', data: { code: 'internal' } });
  });

  it('stops the work of a reader that leaves, and writes nothing more', async () => {
    let end: (stopped: boolean) => void;
    const ended = new Promise<boolean>((resolve) => (end = resolve));
    const response = eventStream([], async (send, signal) => {
      send('one', '1');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      // As work does that notices only at its next step. Were it written, an unhandled rejection would follow.
      send('two', '2');
      end(signal.aborted);
      throw new Error('stopped half way');
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect(await ended).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
  });

  describe('leaves no timer behind, which would hold the process', () => {
    afterEach(() => void vi.useRealTimers());

    it.each<[string, Parameters<typeof eventStream>]>([
      ['when the work ends', [[], () => Promise.resolve()]],
      ['when the work fails', [[], () => Promise.reject(new InputError('broken'))]],
      [
        'when its reader is gone before it begins',
        [
          [AbortSignal.abort()],
          (_, signal) => {
            signal.throwIfAborted();
            return Promise.resolve();
          },
        ],
      ],
    ])('%s', async (_, [signals, work]) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const text = await eventStream(signals, work).text();
      expect(vi.getTimerCount()).toBe(0);
      if (signals.length > 0)
        expect(eventParser()(text)).toMatchObject([{ event: 'error', data: { code: 'stopped' } }]);
    });

    it('when its reader leaves, whatever the work does', async () => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const response = eventStream([], async (send) => {
        send('one', '1');
        await new Promise(() => undefined);
      });
      const reader = response.body?.getReader();
      await reader?.read();
      expect(vi.getTimerCount()).toBe(1);
      await reader?.cancel();
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
