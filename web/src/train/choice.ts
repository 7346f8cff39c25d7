/**
 * What was chosen on the Train page, and how the address holds it.
 * @module
 */
import type { AddressFields } from '../state/address.js';

/** See the module. */
export interface TrainingChoice {
  /** Name of the training that is watched; null before one is chosen. */
  name: string | null;
}

/** See {@link TrainingChoice}. */
export const trainingFields: AddressFields<TrainingChoice> = {
  parse: (fields) => ({ name: fields.get('training') }),
  *format({ name }) {
    if (name !== null) yield ['training', name];
  },
};
