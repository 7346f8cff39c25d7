/**
 * Graphs that are compiled when they are first needed and kept for who needs them again.
 * @module
 */
import { type Graph } from '../graph.js';
import { type Executable, type Runtime } from './runtime.js';

/** Graphs by what tells them apart: a size, a site, whether they take a bias. */
export interface Compiled<Key> {
  /** The executable of a key; one that cannot be compiled is tried again when it is next asked for. */
  of(key: Key): Promise<Executable>;
  /** Disposes all that have been compiled. */
  dispose(): Promise<void>;
}

/**
 * @param build the graph of a key; keys are equal as those of a `Map` are
 * @example const graphs = compiled(runtime, (rows: number) => rowsGraph(rows)); await (await graphs.of(64)).run(feeds)
 */
export function compiled<Key>(runtime: Runtime, build: (key: Key) => Graph): Compiled<Key> {
  const made = new Map<Key, Promise<Executable>>();
  return {
    of(key) {
      const known = made.get(key);
      if (known !== undefined) return known;
      const fresh = (async () => runtime.compile(build(key)))();
      made.set(key, fresh);
      fresh.catch(() => made.delete(key));
      return fresh;
    },
    async dispose() {
      const all = await Promise.allSettled(made.values());
      made.clear();
      for (const one of all) if (one.status === 'fulfilled') await one.value.dispose();
    },
  };
}
