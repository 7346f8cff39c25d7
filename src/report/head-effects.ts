/**
 * Effects of every head at some places: as cells of a map, and ranked with their intervals.
 * @module
 */
import { headOf } from '../models/hooks.js';
import { type Baselines, type SweepRecord } from '../causal/records.js';
import { tWithin } from '../interpret/student-t.js';

/** A head at a position. */
export interface HeadCell {
  readonly site: string;
  readonly layer: number;
  readonly head: number;
  readonly position: string;
  readonly effect: number;
  /** Ends of the 95% interval of the mean; null where there is none. */
  readonly low: number | null;
  readonly high: number | null;
  /** Share of the runs in which the patch changed any logit. */
  readonly changed: number;
}

/** Sites from which on a table of them, one a line, is longer than anyone reads. */
const many = 40;

/** Whether a sweep is of so many heads, and of nothing else, that it is a map of them. */
export const isHeadMap = ({ sites }: Pick<SweepRecord, 'sites'>): boolean =>
  sites.length >= many && sites.every((site) => headOf(site) !== null);

/** The 95% interval of a mean over inputs, by Student's t; null for one input. */
export function meanInterval(
  mean: number,
  standardError: number | null,
  { n }: Pick<Baselines, 'n'>,
): readonly [low: number, high: number] | null {
  if (standardError === null || n < 2) return null;
  const reach = tWithin(n - 1) * standardError;
  return [mean - reach, mean + reach];
}

/** The cells of a sweep over heads, site by site. */
export const headCells = (record: SweepRecord): HeadCell[] =>
  record.sites.flatMap((site, row) => {
    const head = headOf(site);
    if (head === null) return [];
    return record.positions.map((position, column): HeadCell => {
      const effect = record.effects[row]?.[column] ?? NaN;
      const [low = null, high = null] =
        meanInterval(effect, record.standardErrors[row]?.[column] ?? null, record) ?? [];
      const changed = record.changed[row]?.[column] ?? 0;
      return { site, ...head, position, effect, low, high, changed };
    });
  });

/** The cells of a position, the largest effect either way first. */
export const rankedAt = (cells: readonly HeadCell[], position: string): HeadCell[] =>
  cells.filter((cell) => cell.position === position).sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
