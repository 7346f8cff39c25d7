/**
 * How activations change with what an input has: of each value of a feature the norm of the activations, how far
 * their mean has turned, where it lies in the plane in which the means differ most, and, of a head, where it looks.
 * A preimage says that an activation knows a count; this shows in what the count is written.
 * @module
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { headOf } from '../models/hooks.js';
import { type Feature, type FeatureValue, featureValue } from '../tasks/feature.js';
import { resolvePosition } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';
import { attentionByName, heldOutInputs, meanShares } from './attention.js';
import { type Condition } from './condition.js';
import { activationsOf } from './queries.js';

/** Activations of the inputs that have one value. */
export interface ProfileValue {
  readonly value: FeatureValue;
  readonly inputs: number;
  /** Mean norm of the activations, and its standard deviation. */
  readonly norm: number;
  readonly deviation: number;
  /** Cosine of their mean and the mean of the first value. */
  readonly cosine: number;
  /** Their mean in the plane. */
  readonly x: number;
  readonly y: number;
  /** Of a head: mean attention by what is attended to. */
  readonly attention: Readonly<Record<string, number>> | null;
}

/** How activations change with a feature. */
export interface ProfileRecord {
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly inputs: number;
  /** Whether the model is known not to have trained on the inputs; else they are those of the task's test split. */
  readonly heldOut: boolean;
  readonly only: string | null;
  readonly site: string;
  readonly place: string;
  readonly feature: string;
  /** Share of the activations' variance that lies between the values. */
  readonly explained: number;
  /** Share of the variance between the values' means that lies in the plane. */
  readonly plane: number;
  /** In order: numbers by size, words by the alphabet. */
  readonly values: readonly ProfileValue[];
  /** Some of the inputs in the plane. */
  readonly points: readonly { readonly value: FeatureValue; readonly x: number; readonly y: number }[];
}

/** What is asked. */
export interface ProfileQuestion {
  readonly site: string;
  readonly place: string;
  readonly feature: Feature;
  readonly inputs: number;
  readonly seed: number;
  readonly only: Condition | null;
  readonly model: string;
}

/** Inputs drawn as points. */
const mostPoints = 360;
/** More values than this are no profile. */
const mostValues = 64;

/**
 * Measures how activations change with a feature.
 * @throws InputError for a feature with one value or with too many
 */
export async function profileOf(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  { site, place, feature, inputs: count, seed, only, model: name }: ProfileQuestion,
): Promise<ProfileRecord> {
  const inputs = heldOutInputs(task, count, seed, only, [place]);
  const positions = inputs.map((ids) => resolvePosition(task, ids, place));
  const placed = inputs.map((ids, at) => ({ ids, position: positions[at] ?? 0 }));
  const activations = await activationsOf(runtime, model, task, site, placed);
  const attention =
    headOf(site) === null
      ? null
      : ((await attentionByName(runtime, model, task, [site], inputs, positions)).get(site) ?? null);
  const members = new Map<FeatureValue, number[]>();
  inputs.forEach((ids, at) => {
    const value = featureValue(task, feature, ids);
    members.set(value, [...(members.get(value) ?? []), at]);
  });
  if (members.size < 2 || members.size > mostValues) {
    throw new InputError(
      `${feature.name} has ${members.size} ${members.size === 1 ? 'value' : 'values'} in these inputs: a profile takes 2 to ${mostValues}.`,
    );
  }
  const groups = [...members].sort(([a], [b]) => order(a, b));
  const rows = (own: readonly number[]): Float32Array[] =>
    own.map((at) => activations[at] ?? new Float32Array(0));
  const all = meanOf(activations);
  const means = groups.map(([, own]) => meanOf(rows(own)));
  const first = means[0] ?? all;
  const between = groups.map(([, own], at) => {
    const apart = (means[at] ?? all).map((value, i) => value - (all[i] ?? 0));
    return { apart, weight: own.length / inputs.length };
  });
  const betweenGroups = new Matrix(all.length, all.length);
  for (const { apart, weight } of between) {
    const column = Matrix.columnVector(apart);
    betweenGroups.add(column.mmul(column.transpose()).mul(weight));
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(betweenGroups, {
    assumeSymmetric: true,
  });
  const directions = realEigenvalues
    .map((value, at) => ({ value, direction: eigenvectorMatrix.getColumn(at) }))
    .sort((a, b) => b.value - a.value)
    .slice(0, 2)
    .map(({ value, direction }) => ({ value, direction: facing(direction, first, all) }));
  const inPlane = (z: ArrayLike<number>): { x: number; y: number } => {
    const [x = 0, y = 0] = directions.map(({ direction }) =>
      direction.reduce((sum, value, i) => sum + value * ((z[i] ?? 0) - (all[i] ?? 0)), 0),
    );
    return { x, y };
  };
  const whole = activations.reduce((sum, z) => sum + squaredDistance(z, all), 0) / inputs.length;
  const spread = between.reduce((sum, { apart, weight }) => sum + weight * dot(apart, apart), 0);
  return {
    task: task.name,
    model: name,
    seed,
    inputs: inputs.length,
    heldOut: model.trainedOn === task.name,
    only: only?.text ?? null,
    site,
    place,
    feature: feature.name,
    explained: whole === 0 ? 0 : spread / whole,
    plane: spread === 0 ? 0 : directions.reduce((sum, { value }) => sum + value, 0) / spread,
    values: groups.map(([value, own], at): ProfileValue => {
      const norms = rows(own).map((z) => Math.sqrt(dot(z, z)));
      const norm = norms.reduce((sum, one) => sum + one, 0) / norms.length;
      const mean = means[at] ?? all;
      return {
        value,
        inputs: own.length,
        norm,
        deviation: Math.sqrt(norms.reduce((sum, one) => sum + (one - norm) ** 2, 0) / norms.length),
        cosine: dot(mean, first) / Math.sqrt(dot(mean, mean) * dot(first, first)),
        ...inPlane(mean),
        attention:
          attention === null
            ? null
            : meanShares(own.map((index) => attention[index] ?? new Map<string, number>())),
      };
    }),
    points: inputs.slice(0, mostPoints).map((ids, at) => ({
      value: featureValue(task, feature, ids),
      ...inPlane(activations[at] ?? new Float32Array(0)),
    })),
  };
}

/** Numbers by size, words by the alphabet, what has no value last. */
function order(a: FeatureValue, b: FeatureValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return String(a) < String(b) ? -1 : 1;
}

function meanOf(vectors: readonly Float32Array[]): number[] {
  const sum = new Array<number>(vectors[0]?.length ?? 0).fill(0);
  for (const z of vectors) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (z[i] ?? 0);
  return sum.map((value) => value / vectors.length);
}

/** Turned so that the first value lies on the left: which way an eigenvector points is chance. */
function facing(direction: readonly number[], first: readonly number[], all: readonly number[]): number[] {
  const side = direction.reduce((sum, value, i) => sum + value * ((first[i] ?? 0) - (all[i] ?? 0)), 0);
  return direction.map((value) => (side > 0 ? -value : value));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum;
}
