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
}

const firstDraws = 100;

/** See {@link InformationChoice}. */
export const informationFields: AddressFields<InformationChoice> = {
  parse: (fields) => ({
    exact: fields.get('exact') === 'on',
    scatter: fields.get('completeness') === 'on',
    draws: countOf(fields.get('draws')) ?? firstDraws,
  }),
  *format({ exact, scatter, draws }) {
    if (exact) yield ['exact', 'on'];
    if (scatter) yield ['completeness', 'on'];
    if (draws !== firstDraws) yield ['draws', String(draws)];
  },
};
