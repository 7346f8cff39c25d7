/**
 * The directions in which activations spread most: leading eigenvectors of their covariance, found without taking the
 * whole matrix apart.
 * @module
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Random } from '../random.js';

/** Widths up to which the whole covariance is taken apart. */
const wholeUpTo = 128;
/** Further directions that the iteration carries: what is wanted then converges by the gap to these. */
const spare = 8;
const iterations = 24;

/** Directions of a covariance, those of the largest spread first. */
export interface Directions {
  /** `[width, count]`, orthonormal columns. */
  readonly vectors: Matrix;
  /** Standard deviation along each. */
  readonly spreads: readonly number[];
}

/**
 * Leading eigenvectors of a covariance.
 * @param covariance symmetric, `[width, width]`
 * @param count how many, at most the width
 * @param random where the iteration begins
 */
export function leadingDirections(covariance: Matrix, count: number, random: Random): Directions {
  const width = covariance.rows;
  if (width <= Math.max(wholeUpTo, count + spare)) return decomposed(covariance, count);
  const carried = count + spare;
  let basis = orthonormal(
    Matrix.from1DArray(
      width,
      carried,
      Array.from({ length: width * carried }, () => random.gaussian()),
    ),
  );
  for (let i = 0; i < iterations; i++) basis = orthonormal(covariance.mmul(basis));
  // Within the subspace the covariance is small, and taken apart exactly.
  const inner = basis.transpose().mmul(covariance.mmul(basis));
  const { vectors, spreads } = decomposed(inner, count);
  return { vectors: basis.mmul(vectors), spreads };
}

function decomposed(covariance: Matrix, count: number): Directions {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  // In ascending order.
  const columns = realEigenvalues.map((_, at) => realEigenvalues.length - 1 - at).slice(0, count);
  return {
    vectors: eigenvectorMatrix.subMatrixColumn(columns),
    spreads: columns.map((at) => Math.sqrt(Math.max(0, realEigenvalues[at] ?? 0))),
  };
}

/** Gram and Schmidt's, twice, which is as good as exact; a column of nothing stays nothing. */
function orthonormal(matrix: Matrix): Matrix {
  const { columns } = matrix;
  const vectors = Array.from({ length: columns }, (_, at) => Float64Array.from(matrix.getColumn(at)));
  for (const [at, own] of vectors.entries()) {
    for (let pass = 0; pass < 2; pass++) {
      for (const other of vectors.slice(0, at)) {
        let along = 0;
        own.forEach((value, i) => (along += value * (other[i] ?? 0)));
        own.forEach((value, i) => (own[i] = value - along * (other[i] ?? 0)));
      }
      const length = Math.hypot(...own);
      own.forEach((value, i) => (own[i] = length > 0 ? value / length : 0));
    }
  }
  return new Matrix(vectors.map((vector) => Array.from(vector))).transpose();
}
