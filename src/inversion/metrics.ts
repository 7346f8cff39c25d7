/**
 * How far activations are from a query's, as parts of a graph.
 * @module
 */
import { type Value, add, div, mul, reduceSum, sqrt, sub } from '../engine/index.js';

/** `euclidean`: `‖z − z_q‖ / ‖z_q‖`. `cosine`: `1 − cos(z, z_q)`. */
export type Metric = 'euclidean' | 'cosine';

/** The metrics, for lists and checks. */
export const metrics: readonly Metric[] = ['euclidean', 'cosine'];

/** Keeps a zero vector from dividing by zero. */
const tiny = 1e-12;

/**
 * Distances of activations from a query's.
 * @param z `[batch, place, width]`
 * @param query `[1 or batch, 1, width]`
 * @returns `[batch, place]` for each metric
 */
export function distances(z: Value, query: Value): Record<Metric, Value> {
  const norm = (x: Value): Value => sqrt(reduceSum(mul(x, x), [2]));
  const queryNorm = norm(query);
  const difference = norm(sub(z, query));
  const product = reduceSum(mul(z, query), [2]);
  return {
    euclidean: div(difference, add(queryNorm, tiny)),
    cosine: sub(1, div(product, add(mul(norm(z), queryNorm), tiny))),
  };
}

/**
 * The distances of one activation from a query's.
 * @param values where it stands from `from` on, as many elements as the query has
 */
export function distancesAt(values: Float32Array, from: number, query: Float32Array): Record<Metric, number> {
  let [apart, product, own, other] = [0, 0, 0, 0];
  for (let at = 0; at < query.length; at++) {
    const [value, wanted] = [values[from + at] ?? 0, query[at] ?? 0];
    apart += (value - wanted) * (value - wanted);
    product += value * wanted;
    own += value * value;
    other += wanted * wanted;
  }
  return {
    euclidean: Math.sqrt(apart) / (Math.sqrt(other) + tiny),
    cosine: 1 - product / (Math.sqrt(own * other) + tiny),
  };
}
