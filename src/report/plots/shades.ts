/**
 * Cells whose shade is a share of something, 0 … 1, and a panel of them with features across.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type Panel } from './figure.js';
import { type Theme, fontSize, onStrong } from './theme.js';

/** The colour of a share: from nothing to all. */
export const shadeScale = (theme: Theme) =>
  ({
    type: 'linear',
    domain: [0, 1],
    range: [theme.nothing, theme.more],
    interpolate: 'rgb',
    clamp: true,
  }) as const;

/** The colour of a number on a cell of some share. */
export const onShade = (theme: Theme, share: number): string => (share > 0.55 ? onStrong(theme) : theme.ink);

/** Names above the columns of a panel: slanted where one is wider than its column, with the room that they take. */
export function slantOf(
  names: readonly string[],
  columnWidth: number,
): { readonly slanted: boolean; readonly top: number } {
  const slanted = names.some((name) => name.length * fontSize * 0.6 > columnWidth);
  return {
    slanted,
    top: slanted ? 16 + 0.5 * fontSize * Math.max(...names.map(({ length }) => length)) : 24,
  };
}

/** A cell of a panel. */
interface ShadedCell {
  readonly row: string;
  readonly feature: string;
  readonly share: number;
}

/**
 * A panel of cells, features across; the rows have their labels in the panel beside it.
 * @param text what stands in a cell
 */
export function featurePanel<C extends ShadedCell>(
  cells: readonly C[],
  text: (cell: C) => string,
  layout: {
    readonly rows: readonly string[];
    readonly names: readonly string[];
    readonly columnWidth: number;
    readonly height: number;
  },
  theme: Theme,
): Panel {
  const { rows, names, columnWidth, height } = layout;
  const { slanted, top } = slantOf(names, columnWidth);
  return {
    width: names.length * columnWidth + 8,
    height,
    options: {
      marginLeft: 4,
      marginRight: 4,
      marginTop: top,
      marginBottom: 6,
      x: {
        domain: names,
        label: null,
        axis: 'top',
        tickSize: 0,
        paddingInner: 0.04,
        paddingOuter: 0,
        ...(slanted ? { tickRotate: -30 } : {}),
      },
      y: { domain: rows, axis: null, paddingInner: 0.06, paddingOuter: 0 },
      color: shadeScale(theme),
      marks: [
        Plot.cell(cells, { x: 'feature', y: 'row', fill: 'share' }),
        Plot.text(cells, {
          x: 'feature',
          y: 'row',
          text,
          fill: ({ share }: { share: number }) => onShade(theme, share),
          fontSize: 10.5,
        }),
      ],
    } satisfies Plot.PlotOptions,
  };
}
