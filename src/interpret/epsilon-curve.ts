/**
 * How far ε reaches: what an activation tells as a function of ε. Activations are almost surely different for different
 * inputs, so that as ε goes to nothing everything is contained; what is held together shows as plateaus of the curve.
 * @module
 */
import { type ExactPreimages } from '../inversion/enumerate/exact.js';
import { type Metric } from '../inversion/metrics.js';
import { type FeatureBits, featureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { exactSample } from './sample.js';

/** The thresholds that a curve is taken at unless others are given. */
export const curveEpsilons = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1] as const;

/** What an activation tells at one ε. */
export interface CurvePoint {
  readonly epsilon: number;
  /** Inputs inside. */
  readonly size: number;
  /** null of an empty set. */
  readonly bits: number | null;
  readonly features: readonly Pick<FeatureBits, 'feature' | 'bits' | 'before' | 'consistency'>[];
}

/** Thresholds between which nearly the same inputs are inside. */
export interface Plateau {
  readonly from: number;
  readonly to: number;
  /** Inputs inside at its beginning. */
  readonly size: number;
}

/** A curve. */
export interface EpsilonCurve {
  /** Inputs there are. */
  readonly total: number;
  readonly points: readonly CurvePoint[];
  readonly plateaus: readonly Plateau[];
  /** Of each feature, the largest ε up to which all points have nearly only the query's value; null where none does. */
  readonly heldUpTo: readonly { readonly feature: string; readonly epsilon: number | null }[];
}

/** Growth of a preimage between two points of a plateau, and the share with the query's value of a feature that is held. */
const [mostGrowth, heldShare] = [1.1, 0.95];

/** A query, and where its inputs are compared. */
export interface CurveQuery {
  readonly ids: readonly number[];
  readonly z: Float32Array;
  readonly metric: Metric;
  /** A named place of each input; the nearest of all positions unless given. */
  readonly onlyAt?: string | null;
  /** Rising; {@link curveEpsilons} unless given. */
  readonly epsilons?: readonly number[];
  readonly signal?: AbortSignal;
}

/** @param prior features over the inputs of the pass, complete */
export async function epsilonCurve(
  exact: ExactPreimages,
  prior: Prior,
  { ids, z, metric, onlyAt = null, epsilons = curveEpsilons, signal }: CurveQuery,
): Promise<EpsilonCurve> {
  const points: CurvePoint[] = [];
  for (const epsilon of epsilons) {
    signal?.throwIfAborted();
    const { size, bits, members } = await exact.find(z, { epsilon, metric, onlyAt, insideOnly: true });
    const figures = size === 0 ? [] : featureBits(prior, exactSample(prior, { members }), ids, 0);
    points.push({
      epsilon,
      size,
      bits,
      features: figures.map(({ feature, bits: own, before, consistency }) => ({
        feature,
        bits: own,
        before,
        consistency,
      })),
    });
  }
  return {
    total: exact.total,
    points,
    plateaus: plateausOf(points, exact.total),
    heldUpTo: prior.tables.map(({ feature: { name } }) => ({
      feature: name,
      epsilon: heldUpTo(points, name),
    })),
  };
}

/** Runs of points at which the preimage hardly grows, neither the query alone nor everything. */
export function plateausOf(
  points: readonly Pick<CurvePoint, 'epsilon' | 'size'>[],
  total: number,
): Plateau[] {
  const plateaus: Plateau[] = [];
  for (let at = 0; at < points.length;) {
    const first = points[at];
    let end = at + 1;
    while (first !== undefined && (points[end]?.size ?? Infinity) <= first.size * mostGrowth) end++;
    const last = points[end - 1];
    if (first !== undefined && last !== undefined && end > at + 1 && first.size > 1 && first.size < total)
      plateaus.push({ from: first.epsilon, to: last.epsilon, size: first.size });
    at = end;
  }
  return plateaus;
}

function heldUpTo(points: readonly CurvePoint[], name: string): number | null {
  let held: number | null = null;
  for (const { epsilon, size, features } of points) {
    if (size === 0) continue;
    const own = features.find(({ feature }) => feature === name);
    if (own === undefined || own.before === 0 || own.consistency < heldShare) break;
    held = epsilon;
  }
  return held;
}
