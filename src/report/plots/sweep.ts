/**
 * The heat map of a sweep: sites from the last of the model at the top to the first, positions along the input.
 * @module
 */
import * as Plot from '@observablehq/plot';
import { type SweepRecord } from '../../causal/records.js';
import { shortName } from '../../models/hooks.js';
import { baselineText, sentence } from './captions.js';
import { effectScale } from './effect-scale.js';
import { type Figure } from './figure.js';
import { type Theme, fontSize, themes } from './theme.js';

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
  const scale = effectScale(
    cells.map(({ effect }) => effect),
    theme,
  );
  const numbered = cells.length <= mostNumbered;
  const cell = numbered ? numberedCell : bareCell;
  const letters = sites.reduce((longest, site) => Math.max(longest, site.length), 0);
  const left = 16 + letters * fontSize * 0.58;
  const height = sites.length * cellHeight + 46;
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
    color: scale.color,
    marks: [
      Plot.cell(cells, { x: 'position', y: 'site', fill: 'effect' }),
      ...(numbered
        ? [
            Plot.text(cells, {
              x: 'position',
              y: 'site',
              text: ({ effect, changed: any }: { effect: number; changed: boolean }) =>
                any ? scale.text(effect) : '',
              fill: ({ effect }: { effect: number }) => scale.ink(effect),
              fontSize: 10.5,
            }),
          ]
        : []),
    ],
  };
  return {
    title: `${record.experiment}: each site at each position`,
    subtitle: `${sentence(record.about)}; effect of the patch in ${record.unit}`,
    caption: `${baselineText(record)} Cells without a figure: the patch changed no logit.`,
    panels: [{ width: left + positions.length * cell + 6, height, options: map }, scale.legend(height)],
  };
}
