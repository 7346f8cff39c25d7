/**
 * What was chosen on the Information page, and how the address holds it.
 * @module
 */
import { type AddressFields, countOf } from '../state/address.js';

/** See the module. */
export interface InformationChoice {
  /** Whether all inputs are run. */
  exact: boolean;
  /** Whether completeness is scored. */
  scatter: boolean;
  /** Draws of noise that it is scored with. */
  draws: number;
  /** Parts of the input that vary in an exact set; null for the task's choice. */
  vary: string[] | null;
  /** Whether an exact set compares inputs at the place of the query alone. */
  atPlace: boolean;
}

const firstDraws = 100;

/** See {@link InformationChoice}. */
export const informationFields: AddressFields<InformationChoice> = {
  parse: (fields) => ({
    exact: fields.get('exact') === 'on',
    scatter: fields.get('completeness') === 'on',
    draws: countOf(fields.get('draws')) ?? firstDraws,
    vary: fields.get('vary')?.split(',').filter(Boolean) ?? null,
    atPlace: fields.get('compare') !== 'nearest',
  }),
  *format({ exact, scatter, draws, vary, atPlace }) {
    if (exact) yield ['exact', 'on'];
    if (scatter) yield ['completeness', 'on'];
    if (draws !== firstDraws) yield ['draws', String(draws)];
    if (vary !== null) yield ['vary', vary.join(',')];
    if (!atPlace) yield ['compare', 'nearest'];
  },
};
