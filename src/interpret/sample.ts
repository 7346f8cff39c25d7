/**
 * The inside of an ε-preimage as the features see it: its inputs, each with its share of the probability, and how many
 * independent draws that is worth. An enumerated preimage is known, not drawn, and worth infinitely many.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { type ExactSet } from '../inversion/enumerate/exact.js';
import { placeName } from '../tasks/positions.js';
import { featureValue } from '../tasks/feature.js';
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
  /** Name of the place at which an input matches, null where it has none; null where places are not known. */
  readonly placeOf: ((at: number) => string | null) | null;
}

/** The sample of an enumerated preimage: numbers of inputs of a complete prior, all as likely. */
export function exactSample(
  prior: Prior,
  { members, positions }: Pick<ExactSet, 'members'> & Partial<Pick<ExactSet, 'positions'>>,
): WeightedSample {
  const { task } = prior;
  const { instance } = capability(task, 'data', 'An exact preimage');
  return {
    inputs: members.length,
    shares: null,
    codes: prior.tables.map(({ codes }) => Int32Array.from(members, (input) => codes[input] ?? 0)),
    effective: Infinity,
    placeOf:
      positions === undefined
        ? null
        : (at) => {
            const input = members[at] ?? 0;
            return placeName(task, instance(input), positions[input] ?? 0);
          },
  };
}

/** An input inside, the index of the token at which it matches, and its weight. */
export interface WeightedInput {
  readonly ids: readonly number[];
  readonly position: number;
  readonly weight: number;
}

/** A sample of inputs with weights in any unit. */
export function weightedSample(
  prior: Prior,
  inputs: readonly WeightedInput[],
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
    placeOf: (at) => {
      const input = inputs[at];
      return input === undefined ? null : placeName(prior.task, input.ids, input.position);
    },
  };
}

/** The weight of a found input in a sum over the preimage: its probability over that of having been found. */
export const weightOf = ({ logProbability, inclusion }: Found): number =>
  Math.exp(logProbability) / inclusion;
