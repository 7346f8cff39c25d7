/**
 * Clipping gradients by their norm over all parameters.
 * @module
 */
import { GraphError } from '../shape.js';
import type { Value } from '../graph.js';
import { add, div, mul, sqrt } from '../ops/elementwise.js';
import { less, where } from '../ops/compare.js';
import { reduceSum } from '../ops/reduce.js';

/** Scales all gradients together so that their common Euclidean norm is `limit` at the most. */
export function clipByGlobalNorm(gradients: readonly Value[], limit: number): Value[] {
  if (!(limit > 0)) throw new GraphError(`clipByGlobalNorm: the limit must be above 0, got ${limit}`);
  if (gradients.length === 0) return [];
  const squares = gradients.map((g) => reduceSum(mul(g, g)));
  const norm = sqrt(squares.reduce((sum, square) => add(sum, square)));
  const scale = where(less(norm, limit), 1, div(limit, norm));
  return gradients.map((g) => mul(g, scale));
}
