import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueueFullError, createQueue } from './queue.js';

/** Work that ends when it is told to. */
function held(): { work: () => Promise<string>; end: () => void; started: () => boolean } {
  let release = (): void => undefined;
  let begun = false;
  const gate = new Promise<void>((resolve) => (release = resolve));
  return {
    work: async () => {
      begun = true;
      await gate;
      return 'done';
    },
    end: () => release(),
    started: () => begun,
  };
}

/** Lets everything that can happen happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a queue', () => {
  it('does one job at a time, in order, whatever each takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 12 }), async (turns) => {
        const queue = createQueue(100);
        let [working, most] = [0, 0];
        const order: number[] = [];
        await Promise.all(
          turns.map((turn, at) =>
            queue.run(async () => {
              most = Math.max(most, (working += 1));
              for (let i = 0; i < turn; i++) await settled();
              order.push(at);
              working -= 1;
            }),
          ),
        );
        expect(order).toEqual(turns.map((_, at) => at));
        expect(most).toBe(Math.min(1, turns.length));
        expect([queue.working(), queue.waiting()]).toEqual([0, 0]);
      }),
      { numRuns: 30 },
    );
  });

  it('tells each its place, whenever it changes', async () => {
    const queue = createQueue(10);
    const jobs = [held(), held(), held()];
    const reported: number[][] = [[], [], []];
    const all = jobs.map(({ work }, at) =>
      queue.run(work, { onAhead: (ahead) => reported[at]?.push(ahead) }),
    );
    expect(reported).toEqual([[0], [1], [2]]);
    jobs[0]?.end();
    await all[0];
    await settled();
    expect(reported).toEqual([[0], [1, 0], [2, 1]]);
    for (const { end } of jobs) end();
    expect(await Promise.all(all)).toEqual(['done', 'done', 'done']);
    expect(reported).toEqual([[0], [1, 0], [2, 1, 0]]);
  });

  it('lets one leave, and the others move up', async () => {
    const queue = createQueue(10);
    const [first, second, third] = [held(), held(), held()];
    const leave = new AbortController();
    const reported: number[] = [];
    const running = queue.run(first.work);
    const left = queue.run(second.work, { signal: leave.signal });
    const last = queue.run(third.work, { onAhead: (ahead) => reported.push(ahead) });
    leave.abort(new Error('bored'));
    await expect(left).rejects.toThrow('bored');
    expect(second.started()).toBe(false);
    expect(reported).toEqual([2, 1]);
    first.end();
    third.end();
    expect(await Promise.all([running, last])).toEqual(['done', 'done']);
  });

  it('takes nobody who has left already', () => {
    const queue = createQueue(10);
    const { work, started } = held();
    expect(() => queue.run(work, { signal: AbortSignal.abort() })).toThrow(/abort/i);
    expect(started()).toBe(false);
  });

  it('goes on after a job that fails, at once or later', async () => {
    const queue = createQueue(10);
    const failing = queue.run(() => Promise.reject(new Error('no')));
    const throwing = queue.run(() => {
      throw new Error('never');
    });
    const fine = queue.run(() => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    await expect(throwing).rejects.toThrow('never');
    expect(await fine).toBe('yes');
  });

  it('does idle jobs when nobody waits', async () => {
    const queue = createQueue(10);
    const first = held();
    const order: string[] = [];
    const note = (name: string) => () => {
      order.push(name);
      return Promise.resolve();
    };
    const all = [
      queue.run(first.work),
      queue.run(note('idle'), { idle: true }),
      queue.run(note('second')),
      queue.run(note('third')),
    ];
    expect(queue.waiting()).toBe(2);
    first.end();
    await Promise.all(all);
    expect(order).toEqual(['second', 'third', 'idle']);
  });

  it('turns away when too many wait', async () => {
    const queue = createQueue(1);
    const first = held();
    const all = [queue.run(first.work), queue.run(() => Promise.resolve('b'))];
    expect(() => queue.run(() => Promise.resolve('c'))).toThrow(QueueFullError);
    first.end();
    expect(await Promise.all(all)).toEqual(['done', 'b']);
  });
});
