/**
 * Bits by feature: bars of one activation, or a map of many, sites and places down and features across.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type BitsRecord, type SitesRecord } from '../../interpret/records.js';
import { shortName } from '../../models/hooks.js';
import { type Figure } from './figure.js';
import { askedInputs } from '../wording.js';
import { featurePanel, slantOf } from './shades.js';
import { type Theme, fontSize, themes } from './theme.js';

const rowHeight = 22;
const cellWidth = 48;
/** Below this share of a feature's entropy a cell of the map has no number. */
const shownShare = 0.02;

/** The figure of a measurement. */
export const bitsFigure = (record: BitsRecord | SitesRecord, theme: Theme = themes.light): Figure =>
  'sites' in record ? siteMap(record, theme) : featureBars(record, theme);

function featureBars(record: BitsRecord, theme: Theme): Figure {
  const place = record.place ?? String(record.position);
  const names = record.features.map(({ feature }) => feature);
  const left = labelRoom(names);
  const most = Math.max(1, ...record.features.map(({ before }) => before));
  const { exact, estimate, readout } = record;
  const figures = [
    ...(exact?.bits === null || exact === null
      ? []
      : [`${exact.bits.toFixed(2)} bits exactly, ${exact.size.toLocaleString('en')} inputs`]),
    ...(estimate?.bits === null || estimate === null
      ? []
      : [
          `${estimate.bits.toFixed(2)} bits estimated, ${estimate.low.toFixed(2)} to ${estimate.high?.toFixed(2) ?? '∞'}`,
        ]),
  ];
  return {
    title: `${shortName(record.site)} at “${place}” of ${record.input}`,
    subtitle: [...figures, readout.sentence].join('; '),
    caption: `Entropy of each feature over all inputs (outline) and what the activation takes from it (bar). ε = ${record.epsilon}, ${record.metric}; ${record.model}.`,
    panels: [
      {
        width: left + 420,
        height: names.length * rowHeight + 50,
        options: {
          marginLeft: left,
          marginRight: 40,
          marginTop: 6,
          marginBottom: 40,
          x: { domain: [0, most], label: 'bits', labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
          y: { domain: names, label: null, padding: 0.26, tickSize: 0 },
          marks: [
            Plot.gridX({ stroke: theme.rule, strokeOpacity: 1, ticks: 6 }),
            Plot.barX(record.features, {
              x: 'before',
              y: 'feature',
              fill: 'none',
              stroke: theme.rule,
              strokeWidth: 1.2,
            }),
            Plot.barX(record.features, {
              x: ({ bits }: { bits: number }) => Math.max(0, bits),
              y: 'feature',
              fill: theme.more,
            }),
            Plot.text(record.features, {
              x: ({ bits }: { bits: number }) => Math.max(0, bits),
              y: 'feature',
              text: ({ bits }: { bits: number }) => plain(bits),
              textAnchor: 'start',
              dx: 4,
              fill: theme.muted,
              ...(theme.paper === 'none' ? {} : { stroke: theme.paper, strokeWidth: 4 }),
            }),
            Plot.ruleX([0], { stroke: theme.ink }),
          ],
        } satisfies Plot.PlotOptions,
      },
    ],
  };
}

function siteMap(record: SitesRecord, theme: Theme): Figure {
  const label = ({ site, place }: SitesRecord['sites'][number]): string =>
    place === null ? shortName(site) : `${shortName(site)}  ${place}`;
  const rows = record.sites.map(label);
  // Chosen features stand in the order of the choice; else the most informative come first.
  const totals = new Map<string, number>();
  for (const { features } of record.sites) {
    for (const { feature, bits, of } of features)
      totals.set(feature, (totals.get(feature) ?? 0) + (of > 0 ? bits / of : 0));
  }
  const names = record.features ?? [...totals].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const cells = record.sites.flatMap((row) =>
    row.features.map(({ feature, bits, of }) => ({
      row: label(row),
      feature,
      bits,
      share: of > 0 ? Math.max(0, Math.min(1, bits / of)) : 0,
    })),
  );
  const sums = record.sites.map((row) => ({ row: label(row), column: 'all', bits: row.total?.bits ?? null }));
  const left = labelRoom(rows);
  const { top } = slantOf(names, cellWidth);
  const height = rows.length * rowHeight + top + 6;
  return {
    title: 'What activations tell, in bits',
    subtitle: `Mean over ${askedInputs(record.queries, record.heldOut, ['query', 'queries'])} each; shade: share of the feature’s entropy`,
    caption: `${record.exact ? 'Exact preimages' : record.decoder === null ? 'By classes of inputs' : 'Estimates from samples'}, ${record.epsilonFrom === 'curve' ? `ε as chosen for each, else ${record.epsilon}` : `ε = ${record.epsilon}`}, ${record.metric}; “all”: information in the activation. Seed ${record.seed}; ${record.model}.`,
    panels: [
      {
        width: left + 58,
        height,
        options: {
          marginLeft: left,
          marginRight: 8,
          marginTop: top,
          marginBottom: 6,
          x: { domain: ['all'], label: null, axis: 'top', tickSize: 0 },
          y: { domain: rows, label: null, tickSize: 0, paddingInner: 0.06, paddingOuter: 0 },
          marks: [
            Plot.text(sums, {
              x: 'column',
              y: 'row',
              text: ({ bits }: { bits: number | null }) => (bits === null ? '–' : bits.toFixed(1)),
              fill: theme.ink,
              fontWeight: 600,
            }),
          ],
        } satisfies Plot.PlotOptions,
      },
      featurePanel(
        cells,
        ({ bits, share }) => (share < shownShare ? '' : plain(bits)),
        { rows, names, columnWidth: cellWidth, height },
        theme,
      ),
    ],
  };
}

const labelRoom = (labels: readonly string[]): number =>
  Math.min(220, 18 + Math.max(0, ...labels.map(({ length }) => length)) * fontSize * 0.58);

const plain = (value: number): string => value.toFixed(value >= 10 ? 1 : 2).replace('-', '−');
