/**
 * What fills the slots of sentences that were found inside, and in which shares.
 * @module
 */
import type { ReadSample } from '../../../src/inversion/saved-reading.js';

/** A value of a slot, and the share of the inputs inside that have it, 0 … 1. */
export interface SlotValue {
  readonly value: string;
  readonly share: number;
}

/** One slot over the distinct inputs inside. */
export interface SlotShares {
  /** Most frequent first; inputs without the slot are left out. */
  readonly values: readonly SlotValue[];
}

/** Below this share the most frequent value is not worth naming among several. */
const named = 0.5;

/** Shares over distinct inputs, each of which counts once: a search says nothing of how often they occur. */
export function slotShares(samples: readonly Pick<ReadSample, 'annotation'>[], slot: string): SlotShares {
  const counts = new Map<string, number>();
  for (const { annotation } of samples) {
    const value = annotation[slot];
    if (value !== undefined) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return {
    values: [...counts]
      .map(([value, count]) => ({ value, share: count / total }))
      .sort((a, b) => b.share - a.share || (a.value < b.value ? -1 : 1)),
  };
}

/** A slot in a few words: `Robert 98%`, `any of 20`, `–` where none is inside. */
export function slotText({ values }: SlotShares): string {
  const [first] = values;
  if (first === undefined) return '–';
  if (first.share < named) return `any of ${values.length}`;
  const percent = 100 * first.share;
  const shown = percent < 100 && percent > 99 ? '>99' : String(Math.round(percent));
  return `${first.value} ${shown}%`;
}

/** The most frequent values, a line each. */
export const slotTip = (slot: string, { values }: SlotShares): string =>
  [
    `${slot} of the distinct inputs inside, each counted once:`,
    ...values.slice(0, 6).map(({ value, share }) => `${value} ${(100 * share).toFixed(1)}%`),
    ...(values.length > 6 ? [`and ${values.length - 6} more`] : []),
  ].join('\n');
