/**
 * How often heads count, as a map: layers upwards, heads across.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type HeadsRecord } from '../../interpret/heads-of-task.js';
import { headOf } from '../../models/hooks.js';
import { headsLegend, headsSentence } from '../heads.js';
import { type Figure } from './figure.js';
import { headGrid } from './head-grid.js';
import { onShade, shadeScale } from './shades.js';
import { type Theme, themes } from './theme.js';

/** Heads that count in at least such a share of the prompts have it written in their cell. */
const numberedFrom = 0.1;

/** The figure of heads by their share of the residual stream. */
export function headsFigure(record: HeadsRecord, theme: Theme = themes.light): Figure {
  const cells = record.heads.flatMap(({ site, counted }) => {
    const place = headOf(site);
    return place === null ? [] : [{ ...place, share: counted.share }];
  });
  const { width, height, options } = headGrid(cells);
  return {
    title: 'Heads that make up the residual stream',
    subtitle: headsSentence(record),
    caption:
      `Share of the prompts in which a head counts, in percent, written out from ${100 * numberedFrom}% on. ` +
      `${headsLegend(record)} ${record.model}.`,
    panels: [
      {
        width,
        height: height + 50,
        options: {
          ...options,
          marginTop: 12,
          color: shadeScale(theme),
          marks: [
            Plot.cell(cells, { x: 'head', y: 'layer', fill: 'share' }),
            Plot.text(
              cells.filter(({ share }) => share >= numberedFrom),
              {
                x: 'head',
                y: 'layer',
                text: ({ share }: { share: number }) => (100 * share).toFixed(0),
                fill: ({ share }: { share: number }) => onShade(theme, share),
                fontSize: 10,
              },
            ),
          ],
        } satisfies Plot.PlotOptions,
      },
    ],
  };
}
