/**
 * What maps of heads have in common: layers upwards, heads across.
 * @module
 */
import { type PlotOptions } from '@observablehq/plot';

const [cellWidth, cellHeight, left, right] = [34, 19, 40, 8];

/** Where a cell stands. */
export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
}

/** Sizes and axes of a map. */
export interface HeadGrid {
  /** Pixels. */
  readonly width: number;
  /** Of the cells alone, in pixels. */
  readonly height: number;
  readonly options: Pick<PlotOptions, 'marginLeft' | 'marginRight' | 'marginBottom' | 'x' | 'y'>;
}

/** The grid of some cells: the layers and heads that they have, in order. */
export function headGrid(cells: readonly HeadPlace[]): HeadGrid {
  const numbers = (of: (cell: HeadPlace) => number): number[] =>
    [...new Set(cells.map(of))].sort((a, b) => a - b);
  const [layers, heads] = [numbers(({ layer }) => layer), numbers(({ head }) => head)];
  return {
    width: left + heads.length * cellWidth + right,
    height: layers.length * cellHeight,
    options: {
      marginLeft: left,
      marginRight: right,
      marginBottom: 38,
      x: {
        domain: heads,
        label: 'head',
        labelAnchor: 'center',
        labelArrow: 'none',
        tickSize: 0,
        paddingInner: 0.04,
        paddingOuter: 0,
      },
      y: {
        domain: layers.toReversed(),
        label: 'layer',
        labelArrow: 'none',
        tickSize: 0,
        paddingInner: 0.06,
        paddingOuter: 0,
      },
    },
  };
}
