/**
 * The thread of the models: what goes wrong in it is told, and the next call is answered all the same.
 */
import { describe, expect, it } from 'vitest';
import { createLeases } from '../../src/server/workbench/leases.js';
import { workbenchThread } from '../../src/server/workbench/thread.js';

const folders = { models: null, runs: null };

describe('a thread', () => {
  it('answers calls at once, each its own', async () => {
    const thread = workbenchThread({ folders, threads: 1 });
    const [first, second, wrong] = await Promise.allSettled([
      thread.call('random', { case: 'addition', seed: 1 }),
      thread.call('random', { case: 'counting', seed: 1 }),
      thread.call('random', { case: 'nothing', seed: 1 }),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { input: expect.stringMatching(/\+/) } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { input: expect.stringMatching(/\|/) } });
    expect(wrong).toMatchObject({ status: 'rejected', reason: { problem: { code: 'input' } } });
    await thread.close();
    await expect(thread.call('warm', null)).rejects.toMatchObject({ problem: { code: 'stopped' } });
  });

  it('tells a fault of the program without its details, and goes on', async () => {
    const thread = workbenchThread({ folders, threads: 1 });
    await expect(thread.call('random', { case: 5 } as never)).rejects.toMatchObject({
      problem: { code: 'internal', message: expect.stringMatching(/^A fault of the program/) },
    });
    expect(await thread.call('warm', null)).toEqual([]);
    await thread.close();
  });

  it('that dies takes its calls with it, and no more', async () => {
    const thread = workbenchThread({ folders, threads: -1 });
    const both = [thread.call('warm', null), thread.call('warm', null)];
    for (const call of both) await expect(call).rejects.toMatchObject({ problem: { code: 'internal' } });
    await expect(thread.call('warm', null)).rejects.toMatchObject({ problem: { code: 'internal' } });
    await thread.close();
  });

  it('that is closed tells who waits', async () => {
    const thread = workbenchThread({ folders, threads: 1 });
    const waiting = expect(thread.call('cases', null)).rejects.toMatchObject({
      problem: { code: 'stopped' },
    });
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
