/**
 * Sets of inputs that sentences are measured on, each with the shares of its inputs and what it is worth as a sample.
 * @module
 */
import { type FeatureValue, featureValue } from '../../tasks/feature.js';
import { capability } from '../../tasks/capabilities.js';
import { type Level, shareOf } from '../../share.js';
import { type Prior } from '../prior.js';
import { type ValuesByName } from './predicate.js';

/** Inputs with their shares. */
export interface InputSet {
  readonly count: number;
  idsOf(at: number): readonly number[];
  /** Values of an input by name of the feature. */
  valuesOf(at: number): ValuesByName;
  /** Shares of the inputs, which sum to 1; null where all are alike. */
  readonly shares: Float64Array | null;
  /** Independent draws that would tell as much; infinite of a set that is known whole, 0 where it gives no shares. */
  readonly effective: number;
  /** Numbers of the inputs in a complete prior. */
  readonly members?: ArrayLike<number>;
  /** Distance of an input from the query. */
  readonly distanceOf?: (at: number) => number;
}

/** A share; without ends where it is known and not estimated. */
export interface KnownShare {
  readonly share: number;
  /** Ends of the 95% interval. */
  readonly low: number | null;
  readonly high: number | null;
}

/** Inputs of a complete prior by number, all alike and known whole. */
export function enumeratedSet(prior: Prior, members: ArrayLike<number>): InputSet {
  const { instance } = capability(prior.task, 'data', 'An exact preimage');
  const tables = new Map(prior.tables.map((table) => [table.feature.name, table]));
  return {
    count: members.length,
    idsOf: (at) => instance(members[at] ?? 0),
    valuesOf: (at) => (name) => {
      const table = tables.get(name);
      return table?.values[table.codes[members[at] ?? 0] ?? 0] ?? null;
    },
    shares: null,
    effective: Infinity,
    members,
  };
}

/** Inputs that were drawn or found. @param weights in any unit; all alike unless given */
export function drawnSet(
  prior: Prior,
  inputs: readonly (readonly number[])[],
  effective: number,
  weights: readonly number[] | null = null,
): InputSet {
  const whole = weights?.reduce((sum, weight) => sum + weight, 0) ?? 0;
  const values = inputs.map(() => new Map<string, FeatureValue>());
  return {
    count: inputs.length,
    idsOf: (at) => inputs[at] ?? [],
    valuesOf: (at) => (name) => {
      const known = values[at];
      const found = known?.get(name);
      if (found !== undefined) return found;
      const value = valueIn(prior, name, inputs[at] ?? []);
      known?.set(name, value);
      return value;
    },
    shares: weights === null ? null : Float64Array.from(weights, (weight) => weight / whole),
    effective,
  };
}

/** The value of a feature of a prior in an input. */
export function valueIn({ task, tables }: Prior, name: string, ids: readonly number[]): FeatureValue {
  const table = tables.find(({ feature }) => feature.name === name);
  if (table === undefined) throw new RangeError(`no feature ${name}`);
  return featureValue(task, table.feature, ids);
}

/** All inputs of a prior: known whole where it is complete. Drawn ones are known by their features alone. */
export function priorSet(prior: Prior): Omit<InputSet, 'idsOf'> {
  const tables = new Map(prior.tables.map((table) => [table.feature.name, table]));
  return {
    count: prior.inputs,
    valuesOf: (at) => (name) => {
      const table = tables.get(name);
      return table?.values[table.codes[at] ?? 0] ?? null;
    },
    shares: null,
    effective: prior.complete ? Infinity : prior.inputs,
  };
}

/**
 * The share of a set for which something is true.
 * @param level of the interval
 * @returns null of a set in which nothing is, or that is worth less than one draw
 */
export function shareIn(
  { count, shares, effective }: Omit<InputSet, 'idsOf'>,
  isTrue: (at: number) => boolean,
  level: Level = 0.95,
): KnownShare | null {
  if (count === 0 || !(effective >= 1)) return null;
  let share = 0;
  for (let at = 0; at < count; at++) if (isTrue(at)) share += shares?.[at] ?? 1;
  return shareWorth(Math.min(1, shares === null ? share / count : share), effective, level);
}

/** A share with the interval of as many draws. */
export function shareWorth(share: number, effective: number, level: Level = 0.95): KnownShare {
  if (effective === Infinity) return { share, low: null, high: null };
  const { low, high } = shareOf(share * effective, effective, level);
  return { share, low, high };
}
