/**
 * Bars of direct logit attribution, one a site.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type AttributionRecord, shownSites } from '../../causal/records.js';
import { shortName } from '../../models/hooks.js';
import { errorText, fixed } from './captions.js';
import { type Figure } from './figure.js';
import { askedInputs } from '../wording.js';
import { type Theme, fontSize, themes } from './theme.js';

const rowHeight = 21;

/** The figure of an attribution; parts in the order of a run, what they leave last. */
export function attributionFigure(record: AttributionRecord, theme: Theme = themes.light): Figure {
  const { sites, others } = shownSites(record);
  const sum = (site: string, value: number) => ({ site, value, low: value, high: value });
  const bars = [
    ...sites.map(({ site, value, standardError }) => ({
      site: shortName(site),
      value,
      low: value - (standardError ?? 0),
      high: value + (standardError ?? 0),
    })),
    ...(others === null ? [] : [sum(`${others.count} others`, others.value)]),
    sum('rest', record.rest),
  ];
  const ends = bars.flatMap(({ low, high }) => [low, high]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const room = 0.12 * (most - least);
  const letters = bars.reduce((longest, { site }) => Math.max(longest, site.length), 0);
  const left = Math.min(220, 18 + letters * fontSize * 0.58);
  const label = (side: 'start' | 'end'): Plot.Text =>
    Plot.text(bars, {
      x: side === 'start' ? 'high' : 'low',
      y: 'site',
      text: ({ value }: { value: number }) => fixed(value),
      textAnchor: side,
      dx: side === 'start' ? 5 : -5,
      fill: theme.muted,
      ...(theme.paper === 'none' ? {} : { stroke: theme.paper, strokeWidth: 4 }),
      filter: ({ value }: { value: number }) => value >= 0 === (side === 'start'),
    });
  return {
    title: `Direct logit attribution at “${record.place}”`,
    subtitle: record.about,
    caption:
      `All parts together: ${fixed(record.total)} logits. Rest: biases and parts that are not shown. ` +
      `${record.n === 1 ? '' : `${askedInputs(record.n, record.heldOut)}, seed ${record.seed ?? 0}. ${errorText} `}${record.model}.`,
    panels: [
      {
        width: left + 430,
        height: bars.length * rowHeight + 50,
        options: {
          marginLeft: left,
          marginRight: 14,
          marginTop: 6,
          marginBottom: 40,
          x: {
            domain: [least - (least < 0 ? room : 0.02 * (most - least)), most + room],
            label: 'contribution, logits',
            labelAnchor: 'center',
            labelArrow: 'none',
            ticks: 6,
          },
          y: { domain: bars.map(({ site }) => site), label: null, padding: 0.26, tickSize: 0 },
          marks: [
            Plot.gridX({ stroke: theme.rule, strokeOpacity: 1, ticks: 6 }),
            Plot.barX(bars, {
              x1: 0,
              x2: 'value',
              y: 'site',
              fill: ({ value, site }: { value: number; site: string }) =>
                /^rest$| others$/.test(site) ? theme.muted : value < 0 ? theme.less : theme.more,
            }),
            Plot.ruleY(bars, { x1: 'low', x2: 'high', y: 'site', stroke: theme.ink, strokeWidth: 1.5 }),
            label('start'),
            label('end'),
            Plot.ruleX([0], { stroke: theme.ink }),
          ],
        } satisfies Plot.PlotOptions,
      },
    ],
  };
}
