/**
 * Words on progress: some ten a second, whoever works.
 * @module
 */
import type { ProgressEvent } from './fields.js';

/** Milliseconds between two words on progress. */
const progressEvery = 100;

/** Reports progress some ten times a second. */
export function seldom(report: (done: number, all: number) => void): typeof report {
  let last = -Infinity;
  return (done, all) => {
    const now = performance.now();
    if (done < all && now - last < progressEvery) return;
    last = now;
    report(done, all);
  };
}

/**
 * Sends how far a part of the work is.
 * @param what is counted: `inputs run at a0.0`
 */
export const reporter = (
  emit: (event: { event: 'progress'; data: ProgressEvent }) => void,
  what: string,
): ((done: number, all: number) => void) =>
  seldom((done, all) => emit({ event: 'progress', data: { what, done, all } }));

/** Whole milliseconds of work. @param started by `performance.now()` */
export const millisecondsSince = (started: number): number => Math.round(performance.now() - started);
