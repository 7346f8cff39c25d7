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
import { type Theme, fontSize, themes } from './theme.js';

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
  const slanted = names.some((name) => name.length * fontSize * 0.6 > cellWidth);
  const top = slanted ? 16 + 0.5 * fontSize * Math.max(...names.map(({ length }) => length)) : 24;
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
      {
        width: names.length * cellWidth + 8,
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
          color: {
            type: 'linear',
            domain: [0, 1],
            range: [theme.nothing, theme.more],
            interpolate: 'rgb',
            clamp: true,
          },
          marks: [
            Plot.cell(cells, { x: 'feature', y: 'row', fill: 'share' }),
            Plot.text(cells, {
              x: 'feature',
              y: 'row',
              text: ({ share }: { share: number }) => `${(100 * share).toFixed(0)}%`,
              fill: ({ share }: { share: number }) =>
                share > 0.55 ? (theme.paper === themes.dark.paper ? '#10141a' : '#ffffff') : theme.ink,
              fontSize: 10.5,
            }),
          ],
        } satisfies Plot.PlotOptions,
      },
    ],
  };
}
