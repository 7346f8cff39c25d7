/**
 * The last answers of a kind, so that going back to a question shows its answer at once. Bounded: a page stays open for
 * days.
 * @module
 */
import type { Memory } from './follow.svelte.js';

/** @param most total size of what is remembered @param sizeOf size of one answer; 1 unless given */
export function createMemory<A>(most: number, sizeOf: (answer: A) => number = () => 1): Memory<A> {
  // A map goes from old to new.
  const answers = new Map<string, A>();
  const put = (key: string, answer: A): void => {
    answers.delete(key);
    answers.set(key, answer);
  };
  return {
    get(key) {
      const found = answers.get(key);
      if (found !== undefined) put(key, found);
      return found;
    },
    set(key, answer) {
      put(key, answer);
      let size = [...answers.values()].reduce((sum, one) => sum + sizeOf(one), 0);
      for (const [old, one] of answers) {
        if (size <= most || old === key) return;
        answers.delete(old);
        size -= sizeOf(one);
      }
    },
  };
}
