/**
 * Figures that an overview can colour its cells by. A figure that is added here is offered on the page.
 * @module
 */
import type { BitsCell } from '../../../src/workbench/verbs/bits.js';
import type { OverviewCell } from '../../../src/workbench/verbs/overview.js';
import type { Metric } from '../state/address.js';
import { bitsText, intervalText, refusalText } from '../information/wording.js';
import { grouped } from '../ui/numbers.js';

/** What is known of one site and position. */
export interface Known {
  readonly draws: OverviewCell | undefined;
  readonly bits: BitsCell | undefined;
}

/** Threshold and metric that cells are judged by. */
export interface CellView {
  readonly epsilon: number;
  readonly metric: Metric;
  /** Bits of the input alone; null before that is known. */
  readonly most: number | null;
}

/** A cell as it is drawn. */
export interface CellDisplay {
  /** 0 … 1, for the colour. */
  readonly share: number;
  /** As it stands in the cell: four characters or so. */
  readonly text: string;
  /** Lines that say more. */
  readonly tip: string;
  /** Whether it is no number, only a bound. */
  readonly refused: boolean;
  /** Whether it answers an earlier ε or metric. */
  readonly behind: boolean;
}

/** A figure of one site and position. */
export interface Figure {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** What it is made of: quick draws, of which any ε can be asked, or estimates under one. */
  readonly source: keyof Known;
  /** Null before anything is known. */
  display(known: Known, view: CellView): CellDisplay | null;
}

const insideCount = (distances: readonly number[], epsilon: number): number => {
  const at = distances.findIndex((distance) => distance > epsilon);
  return at < 0 ? distances.length : at;
};
const insideShare = (cell: OverviewCell, epsilon: number, metric: Metric): number =>
  insideCount(cell[metric], epsilon) / Math.max(1, cell[metric].length);
const inPercent = (share: number): string => String(Math.round(100 * share));
const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Infinity;

/** A figure of the quick draws. */
const ofDraws = (
  id: string,
  name: string,
  about: string,
  share: (cell: OverviewCell, view: CellView) => number,
  text: (cell: OverviewCell, view: CellView) => string,
): Figure => ({
  id,
  name,
  about,
  source: 'draws',
  display({ draws: cell }, view) {
    if (cell === undefined) return null;
    const written = text(cell, view);
    return {
      share: share(cell, view),
      text: written,
      tip: `${name}: ${written}\n${cell.distinct} distinct of ${cell.euclidean.length} draws`,
      refused: false,
      behind: false,
    };
  },
});

/** All figures, the first one first. */
export const figures: readonly Figure[] = [
  ofDraws(
    'inside',
    'Inside share, %',
    'How many of the draws lie inside ε: high where the decoder knows what the activation holds.',
    (cell, { epsilon, metric }) => insideShare(cell, epsilon, metric),
    (cell, { epsilon, metric }) => inPercent(insideShare(cell, epsilon, metric)),
  ),
  {
    id: 'bits',
    name: 'Bits',
    about:
      'How much an activation tells of its input, estimated from few draws; “≥” where they are too few for a number: the lower end of the interval.',
    source: 'bits',
    display({ bits: cell }, { epsilon, metric, most }) {
      if (cell === undefined) return null;
      const { bits, low, draws } = cell;
      const shown = bits ?? low;
      return {
        share: most === null || most === 0 ? 0 : shown / most,
        text: bits === null ? `≥${low < 10 ? low.toFixed(1) : Math.floor(low)}` : bitsText(bits, 1),
        tip: `${
          bits === null ? refusalText(cell) : `${bitsText(bits)} bits, ${intervalText(cell)}`
        }\neffective sample size ${grouped(Math.round(cell.effectiveSamples))} of ${grouped(draws)} draws`,
        refused: bits === null,
        behind: cell.epsilon !== epsilon || cell.metric !== metric,
      };
    },
  },
  ofDraws(
    'distinct',
    'Distinct draws, %',
    'How many of the draws differ: low where the activation leaves few inputs, high where it leaves many.',
    (cell) => cell.distinct / Math.max(1, cell.euclidean.length),
    (cell) => inPercent(cell.distinct / Math.max(1, cell.euclidean.length)),
  ),
  ofDraws(
    'median',
    'Median distance',
    'Half of the draws are nearer than this; strong colours are near.',
    (cell, { epsilon, metric }) => Math.max(0, 1 - median(cell[metric]) / (5 * epsilon)),
    (cell, { metric }) => median(cell[metric]).toFixed(2).replace(/^0/, ''),
  ),
];
