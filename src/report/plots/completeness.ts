/**
 * The completeness scatter: log-probability under the decoder against distance. Inputs that fall together are drawn as
 * one square, the darker the more there are, so that 810,000 of them make a figure of a few kilobytes and none is lost.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type CompletenessRecord } from '../../interpret/records.js';
import { shortName } from '../../models/hooks.js';
import { type Figure } from './figure.js';
import { type Theme, themes } from './theme.js';

const across = 110;
const down = 70;

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
  const { points, floor, epsilon, inside, outside, total, belowFloor, noise, draws } = record.completeness;
  const finite = points.filter(
    ({ distance, logProbability }) => Number.isFinite(distance) && Number.isFinite(logProbability),
  );
  const far = finite.reduce((most, { distance }) => Math.max(most, distance), 2 * epsilon);
  const least = finite.reduce((low, { logProbability }) => Math.min(low, logProbability), floor - 1);
  const squares = squaresOf(finite, far, least);
  const place = record.place ?? String(record.position);
  const densest = squares.reduce((largest, { count }) => Math.max(largest, count), 1);
  const shade = ({ count }: Square): number => 0.25 + (0.75 * Math.log(count + 1)) / Math.log(densest + 1);
  return {
    title: `Completeness: ${shortName(record.site)} at “${place}” of ${record.input}`,
    subtitle: `${belowFloor.toLocaleString('en')} of ${inside.toLocaleString('en')} inputs inside ε have a log-probability below ${floor.toFixed(1).replace('-', '−')}`,
    caption:
      `All ${inside.toLocaleString('en')} inputs inside (blue) and ${outside.toLocaleString('en')} of the ${(total - inside).toLocaleString('en')} outside (orange), by distance in the probed model and log-probability under the decoder; ` +
      `noise ${noise}, mean over ${draws} draws. Squares are darker where more inputs fall together. Dashed: ε = ${epsilon}, and the floor. ${record.model}; ${record.decoder ?? ''}.`,
    panels: [
      {
        width: 620,
        height: 400,
        options: {
          marginLeft: 52,
          marginRight: 14,
          marginTop: 10,
          marginBottom: 42,
          x: {
            domain: [0, far],
            label: `distance, ${record.metric}`,
            labelAnchor: 'center',
            labelArrow: 'none',
            nice: true,
          },
          y: {
            domain: [least, 0],
            label: 'log-probability under the decoder, nats',
            labelAnchor: 'center',
            labelArrow: 'none',
            nice: true,
          },
          marks: [
            Plot.gridX({ stroke: theme.rule, strokeOpacity: 1 }),
            Plot.gridY({ stroke: theme.rule, strokeOpacity: 1 }),
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
          ],
        } satisfies Plot.PlotOptions,
      },
    ],
  };
}

function squaresOf(
  points: CompletenessRecord['completeness']['points'],
  far: number,
  least: number,
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
