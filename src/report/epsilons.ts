/**
 * The ε of sites and places for a terminal, and where an ε comes from, in words.
 * @module
 */
import { type SiteEpsilon } from '../interpret/site-epsilons.js';
import { flatGrowth } from '../interpret/choose-epsilon.js';
import { shortName } from '../models/hooks.js';
import { type EpsilonSource } from '../tasks/epsilon.js';
import { columns, clip, printable, prose } from './columns.js';
import { plainNumber } from './wording.js';

/** What was chosen. */
export interface EpsilonsRecord {
  readonly task: string;
  readonly model: string;
  /** The task's, where nothing was chosen. */
  readonly epsilon: number;
  readonly chosen: readonly SiteEpsilon[];
  /** Where it was kept. */
  readonly file: string;
}

/** Behind an ε: that it was chosen for the site and place. Nothing is said of one that was given or is the task's. */
export const epsilonOrigin = (from: EpsilonSource | undefined): string =>
  from === 'curve' ? ' (chosen for this site and place from its curve)' : '';

/** A line a site and place. */
export function renderEpsilons(
  { task, model, epsilon, chosen, file }: EpsilonsRecord,
  { width }: { readonly width: number },
): string {
  const label = ({ site, place }: SiteEpsilon): string => `${shortName(site)} ${place}`;
  const name = Math.max(4, ...chosen.map((row) => columns(printable(label(row)))));
  const rows = chosen.map((row) => {
    const text = printable(label(row));
    const first = text + ' '.repeat(name - columns(text));
    if (row.chosen === null)
      return `${first}       –  no plateau: ${plainNumber(epsilon)}, the task’s, holds`;
    const { growth, inside } = row.chosen;
    const flat = growth < flatGrowth ? '' : '  hardly a plateau';
    return `${first}  ${plainNumber(row.chosen.epsilon).padStart(6)}  ${inside.toFixed(inside < 10 ? 1 : 0).padStart(7)}  ${growth.toFixed(2).padStart(6)}${flat}`;
  });
  return [
    ...prose(`ε of ${task} by site and place; ${model}`, width, '  '),
    ...prose(
      `Inside: inputs within ε, the geometric mean over ${Math.max(0, ...chosen.map(({ queries }) => queries))} queries at the most. Growth: how often they double while ε does.`,
      width,
      '  ',
    ),
    '',
    `${' '.repeat(name)}       ε   inside  growth`,
    ...rows,
    '',
    `Kept: ${file}`,
  ]
    .map((line) => clip(line, width))
    .join('\n');
}
