/**
 * Things that are costly to make and to hold, kept for the next who asks: the least recently used goes when there are too
 * many, but never while it is in use.
 * @module
 */

/** A store of such things. */
export interface Leases<T> {
  /** Uses the thing of a key, which is made if it is not there. A thing whose making fails is not kept. */
  use<R>(key: string, work: (thing: T) => Promise<R>): Promise<R>;
  /** Keys of the things that are there, the most recently used last. */
  keys(): string[];
  /** Lets go of everything that is not in use. */
  clear(): Promise<void>;
}

interface Held<T> {
  readonly thing: Promise<T>;
  users: number;
}

/** Makes a store of at most `most` idle things. */
export function createLeases<T>(
  most: number,
  make: (key: string) => Promise<T>,
  dispose: (thing: T) => Promise<void>,
): Leases<T> {
  const held = new Map<string, Held<T>>();
  async function shrink(to: number): Promise<void> {
    for (const [key, { users, thing }] of held) {
      if (held.size <= to) return;
      if (users > 0) continue;
      held.delete(key);
      await dispose(await thing);
    }
  }
  return {
    async use(key, work) {
      const own = held.get(key) ?? { thing: make(key), users: 0 };
      held.delete(key);
      held.set(key, own);
      own.users += 1;
      try {
        const thing = await own.thing.catch((error: unknown) => {
          if (held.get(key) === own) held.delete(key);
          throw error;
        });
        return await work(thing);
      } finally {
        own.users -= 1;
        await shrink(most);
      }
    },
    keys: () => [...held.keys()],
    clear: () => shrink(0),
  };
}
