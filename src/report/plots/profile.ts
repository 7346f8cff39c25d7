/**
 * How activations change with a feature: their norm, where a head looks, and the plane in which the means of the
 * values differ most.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type ProfileRecord, type ProfileValue } from '../../interpret/profile.js';
import { shortName } from '../../models/hooks.js';
import { type Figure, type Panel } from './figure.js';
import { askedInputs } from '../wording.js';
import { type Theme, themes } from './theme.js';

const height = 260;
/** Most things looked at that have a line of their own. */
const mostLines = 6;
/** A smaller share than this everywhere is no line. */
const least = 0.03;

/** The figure of a profile. */
export function profileFigure(record: ProfileRecord, theme: Theme = themes.light): Figure {
  const { site, place, feature, values, explained, plane, only, inputs, heldOut, seed, model } = record;
  const panels = [norms(record, theme)];
  if (values.some(({ attention }) => attention !== null)) panels.push(attention(record, theme));
  panels.push(directions(record, theme));
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  return {
    title: `${shortName(site)} at “${place}”, by ${feature}`,
    subtitle: `${percent(explained)} of the activations’ variance lies between the values of ${feature}`,
    caption:
      `Left: norm of the activations, mean and standard deviation. ` +
      `Right: the two directions in which the means differ most (${percent(plane)} of their variance); dots are inputs, figures the means. ` +
      `${askedInputs(inputs, heldOut)}${only === null ? '' : ` with ${only}`}, seed ${seed}; ${model}.`,
    panels,
  };
}

const labels = ({ values }: ProfileRecord): string[] => values.map(({ value }) => String(value ?? '–'));

const across = (record: ProfileRecord): Plot.ScaleOptions => ({
  domain: labels(record),
  label: record.feature,
  labelAnchor: 'center',
  labelArrow: 'none',
  tickSize: 0,
});

function norms(record: ProfileRecord, theme: Theme): Panel {
  const rows = record.values.map((one) => ({
    value: String(one.value ?? '–'),
    norm: one.norm,
    low: one.norm - one.deviation,
    high: one.norm + one.deviation,
  }));
  return {
    width: 300,
    height,
    options: {
      marginLeft: 46,
      marginRight: 12,
      marginTop: 24,
      marginBottom: 40,
      x: { type: 'point', ...across(record) },
      y: { label: null, ticks: 5, zero: true, nice: true },
      marks: [
        Plot.gridY({ stroke: theme.rule, strokeOpacity: 1, ticks: 5 }),
        Plot.ruleX(rows, { x: 'value', y1: 'low', y2: 'high', stroke: theme.muted, strokeWidth: 2 }),
        Plot.line(rows, { x: 'value', y: 'norm', stroke: theme.series[0] ?? theme.ink, strokeWidth: 1.5 }),
        Plot.dot(rows, { x: 'value', y: 'norm', r: 3.5, fill: theme.series[0] ?? theme.ink }),
        heading('norm', theme),
      ],
    } satisfies Plot.PlotOptions,
  };
}

function attention(record: ProfileRecord, theme: Theme): Panel {
  const most = new Map<string, number>();
  for (const { attention: shares } of record.values) {
    for (const [source, share] of Object.entries(shares ?? {}))
      most.set(source, Math.max(most.get(source) ?? 0, share));
  }
  const sources = [...most]
    .filter(([, share]) => share >= least)
    .sort((a, b) => b[1] - a[1])
    .slice(0, mostLines)
    .map(([source]) => source);
  const rows = record.values.flatMap((one) =>
    sources.map((source) => ({
      value: String(one.value ?? '–'),
      source,
      share: one.attention?.[source] ?? 0,
    })),
  );
  const last = labels(record).at(-1);
  const color = ({ source }: { source: string }): string =>
    theme.series[sources.indexOf(source)] ?? theme.ink;
  return {
    width: 350,
    height,
    options: {
      marginLeft: 46,
      marginRight: 70,
      marginTop: 24,
      marginBottom: 40,
      x: { type: 'point', ...across(record) },
      y: { label: null, ticks: 5, domain: [0, Math.max(0.1, ...most.values())], nice: true },
      marks: [
        Plot.gridY({ stroke: theme.rule, strokeOpacity: 1, ticks: 5 }),
        Plot.line(rows, { x: 'value', y: 'share', z: 'source', stroke: color, strokeWidth: 1.8 }),
        Plot.dot(rows, { x: 'value', y: 'share', r: 2.5, fill: color }),
        Plot.text(apart(rows.filter(({ value }) => value === last)), {
          x: 'value',
          y: 'at',
          text: 'source',
          textAnchor: 'start',
          dx: 8,
          fill: color,
        }),
        heading('attention to', theme),
      ],
    } satisfies Plot.PlotOptions,
  };
}

/** Names at the ends of lines, so far from each other that they can be read. */
function apart<T extends { readonly share: number }>(ends: readonly T[]): (T & { readonly at: number })[] {
  const most = ends.reduce((largest, { share }) => Math.max(largest, share), 0.1);
  let floor = -Infinity;
  return [...ends]
    .sort((a, b) => a.share - b.share)
    .map((end) => {
      const at = Math.max(end.share, floor);
      floor = at + 0.065 * most;
      return { ...end, at };
    });
}

function directions(record: ProfileRecord, theme: Theme): Panel {
  const names = labels(record);
  const step = (value: ProfileValue['value']): number =>
    names.indexOf(String(value ?? '–')) / Math.max(1, names.length - 1);
  const means = record.values.map(({ value, x, y }) => ({ text: String(value ?? '–'), x, y }));
  const points = record.points.map(({ value, x, y }) => ({ x: digits(x), y: digits(y), step: step(value) }));
  return {
    width: 340,
    height,
    options: {
      marginLeft: 34,
      marginRight: 12,
      marginTop: 24,
      marginBottom: 40,
      x: { label: 'first direction', labelAnchor: 'center', labelArrow: 'none', ticks: 4 },
      y: { label: null, ticks: 4 },
      color: { type: 'linear', domain: [0, 1], range: [theme.less, theme.more], interpolate: 'rgb' },
      marks: [
        Plot.dot(points, { x: 'x', y: 'y', r: 1.7, fill: 'step', fillOpacity: 0.6 }),
        Plot.line(means, { x: 'x', y: 'y', stroke: theme.muted, strokeWidth: 1 }),
        Plot.text(means, {
          x: 'x',
          y: 'y',
          text: 'text',
          fill: theme.ink,
          fontWeight: 600,
          ...(theme.paper === 'none' ? {} : { stroke: theme.paper, strokeWidth: 4 }),
        }),
        heading('second direction', theme),
      ],
    } satisfies Plot.PlotOptions,
  };
}

const digits = (value: number): number => Number(value.toPrecision(3));

const heading = (text: string, theme: Theme): Plot.Text =>
  Plot.text([text], { frameAnchor: 'top-left', dy: -17, dx: -28, fontWeight: 600, fill: theme.ink });
