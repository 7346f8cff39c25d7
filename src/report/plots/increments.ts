/**
 * Bars of cumulative patching: what each step adds to the effect, in either order, with standard errors.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type OrderRecord } from '../../causal/records.js';
import { baselineText, errorText, sentence } from './captions.js';
import { type Figure } from './figure.js';
import { type Theme, fontSize, themes } from './theme.js';

const rowHeight = 24;
/** What is added together stands in a line each. */
const lineHeight = 15;

/** The figure of both orders; steps keep the model's order from top to bottom in either panel. */
export function incrementsFigure(records: readonly OrderRecord[], theme: Theme = themes.light): Figure {
  const [head] = records;
  const steps = records.find(({ order }) => order === 'forward')?.sets.map(({ added }) => added) ?? [];
  const labels = shortened(steps);
  const label = (step: string): string => labels.labels[steps.indexOf(step)] ?? step;
  const bars = records.flatMap(({ order, sets }) =>
    sets.map(({ added, increment, incrementStandardError }): Bar & { order: string } => ({
      order,
      step: label(added),
      increment,
      low: increment - (incrementStandardError ?? 0),
      high: increment + (incrementStandardError ?? 0),
    })),
  );
  const ends = bars.flatMap(({ low, high }) => [low, high]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  // Room for the figure that stands at the end of a bar.
  const below = bars.some(({ increment }) => increment <= -shown);
  const domain = [least - (below ? 0.2 : 0.02) * (most - least), most + 0.2 * (most - least)];
  const parts = labels.labels.map((text) => text.split(' + '));
  const longest = parts.flat().reduce((letters, text) => Math.max(letters, text.length + 2), 0);
  const tallest = parts.reduce((count, { length }) => Math.max(count, length), 1);
  const left = Math.min(230, 18 + longest * fontSize * 0.58);
  const panel = (record: OrderRecord, at: number): Figure['panels'][number] => {
    const own = bars.filter(({ order }) => order === record.order);
    const side = at === 0 ? left : 12;
    return {
      width: 270 + side,
      height: steps.length * (rowHeight + (tallest - 1) * lineHeight) + 66,
      options: {
        marginLeft: side,
        marginRight: 14,
        marginTop: 26,
        marginBottom: 40,
        x: {
          domain,
          label: `increment, ${record.unit}`,
          labelAnchor: 'center',
          labelArrow: 'none',
          ticks: 5,
          nice: false,
        },
        y: {
          domain: labels.labels,
          tickFormat: (text: string) => text.replaceAll(' + ', ' +\n'),
          label: null,
          axis: at === 0 ? 'left' : null,
          padding: 0.28,
          tickSize: 0,
        },
        marks: [
          Plot.gridX({ stroke: theme.rule, strokeOpacity: 1, ticks: 5 }),
          Plot.barX(own, {
            x1: 0,
            x2: 'increment',
            y: 'step',
            fill: ({ increment }: { increment: number }) =>
              increment < 0 ? theme.less : (theme.series[0] ?? theme.ink),
          }),
          Plot.ruleY(own, { x1: 'low', x2: 'high', y: 'step', stroke: theme.ink, strokeWidth: 1.5 }),
          figures(own, theme, 'start'),
          figures(own, theme, 'end'),
          Plot.ruleX([0], { stroke: theme.ink }),
          Plot.text([`${record.order} order`], {
            frameAnchor: 'top-left',
            dy: -18,
            fontWeight: 600,
            fill: theme.ink,
          }),
        ],
      } satisfies Plot.PlotOptions,
    };
  };
  return {
    title: head === undefined ? '' : head.experiment,
    subtitle:
      head === undefined
        ? ''
        : `${sentence(head.about)}${labels.place === '' ? '' : `; sites patched at ${labels.place}`}`,
    caption: head === undefined ? '' : `${baselineText(head)} ${errorText}`,
    panels: records.map(panel),
  };
}

interface Bar {
  readonly step: string;
  readonly increment: number;
  readonly low: number;
  readonly high: number;
}

/** The figures of the bars that go one way, behind their whiskers. */
function figures(bars: readonly Bar[], theme: Theme, side: 'start' | 'end'): Plot.Text {
  return Plot.text(
    bars.filter(({ increment }) => increment <= -shown === (side === 'end')),
    {
      x: side === 'start' ? 'high' : 'low',
      y: 'step',
      text: ({ increment }: Bar) => signed(increment),
      textAnchor: side,
      dx: side === 'start' ? 5 : -5,
      fill: theme.muted,
      // Grid lines would run through it.
      ...(theme.paper === 'none' ? {} : { stroke: theme.paper, strokeWidth: 4 }),
    },
  );
}

/** Labels without the place where all of them have the same. */
function shortened(steps: readonly string[]): { labels: string[]; place: string } {
  const places = new Set(
    steps.flatMap((step) => step.split(' + ').map((one) => one.slice(one.indexOf('@') + 1))),
  );
  const [place = ''] = places;
  if (places.size !== 1 || place === '') return { labels: [...steps], place: '' };
  return { labels: steps.map((step) => step.replaceAll(`@${place}`, '')), place: `“${place}”` };
}

/** The least that is not written as 0. */
const shown = 0.005;

const signed = (value: number): string => {
  const text = Math.abs(value).toFixed(Math.abs(value) < 0.995 ? 2 : 1);
  return Math.abs(value) < shown ? '0' : `${value < 0 ? '−' : '+'}${text}`;
};
