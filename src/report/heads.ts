/**
 * Heads by their share of the residual stream, for a terminal and as rows of a table.
 * @module
 */
import { type HeadsRecord } from '../interpret/heads-of-task.js';
import { headOf, shortName } from '../models/hooks.js';
import { printable, prose } from './columns.js';
import { type Field } from './csv.js';
import { plainNumber } from './wording.js';

/** How to print. */
export interface HeadsStyle {
  /** Columns of a line. */
  readonly width: number;
  /** Heads listed. */
  readonly top: number;
}

/** What was measured, in a sentence. */
export function headsSentence({ prompts, all, of, only, seed, place, fromLayer }: HeadsRecord): string {
  const which = only === null ? '' : ` with ${only}`;
  const drawn = seed === null ? '' : `, seed ${seed}`;
  const inputs = `${all ? 'all ' : ''}${prompts.toLocaleString('en')} ${prompts === 1 ? 'prompt' : 'prompts'} of ${of}${which}${drawn}`;
  return `Heads from layer ${fromLayer} on at the ${place === 'last token' ? place : `place ${place}`} of ${inputs}`;
}

/** What the columns are. */
export const headsLegend = ({ threshold }: Pick<HeadsRecord, 'threshold'>): string =>
  `A head counts where its share of the residual stream, by L1 proximity, is above ${plainNumber(threshold)}.`;

/** A line a head. */
export function renderHeads(record: HeadsRecord, { width, top }: HeadsStyle): string {
  const listed = record.heads.filter(({ counted }) => counted.hits > 0).slice(0, top);
  const rest = record.heads.filter(({ counted }) => counted.hits > 0).length - listed.length;
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  return [
    ...prose(
      `${printable(headsSentence(record))}. ${headsLegend(record)} ${printable(record.model)}.`,
      width,
      '  ',
    ),
    '',
    'head    counts    of prompts (95% interval)  mean share  attention to the first token',
    ...listed.map(({ site, counted, share, toFirst }) =>
      [
        shortName(site).padEnd(7),
        String(counted.hits).padStart(6),
        `${percent(counted.share)} (${percent(counted.low)} to ${percent(counted.high)})`.padStart(29),
        share.toFixed(3).padStart(12),
        toFirst.toFixed(2).padStart(12),
      ].join(''),
    ),
    ...(rest === 0 ? [] : [`${rest} more count in some prompts.`]),
  ].join('\n');
}

/** A row a head. */
export const headsRows = ({ heads }: HeadsRecord): Readonly<Record<string, Field>>[] =>
  heads.map(({ site, counted, share, toFirst }) => ({
    site,
    layer: headOf(site)?.layer ?? null,
    head: headOf(site)?.head ?? null,
    counts: counted.hits,
    prompts: counted.n,
    ofPrompts: counted.share,
    low: counted.low,
    high: counted.high,
    share,
    toFirst,
  }));
