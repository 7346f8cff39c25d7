/**
 * The thread of the models: what goes wrong in it is told, and the next call is answered all the same.
 */
import { describe, expect, it } from 'vitest';
import { workbenchThread } from '../../src/server/thread.js';
import { createLeases } from '../../src/workbench/leases.js';
import { clientOver } from '../../src/workbench/client.js';

const folders = { models: null, runs: null };

/** A client of a thread of its own. */
function started(threads: number) {
  const thread = workbenchThread({ folders, threads });
  return { thread, client: clientOver(thread) };
}

describe('a thread', () => {
  it('answers calls at once, each its own', async () => {
    const { thread, client } = started(1);
    const [first, second, wrong] = await Promise.allSettled([
      client.random('addition', 1),
      client.random('counting', 1),
      client.random('nothing', 1),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { input: expect.stringMatching(/\+/) } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { input: expect.stringMatching(/\|/) } });
    expect(wrong).toMatchObject({ status: 'rejected', reason: { code: 'input' } });
    await thread.close();
    await expect(client.status()).rejects.toMatchObject({ code: 'stopped' });
  });

  it('tells a fault of the program without its details, and goes on', async () => {
    const { thread, client } = started(1);
    await expect(thread.call('nothing', {})).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/^A fault of the program/),
    });
    expect(await client.status()).toMatchObject({ warm: [], working: 0, waiting: 0 });
    await thread.close();
  });

  it('that dies takes its calls with it, and no more', async () => {
    const { thread, client } = started(-1);
    const both = [client.status(), client.status()];
    for (const call of both) await expect(call).rejects.toMatchObject({ code: 'internal' });
    await expect(client.status()).rejects.toMatchObject({ code: 'internal' });
    await thread.close();
  });

  it('that is closed tells who waits', async () => {
    const { thread, client } = started(1);
    const waiting = expect(client.cases()).rejects.toMatchObject({ code: 'stopped' });
    await thread.close();
    await waiting;
  });
});

describe('leases', () => {
  /** A store of strings, and what became of them. */
  function store(most: number) {
    const made: string[] = [];
    const gone: string[] = [];
    const leases = createLeases<string>(
      most,
      (key) => {
        made.push(key);
        return key === 'bad' ? Promise.reject(new Error('bad')) : Promise.resolve(`thing ${key}`);
      },
      (thing) => {
        gone.push(thing);
        return Promise.resolve();
      },
    );
    return { leases, made, gone };
  }
  const give = (thing: string): Promise<string> => Promise.resolve(thing);

  it('make a thing once, and let the least recently used go', async () => {
    const { leases, made, gone } = store(2);
    for (const key of ['a', 'b', 'a', 'c', 'a']) expect(await leases.use(key, give)).toBe(`thing ${key}`);
    expect(made).toEqual(['a', 'b', 'c']);
    expect(gone).toEqual(['thing b']);
    expect(leases.keys()).toEqual(['c', 'a']);
    await leases.clear();
    expect(gone).toEqual(['thing b', 'thing c', 'thing a']);
  });

  it('keep what is in use, however many there are', async () => {
    const { leases, gone } = store(1);
    let end = (): void => undefined;
    const long = leases.use('a', () => new Promise<void>((resolve) => (end = resolve)));
    await leases.use('b', give);
    await leases.use('c', give);
    expect(gone).toEqual(['thing b', 'thing c']);
    end();
    await long;
    expect(leases.keys()).toEqual(['a']);
  });

  it('make anew what could not be made, and outlive work that fails', async () => {
    const { leases, made, gone } = store(2);
    await expect(leases.use('bad', give)).rejects.toThrow('bad');
    await expect(leases.use('bad', give)).rejects.toThrow('bad');
    expect(made).toEqual(['bad', 'bad']);
    await expect(leases.use('a', () => Promise.reject(new Error('work')))).rejects.toThrow('work');
    expect(await leases.use('a', give)).toBe('thing a');
    expect([made, gone]).toEqual([['bad', 'bad', 'a'], []]);
  });
});
