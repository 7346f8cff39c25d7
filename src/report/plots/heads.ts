/**
 * How often heads count, as a map: layers upwards, heads across.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type HeadsRecord } from '../../interpret/heads-of-task.js';
import { headOf } from '../../models/hooks.js';
import { headsLegend, headsSentence } from '../heads.js';
import { type Figure } from './figure.js';
import { onShade, shadeScale } from './shades.js';
import { type Theme, themes } from './theme.js';

const [cellWidth, cellHeight, left] = [34, 19, 40];
/** Heads that count in at least such a share of the prompts have it written in their cell. */
const numberedFrom = 0.1;

/** The figure of heads by their share of the residual stream. */
export function headsFigure(record: HeadsRecord, theme: Theme = themes.light): Figure {
  const cells = record.heads.flatMap(({ site, counted }) => {
    const place = headOf(site);
    return place === null ? [] : [{ ...place, share: counted.share }];
  });
  const numbers = (of: (cell: (typeof cells)[number]) => number): number[] =>
    [...new Set(cells.map(of))].sort((a, b) => a - b);
  const [layers, heads] = [numbers(({ layer }) => layer), numbers(({ head }) => head)];
  return {
    title: 'Heads that make up the residual stream',
    subtitle: headsSentence(record),
    caption:
      `Share of the prompts in which a head counts, in percent, written out from ${100 * numberedFrom}% on. ` +
      `${headsLegend(record)} ${record.model}.`,
    panels: [
      {
        width: left + heads.length * cellWidth + 8,
        height: layers.length * cellHeight + 50,
        options: {
          marginLeft: left,
          marginRight: 8,
          marginTop: 12,
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
