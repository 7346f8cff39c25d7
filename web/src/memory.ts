/**
 * The last readings, so that a step back is there at once. Bounded by samples: a page stays open for days.
 * @module
 */
import type { Shown } from './reading/run.svelte.js';

/** Samples that are kept in all. */
const mostSamples = 20_000;

const readings = new Map<string, Shown>();

/** A finished reading of the same question, if it is still there. */
export function recall(key: string): Shown | undefined {
  const found = readings.get(key);
  if (found !== undefined) {
    // A map goes from old to new: what is used becomes new.
    readings.delete(key);
    readings.set(key, found);
  }
  return found;
}

/** Keeps a finished reading and lets the oldest go. */
export function remember(key: string, shown: Shown): void {
  readings.delete(key);
  readings.set(key, shown);
  let samples = [...readings.values()].reduce((sum, reading) => sum + reading.samples.list.length, 0);
  for (const [old, { samples: its }] of readings) {
    if (samples <= mostSamples || old === key) return;
    readings.delete(old);
    samples -= its.list.length;
  }
}
