/**
 * Effects of all heads of a model: layers upwards, heads across, a map for each position.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type HeadCell, headCells } from '../head-effects.js';
import { type SweepRecord } from '../../causal/records.js';
import { baselineText, sentence } from './captions.js';
import { effectScale } from './effect-scale.js';
import { type Figure } from './figure.js';
import { headGrid } from './head-grid.js';
import { type Theme, themes } from './theme.js';

/** Cells whose effect is at least such a share of the largest have it written in them. */
const numberedFrom = 0.1;

/** The figure of a sweep over heads. */
export function headMapFigure(record: SweepRecord, theme: Theme = themes.light): Figure {
  const cells = headCells(record);
  const grid = headGrid(cells);
  const scale = effectScale(
    cells.map(({ effect }) => effect),
    theme,
  );
  const height = grid.height + 68;
  const panels = record.positions.map((position) => {
    const own = cells.filter((cell) => cell.position === position);
    const marked = own.filter(
      ({ effect, changed }) => changed > 0 && Math.abs(effect) >= numberedFrom * scale.most,
    );
    return {
      width: grid.width,
      height,
      options: {
        ...grid.options,
        marginTop: 30,
        color: scale.color,
        marks: [
          Plot.text([position], {
            frameAnchor: 'top',
            dy: -14,
            text: (name: string) => `at ${name}`,
            fontWeight: 600,
          }),
          Plot.cell(own, { x: 'head', y: 'layer', fill: 'effect' }),
          Plot.text(marked, {
            x: 'head',
            y: 'layer',
            text: ({ effect }: HeadCell) => scale.text(effect),
            fill: ({ effect }: HeadCell) => scale.ink(effect),
            fontSize: 10,
          }),
        ],
      } satisfies Plot.PlotOptions,
    };
  });
  return {
    title: `${record.experiment}: every head at ${record.positions.join(', ')}`,
    subtitle: `${sentence(record.about)}; effect of the patch in ${record.unit}`,
    caption: `${baselineText(record)} Written out where an effect is at least a tenth of the largest.`,
    panels: [...panels, scale.legend(height)],
  };
}
