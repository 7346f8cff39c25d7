/**
 * What was chosen on the Overview page, and how the address holds it.
 * @module
 */
import { type AddressFields, countOf } from '../state/address.js';

/** See the module. */
export interface OverviewChoice {
  /** Id of the figure that colours the cells. */
  figure: string;
  /** Draws of each cell. */
  candidates: number;
}

const first: OverviewChoice = { figure: 'inside', candidates: 64 };

/** See {@link OverviewChoice}. */
export const overviewFields: AddressFields<OverviewChoice> = {
  parse: (fields) => ({
    figure: fields.get('figure') ?? first.figure,
    candidates: countOf(fields.get('cell')) ?? first.candidates,
  }),
  *format({ figure, candidates }) {
    if (figure !== first.figure) yield ['figure', figure];
    if (candidates !== first.candidates) yield ['cell', String(candidates)];
  },
};
