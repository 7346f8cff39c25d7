/**
 * The directions in which activations spread most: leading eigenvectors of their covariance, found without taking the
 * whole matrix apart.
 * @module
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Random } from '../random.js';

/** Further directions that the iteration carries: what is wanted then converges by the gap to these. */
const spare = 8;
const iterations = 6;

/** Directions of a covariance, those of the largest spread first. */
export interface Directions {
  /** By direction, a unit vector. */
  readonly vectors: readonly Float64Array[];
  /** Standard deviation along each. */
  readonly spreads: readonly number[];
}

/** The covariance times each of some vectors. */
export type Product = (vectors: readonly Float64Array[]) => Promise<readonly Float64Array[]>;

/**
 * Leading eigenvectors of a covariance, by subspace iteration.
 * @param product multiplies by the covariance, symmetric, `[width, width]`
 * @param count how many, at most the width
 * @param random where the iteration begins
 */
export async function leadingDirections(
  product: Product,
  width: number,
  count: number,
  random: Random,
): Promise<Directions> {
  const carried = Math.min(width, count + spare);
  let basis = Array.from({ length: carried }, () =>
    Float64Array.from({ length: width }, () => random.gaussian()),
  );
  orthonormalise(basis, 2);
  // All directions together need no iteration: any basis holds them.
  for (let i = 0; carried < width && i < iterations; i++) {
    basis = (await product(basis)).map((vector) => Float64Array.from(vector));
    orthonormalise(basis, i + 1 < iterations ? 1 : 2);
  }
  // Within the subspace the covariance is small, and taken apart exactly.
  const images = await product(basis);
  const inner = Matrix.zeros(carried, carried);
  basis.forEach((own, row) => images.forEach((image, column) => inner.set(row, column, dot(own, image))));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(inner, {
    assumeSymmetric: true,
  });
  // In ascending order.
  const order = Array.from({ length: count }, (_, at) => carried - 1 - at);
  return {
    vectors: order.map((at) => combined(basis, eigenvectorMatrix.getColumn(at))),
    spreads: order.map((at) => Math.sqrt(Math.max(0, realEigenvalues[at] ?? 0))),
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function add(to: Float64Array, factor: number, vector: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] ?? 0) + factor * (vector[i] ?? 0);
}

function combined(basis: readonly Float64Array[], factors: readonly number[]): Float64Array {
  const out = new Float64Array(basis[0]?.length ?? 0);
  basis.forEach((vector, at) => add(out, factors[at] ?? 0, vector));
  return out;
}

/** Gram and Schmidt's; twice is as good as exact. A vector of nothing stays nothing. */
function orthonormalise(vectors: readonly Float64Array[], passes: number): void {
  for (const [at, own] of vectors.entries()) {
    for (let pass = 0; pass < passes; pass++) {
      for (let other = 0; other < at; other++) {
        const before = vectors[other];
        if (before !== undefined) add(own, -dot(own, before), before);
      }
      const length = Math.sqrt(dot(own, own));
      if (length > 0) for (let i = 0; i < own.length; i++) own[i] = (own[i] ?? 0) / length;
    }
  }
}
