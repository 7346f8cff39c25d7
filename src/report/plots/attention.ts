/**
 * Where heads look: heads and the places they look from down, what is attended to across, a panel for each set of inputs.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type AttentionRecord } from '../../interpret/attention.js';
import { shortName } from '../../models/hooks.js';
import { type Figure } from './figure.js';
import { askedInputs } from '../wording.js';
import { onShade, shadeScale } from './shades.js';
import { type Theme, fontSize, themes } from './theme.js';

const rowHeight = 20;
const cellWidth = 37;
/** A smaller share than this has no figure. */
const shown = 0.05;

/** The figure of mean attention; records of the same heads at the same places side by side. */
export function attentionFigure(records: readonly AttentionRecord[], theme: Theme = themes.light): Figure {
  const label = ({ site, place }: { site: string; place: string }): string => `${shortName(site)}  ${place}`;
  const rows = records[0]?.rows.map(label) ?? [];
  const left = Math.min(
    220,
    18 + rows.reduce((most, { length }) => Math.max(most, length), 0) * fontSize * 0.58,
  );
  const [head] = records;
  return {
    title: 'Where heads look',
    subtitle: 'Mean attention, from a place (rows) to others (columns)',
    caption:
      head === undefined
        ? ''
        : `${askedInputs(head.inputs, head.heldOut)}${records.length === 1 ? '' : ' each'}, seed ${head.seed}. Shares below ${shown} have no figure; ${head.model}.`,
    panels: records.map((record, at) => {
      const side = at === 0 ? left : 14;
      const cells = record.rows.flatMap((row) =>
        record.sources.map((source) => ({ row: label(row), source, share: row.shares[source] ?? 0 })),
      );
      return {
        width: side + record.sources.length * cellWidth + 6,
        height: rows.length * rowHeight + 52,
        options: {
          marginLeft: side,
          marginRight: 6,
          marginTop: 46,
          marginBottom: 6,
          x: {
            domain: record.sources,
            label: null,
            axis: 'top',
            tickSize: 0,
            paddingInner: 0.04,
            paddingOuter: 0,
          },
          y: {
            domain: rows,
            label: null,
            axis: at === 0 ? 'left' : null,
            tickSize: 0,
            paddingInner: 0.06,
            paddingOuter: 0,
          },
          color: shadeScale(theme),
          marks: [
            Plot.cell(cells, { x: 'source', y: 'row', fill: 'share' }),
            Plot.text(cells, {
              x: 'source',
              y: 'row',
              filter: ({ share }: { share: number }) => share >= shown,
              text: ({ share }: { share: number }) => share.toFixed(2).replace(/^0/, ''),
              fill: ({ share }: { share: number }) => onShade(theme, share),
              fontSize: 10.5,
            }),
            Plot.text([record.only ?? 'all inputs'], {
              frameAnchor: 'top-left',
              dy: -38,
              fontWeight: 600,
              fill: theme.ink,
            }),
          ],
        } satisfies Plot.PlotOptions,
      };
    }),
  };
}
