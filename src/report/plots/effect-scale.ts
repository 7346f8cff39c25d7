/**
 * The colours of effects: from nothing to the most there is, both ways where some go below zero.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type Panel } from './figure.js';
import { type Theme, onStrong } from './theme.js';

/** Colours for some effects. */
export interface EffectScale {
  /** The largest size of any; 1 where all are 0. */
  readonly most: number;
  readonly color: object;
  /** The colour of a number on a cell. */
  ink(effect: number): string;
  /** A number for a cell: no more digits than tell it from others. */
  text(effect: number): string;
  /** The panel that says which colour is how much. */
  legend(height: number): Panel;
}

/** Width of the legend's panel, in pixels. */
const legendWidth = 68;

export function effectScale(effects: readonly number[], theme: Theme): EffectScale {
  const most = effects.reduce((largest, effect) => Math.max(largest, Math.abs(effect)), 0) || 1;
  // Where nothing worth showing goes below zero, the scale starts there.
  const twoWays = effects.some((effect) => effect < -0.05 * most);
  const least = twoWays ? -most : 0;
  const color = {
    type: 'linear',
    clamp: true,
    domain: twoWays ? [-most, 0, most] : [0, most],
    range: twoWays ? [theme.less, theme.nothing, theme.more] : [theme.nothing, theme.more],
    interpolate: 'rgb',
  } satisfies Plot.ScaleOptions;
  const step = (most - least) / 60;
  const steps = Array.from({ length: 60 }, (_, at) => least + at * step);
  return {
    most,
    color,
    ink: (effect) => (Math.abs(effect) > 0.55 * most ? onStrong(theme) : theme.ink),
    text(effect) {
      const text = effect.toFixed(most >= 100 ? 0 : most >= 2 ? 1 : 2);
      return Number(text) === 0 ? '0' : text.replace('-', '−');
    },
    legend: (height) => ({
      width: legendWidth,
      height,
      options: {
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
      } satisfies Plot.PlotOptions,
    }),
  };
}
