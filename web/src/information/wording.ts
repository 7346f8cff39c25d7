/**
 * Formats of bits and their intervals on the page.
 * @module
 */
import type { Interpreted } from '../../../src/workbench/verbs/interpret.js';
import { type Job, wordsOf } from '../follow.svelte.js';
import { grouped, share } from '../ui/numbers.js';

/** What a measurement is doing. */
export function measuring(readout: Job): string {
  const { progress } = readout;
  return progress !== null && progress.done === progress.all
    ? 'Measuring features…'
    : wordsOf(readout, readout.queue === null ? '' : 'Measuring…');
}

/** An estimate as the server gives it. */
export type Estimate = NonNullable<Interpreted['record']['estimate']>;

/** `5.65`; no minus before nothing. */
export const bitsText = (bits: number, digits = 2): string =>
  bits
    .toFixed(digits)
    .replace(/^-(0\.0*)$/, '$1')
    .replace('-', '−');

/** `at least 95%: 5.57 to 5.72`. */
export const intervalText = ({ low, high }: Pick<Estimate, 'low' | 'high'>): string =>
  `at least 95%: ${bitsText(low)} to ${high === null ? '∞' : bitsText(high)}`;

/** Why there is no number, and what is known all the same. */
export const refusalText = ({ low, high }: Pick<Estimate, 'low' | 'high'>): string =>
  `no number, too little was found; at least ${bitsText(low)} bits${high === null ? '' : `, at most ${bitsText(high)}`}`;

/** An effective sample size: `1,840`, `3.2`. */
export const sizeText = (effective: number): string =>
  effective < 10 ? bitsText(effective, 1) : grouped(Math.round(effective));

/** What an activation tells, in words; of a preimage in which nothing was found it is not known. */
export const sentenceOf = ({ record, draws, found }: Interpreted): string =>
  found?.inside === 0
    ? 'Nothing was found inside: raise ε, or search longer.'
    : record.exact === null && draws !== null && draws.inside === 0
      ? 'Too little was found inside to say: raise ε, or run all inputs where a task allows it.'
      : record.readout.sentence;

/** The same in one line: where the preimage matches at several places, what it tells at the query's own. */
export function lineOf(answer: Interpreted): string {
  const { place, readout } = answer.record;
  const own = readout.places.find((part) => part.place === place);
  return own === undefined
    ? sentenceOf(answer)
    : `at ${own.place}, where ${share(own.share, 1)} matches: ${own.sentence}`;
}
