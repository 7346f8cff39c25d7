/**
 * The inside of an ε-preimage as the features see it: its inputs, each with its share of the probability, and how many
 * independent draws that is worth. An enumerated preimage is known, not drawn, and worth infinitely many.
 * @module
 */
import { featureValue } from '../tasks/features/feature.js';
import { type Prior } from './prior.js';
import { type Found } from './proposal.js';

/** Inputs and their shares, which sum to 1. */
export interface WeightedSample {
  readonly inputs: number;
  /** Of the inputs; null where all are alike. */
  readonly shares: Float64Array | null;
  /** By feature of the prior, the number of its value in each input. */
  readonly codes: readonly Int32Array[];
  /** Independent draws that would tell as much; infinite of a known set. */
  readonly effective: number;
}

/** The sample of an enumerated preimage: numbers of inputs of a complete prior, all as likely. */
export function exactSample(prior: Prior, members: Uint32Array): WeightedSample {
  return {
    inputs: members.length,
    shares: null,
    codes: prior.tables.map(({ codes }) => Int32Array.from(members, (input) => codes[input] ?? 0)),
    effective: Infinity,
  };
}

/** A sample of inputs with weights in any unit. */
export function weightedSample(
  prior: Prior,
  inputs: readonly { readonly ids: readonly number[]; readonly weight: number }[],
  effective: number,
): WeightedSample {
  const whole = inputs.reduce((sum, { weight }) => sum + weight, 0);
  return {
    inputs: inputs.length,
    shares: Float64Array.from(inputs, ({ weight }) => weight / whole),
    codes: prior.tables.map((table) =>
      Int32Array.from(inputs, ({ ids }) => table.codeOf(featureValue(prior.task, table.feature, ids))),
    ),
    effective,
  };
}

/** The weight of a found input in a sum over the preimage: its probability over that of having been found. */
export const weightOf = ({ logProbability, inclusion }: Found): number =>
  Math.exp(logProbability) / inclusion;
