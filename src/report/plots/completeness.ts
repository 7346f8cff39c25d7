/**
 * The completeness scatter: log-probability under the decoder against distance. Inputs that fall together are drawn as
 * one square, the darker the more there are, so that 810,000 of them make a figure of a few kilobytes and none is lost.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type CompletenessRecord, type CompletenessSweepRecord } from '../../interpret/records.js';
import { shortName } from '../../models/hooks.js';
import { askedInputs } from '../wording.js';
import { type Figure, type Panel } from './figure.js';
import { type Theme, themes } from './theme.js';

interface Square {
  readonly x1: number;
  readonly x2: number;
  readonly y1: number;
  readonly y2: number;
  count: number;
  inside: boolean;
}

/** The figure of a scatter. */
export function completenessFigure(record: CompletenessRecord, theme: Theme = themes.light): Figure {
  const { floor, epsilon, inside, outside, total, belowFloor, noise, draws } = record.completeness;
  const place = record.place ?? String(record.position);
  return {
    title: `Completeness: ${shortName(record.site)} at “${place}” of ${record.input}`,
    subtitle: `${belowFloor.toLocaleString('en')} of ${inside.toLocaleString('en')} inputs inside ε have a log-probability below ${floor.toFixed(1).replace('-', '−')}`,
    caption:
      `All ${inside.toLocaleString('en')} inputs inside (blue) and ${outside.toLocaleString('en')} of the ${(total - inside).toLocaleString('en')} outside (orange), by distance in the probed model and log-probability under the decoder; ` +
      `noise ${noise}, mean over ${draws} draws. Squares are darker where more inputs fall together. Dashed: ε = ${epsilon}, and the floor. ${record.model}; ${record.decoder ?? ''}.`,
    panels: [scatter(record, theme, { width: 620, height: 400, across: 110, down: 70 })],
  };
}

/** Panels of a row in a grid: two rows of four, as published. */
const gridColumns = 4;

/** The figure of a sweep: a small scatter a query, in rows of four. */
export function completenessGrid(record: CompletenessSweepRecord, theme: Theme = themes.light): Figure {
  const { cells, heldOut, complete, inside, belowFloor } = record;
  const [first] = cells;
  const percent = (value: number): string => `${(100 * value).toFixed(0)}%`;
  const outside = Math.max(0, ...cells.map(({ completeness }) => completeness.outside));
  return {
    title: 'Completeness by site',
    subtitle: `${complete.hits} of ${complete.n} queries have no input inside below the floor (95% interval ${percent(complete.low)} to ${percent(complete.high)}); ${belowFloor.toLocaleString('en')} of ${inside.toLocaleString('en')} inputs inside are`,
    caption:
      first === undefined
        ? ''
        : `By query: all inputs inside (blue) and up to ${outside.toLocaleString('en')} outside (orange), by distance (${first.metric}) in the probed model and log-probability (nats) under the decoder; ` +
          `noise ${first.completeness.noise}, mean over ${first.completeness.draws} draws; ${askedInputs(complete.n, heldOut, ['query', 'queries'])}, seed ${first.seed}. Dashed: ε = ${first.epsilon}, and the floor, a hundredth of an even share unless chosen. ${first.model}; ${first.decoder ?? ''}.`,
    columns: gridColumns,
    panels: cells.map((cell) =>
      scatter(cell, theme, {
        width: 250,
        height: 200,
        across: 55,
        down: 40,
        label: `${shortName(cell.site)} at ${cell.place ?? cell.position} of ${cell.input}`,
      }),
    ),
  };
}

interface ScatterSize {
  readonly width: number;
  readonly height: number;
  /** Squares that inputs fall together in. */
  readonly across: number;
  readonly down: number;
  /** Over a panel of a grid, whose axes are named in the caption. */
  readonly label?: string;
}

function scatter(record: CompletenessRecord, theme: Theme, size: ScatterSize): Panel {
  const { points, floor, epsilon } = record.completeness;
  const { width, height, label } = size;
  const finite = points.filter(
    ({ distance, logProbability }) => Number.isFinite(distance) && Number.isFinite(logProbability),
  );
  const far = finite.reduce((most, { distance }) => Math.max(most, distance), 2 * epsilon);
  const least = finite.reduce((low, { logProbability }) => Math.min(low, logProbability), floor - 1);
  const squares = squaresOf(finite, far, least, size);
  const densest = squares.reduce((largest, { count }) => Math.max(largest, count), 1);
  const shade = ({ count }: Square): number => 0.25 + (0.75 * Math.log(count + 1)) / Math.log(densest + 1);
  const small = label !== undefined;
  return {
    width,
    height,
    options: {
      marginLeft: small ? 40 : 52,
      marginRight: 14,
      marginTop: small ? 28 : 10,
      marginBottom: small ? 26 : 42,
      x: {
        domain: [0, far],
        label: small ? null : `distance, ${record.metric}`,
        labelAnchor: 'center',
        labelArrow: 'none',
        nice: true,
        ...(small ? { ticks: 4 } : {}),
      },
      y: {
        domain: [least, 0],
        label: small ? null : 'log-probability under the decoder, nats',
        labelAnchor: 'center',
        labelArrow: 'none',
        nice: true,
        ...(small ? { ticks: 5 } : {}),
      },
      marks: [
        Plot.gridX({ stroke: theme.rule, strokeOpacity: 1, ...(small ? { ticks: 4 } : {}) }),
        Plot.gridY({ stroke: theme.rule, strokeOpacity: 1, ...(small ? { ticks: 5 } : {}) }),
        Plot.rect(squares, {
          x1: 'x1',
          x2: 'x2',
          y1: 'y1',
          y2: 'y2',
          fill: (square: Square) => (square.inside ? theme.more : theme.less),
          fillOpacity: shade,
        }),
        Plot.ruleX([epsilon], { stroke: theme.ink, strokeDasharray: '4 3' }),
        Plot.ruleY([floor], { stroke: theme.ink, strokeDasharray: '4 3' }),
        ...(small
          ? [Plot.text([label], { frameAnchor: 'top-left', dy: -16, textAnchor: 'start', fill: theme.ink })]
          : []),
      ],
    } satisfies Plot.PlotOptions,
  };
}

function squaresOf(
  points: CompletenessRecord['completeness']['points'],
  far: number,
  least: number,
  { across, down }: Pick<ScatterSize, 'across' | 'down'>,
): Square[] {
  const squares = new Map<string, Square>();
  const [width, height] = [far / across || 1, -least / down || 1];
  for (const { distance, logProbability, inside } of points) {
    const column = Math.min(across - 1, Math.floor(distance / width));
    const row = Math.min(down - 1, Math.max(0, Math.floor((logProbability - least) / height)));
    const key = `${column} ${row} ${inside ? 1 : 0}`;
    const known = squares.get(key);
    if (known !== undefined) known.count += 1;
    else {
      const [x1, y1] = [column * width, least + row * height];
      squares.set(key, { x1, x2: x1 + width, y1, y2: y1 + height, count: 1, inside });
    }
  }
  return [...squares.values()];
}
