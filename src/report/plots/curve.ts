/**
 * How far ε reaches: rows are thresholds; bars, the information that being inside gives; cells, the share of the inputs
 * inside that have the query's own value of a feature.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type EpsilonCurve } from '../../interpret/epsilon-curve.js';
import { type PreimageRecord } from '../../interpret/records.js';
import { shortName } from '../../models/hooks.js';
import { type Figure } from './figure.js';
import { featurePanel, slantOf } from './shades.js';
import { type Theme, themes } from './theme.js';

const rowHeight = 24;
const cellWidth = 56;
const barRoom = 190;

/** The figure of a preimage's curve. */
export function curveFigure(
  record: PreimageRecord & { readonly curve: EpsilonCurve },
  theme: Theme = themes.light,
): Figure {
  const { points, total, plateaus } = record.curve;
  const rows = points.map(({ epsilon }) => String(epsilon));
  const bars = points.map(({ epsilon, size, bits }) => ({
    row: String(epsilon),
    bits: bits ?? 0,
    label: `${size.toLocaleString('en')} inside`,
  }));
  const varying = new Set(
    points
      .flatMap(({ features }) => features.filter(({ before }) => before > 0))
      .map(({ feature }) => feature),
  );
  const names = record.curve.heldUpTo.flatMap(({ feature }) => (varying.has(feature) ? [feature] : []));
  const cells = points.flatMap(({ epsilon, features }) =>
    features.flatMap(({ feature, consistency }) =>
      varying.has(feature) ? [{ row: String(epsilon), feature, share: consistency }] : [],
    ),
  );
  const { top } = slantOf(names, cellWidth);
  const height = rows.length * rowHeight + top + 6;
  const place = record.place ?? String(record.position);
  const flat = plateaus.map(
    ({ from, to, size }) => `${size.toLocaleString('en')} inputs from ε = ${from} to ${to}`,
  );
  const held =
    record.conditional === undefined ? '' : ` that vary in ${record.conditional.varying.join(', ')}`;
  return {
    title: `${shortName(record.site)} at “${place}” of ${record.input}`,
    subtitle:
      flat.length === 0 ? 'No plateau: the preimage grows at every step' : `Plateaus: ${flat.join('; ')}`,
    caption: `By ε: −log2 of the share of the ${total.toLocaleString('en')} inputs${held} that are inside, and the share of those with the query’s own value. ${record.metric}${record.at === undefined ? ', at the nearest position' : `, at “${record.at}” alone`}; ${record.model}.`,
    panels: [
      {
        width: 56 + barRoom,
        height,
        options: {
          marginLeft: 56,
          marginRight: 78,
          marginTop: top,
          marginBottom: 6,
          x: { domain: [0, Math.max(1, Math.log2(total))], axis: null },
          y: {
            domain: rows,
            label: null,
            tickFormat: (row: string) => `ε ${row}`,
            tickSize: 0,
            paddingInner: 0.2,
            paddingOuter: 0,
          },
          marks: [
            Plot.barX(bars, { x: 'bits', y: 'row', fill: theme.more }),
            Plot.text(bars, {
              x: 'bits',
              y: 'row',
              text: 'label',
              textAnchor: 'start',
              dx: 4,
              fill: theme.muted,
              fontSize: 10.5,
            }),
            Plot.ruleX([0], { stroke: theme.ink }),
          ],
        } satisfies Plot.PlotOptions,
      },
      featurePanel(
        cells,
        ({ share }) => `${(100 * share).toFixed(0)}%`,
        { rows, names, columnWidth: cellWidth, height },
        theme,
      ),
    ],
  };
}
