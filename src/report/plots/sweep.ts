/**
 * The heat map of a sweep: sites from the last of the model at the top to the first, positions along the input.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type SweepRecord } from '../../causal/records.js';
import { shortName } from '../../models/hooks.js';
import { baselineText, sentence } from './captions.js';
import { type Figure } from './figure.js';
import { type Theme, fontSize, themes, onStrong } from './theme.js';

const cellHeight = 22;
/** Wider cells leave room for the figure in each. */
const numberedCell = 46;
const bareCell = 22;
const mostNumbered = 600;

/** The figure of a sweep. */
export function sweepFigure(record: SweepRecord, theme: Theme = themes.light): Figure {
  const sites = record.sites.map(shortName);
  const { positions, effects, changed } = record;
  const cells = sites.flatMap((site, row) =>
    positions.map((position, column) => ({
      site,
      position,
      effect: effects[row]?.[column] ?? NaN,
      changed: (changed[row]?.[column] ?? 0) > 0,
    })),
  );
  const most = cells.reduce((largest, { effect }) => Math.max(largest, Math.abs(effect)), 0) || 1;
  // Where nothing worth showing goes below zero, the scale starts there.
  const twoWays = cells.some(({ effect }) => effect < -0.05 * most);
  const least = twoWays ? -most : 0;
  const numbered = cells.length <= mostNumbered;
  const cell = numbered ? numberedCell : bareCell;
  const letters = sites.reduce((longest, site) => Math.max(longest, site.length), 0);
  const left = 16 + letters * fontSize * 0.58;
  const bar = 60;
  const height = sites.length * cellHeight + 46;
  const color: Plot.ScaleOptions = {
    type: 'linear',
    clamp: true,
    domain: twoWays ? [-most, 0, most] : [0, most],
    range: twoWays ? [theme.less, theme.nothing, theme.more] : [theme.nothing, theme.more],
    interpolate: 'rgb',
  };
  const dark = (effect: number): boolean => Math.abs(effect) > 0.55 * most;
  const map: Plot.PlotOptions = {
    marginLeft: left,
    marginRight: 6,
    marginTop: 8,
    marginBottom: 38,
    x: {
      domain: positions,
      label: 'patched position',
      labelAnchor: 'center',
      labelArrow: 'none',
      tickSize: 0,
      paddingInner: 0.04,
      paddingOuter: 0,
    },
    y: { domain: sites.toReversed(), label: null, tickSize: 0, paddingInner: 0.06, paddingOuter: 0 },
    color,
    marks: [
      Plot.cell(cells, { x: 'position', y: 'site', fill: 'effect' }),
      ...(numbered
        ? [
            Plot.text(cells, {
              x: 'position',
              y: 'site',
              text: ({ effect, changed: any }: { effect: number; changed: boolean }) =>
                any ? plain(effect, most) : '',
              fill: ({ effect }: { effect: number }) => (dark(effect) ? onStrong(theme) : theme.ink),
              fontSize: 10.5,
            }),
          ]
        : []),
    ],
  };
  const step = (most - least) / 60;
  const steps = Array.from({ length: 60 }, (_, at) => least + at * step);
  const legend: Plot.PlotOptions = {
    marginLeft: 8,
    marginRight: 36,
    marginTop: 8,
    marginBottom: 38,
    y: { domain: [least, most], axis: 'right', label: null, ticks: 5, tickSize: 3 },
    x: { axis: null, domain: [0, 1] },
    color,
    marks: [
      Plot.rect(steps, {
        x1: 0,
        x2: 1,
        y1: (value: number) => value,
        y2: (value: number) => Math.min(most, value + 1.5 * step),
        fill: (value: number) => value + step / 2,
      }),
    ],
  };
  return {
    title: `${record.experiment}: each site at each position`,
    subtitle: `${sentence(record.about)}; effect of the patch in ${record.unit}`,
    caption: `${baselineText(record)} Cells without a figure: the patch changed no logit.`,
    panels: [
      { width: left + positions.length * cell + 6, height, options: map },
      { width: bar + 8, height, options: legend },
    ],
  };
}

function plain(effect: number, most: number): string {
  const text = effect.toFixed(most >= 100 ? 0 : most >= 2 ? 1 : 2);
  return Number(text) === 0 ? '0' : text.replace('-', '−');
}
