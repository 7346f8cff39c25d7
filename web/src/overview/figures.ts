/**
 * Figures that an overview can colour its cells by. A figure that is added here is offered on the page.
 * @module
 */
import type { OverviewCell } from '../../../src/server/contract/index.js';
import type { Metric } from '../state/address.js';

/** A figure of one site and position. */
export interface Figure {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** 0 … 1, for the colour. */
  share(cell: OverviewCell, epsilon: number, metric: Metric): number;
  /** As it stands in the cell: three characters or so. */
  text(cell: OverviewCell, epsilon: number, metric: Metric): string;
}

const insideCount = (distances: readonly number[], epsilon: number): number => {
  const at = distances.findIndex((distance) => distance > epsilon);
  return at < 0 ? distances.length : at;
};
const insideShare = (cell: OverviewCell, epsilon: number, metric: Metric): number =>
  insideCount(cell[metric], epsilon) / Math.max(1, cell[metric].length);
const inPercent = (share: number): string => String(Math.round(100 * share));

/** All figures, the first one first. */
export const figures: readonly Figure[] = [
  {
    id: 'inside',
    name: 'Inside share, %',
    about: 'How many of the draws lie inside ε: high where the decoder knows what the activation holds.',
    share: insideShare,
    text: (cell, epsilon, metric) => inPercent(insideShare(cell, epsilon, metric)),
  },
  {
    id: 'distinct',
    name: 'Distinct draws, %',
    about:
      'How many of the draws differ: low where the activation leaves few inputs, high where it leaves many.',
    share: (cell) => cell.distinct / Math.max(1, cell.euclidean.length),
    text: (cell) => inPercent(cell.distinct / Math.max(1, cell.euclidean.length)),
  },
  {
    id: 'median',
    name: 'Median distance',
    about: 'Half of the draws are nearer than this; strong colours are near.',
    share: (cell, epsilon, metric) => Math.max(0, 1 - median(cell[metric]) / (5 * epsilon)),
    text: (cell, _epsilon, metric) => median(cell[metric]).toFixed(2).replace(/^0/, ''),
  },
];

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Infinity;
