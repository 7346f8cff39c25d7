/**
 * A sweep of completeness for a terminal: a row a query, and what all of them come to.
 * @module
 */
import { type CompletenessSweepRecord } from '../interpret/records.js';
import { shortName } from '../models/hooks.js';
import { type BitsStyle } from './bits.js';
import { clip, columns, printable, prose } from './columns.js';
import { askedInputs, metricNames, percent, plainNumber } from './wording.js';

/** Renders a sweep. */
export function renderCompletenessSweep(
  { cells, heldOut, complete, inside, belowFloor }: CompletenessSweepRecord,
  { width, color }: BitsStyle,
): string {
  const bold = (text: string): string => (color ? `\u001b[1m${text}\u001b[0m` : text);
  const rows = cells.map((cell) => {
    const { completeness: one, site, place, position, input } = cell;
    return [
      `${shortName(site)} ${place ?? position}`,
      printable(input),
      one.inside.toLocaleString('en'),
      one.belowFloor.toLocaleString('en'),
      one.inside === 0 ? '–' : one.least.toFixed(2),
      one.floor.toFixed(2),
      percent(one.mass, 1),
    ];
  });
  const table = [['site', 'query', 'inside', 'below floor', 'least', 'floor', 'mass inside'], ...rows];
  const widths = table.reduce<number[]>(
    (all, row) => row.map((cell, at) => Math.max(all[at] ?? 0, columns(cell))),
    [],
  );
  const lines = table.map((row) =>
    row
      .map((cell, at) => {
        const room = ' '.repeat((widths[at] ?? 0) - columns(cell));
        return at < 2 ? cell + room : room + cell;
      })
      .join('  '),
  );
  const [first] = cells;
  const about =
    first === undefined
      ? []
      : prose(
          `${askedInputs(complete.n, heldOut, ['query', 'queries'])}, seed ${first.seed}; ε = ${plainNumber(first.epsilon)}, ${metricNames[first.metric]}; noise ${plainNumber(first.completeness.noise)}, ${first.completeness.draws} draws; all inputs inside are scored; ${first.model}; ${first.decoder ?? ''}.`,
          width,
          '  ',
        );
  return [
    bold('Completeness by site'),
    ...about,
    '',
    ...lines.map((line) => clip(line.trimEnd(), width)),
    '',
    ...prose(
      `In ${complete.hits} of ${complete.n} queries no input inside has a log-probability below the floor: ${percent(complete.share, 1)}, 95% interval ${percent(complete.low, 1)} to ${percent(complete.high, 1)}. Of all inputs inside, ${belowFloor.toLocaleString('en')} of ${inside.toLocaleString('en')} have one.`,
      width,
      '  ',
    ),
  ].join('\n');
}
