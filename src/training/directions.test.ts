import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.js';
import { leadingDirections } from './directions.js';

/** A covariance of given spreads along random directions. */
function covarianceOf(width: number, spreads: readonly number[], seed: number): Matrix {
  const random = seededRandom(seed);
  const rows = Matrix.from1DArray(
    width,
    width,
    Array.from({ length: width * width }, () => random.gaussian()),
  );
  const turned = new EigenvalueDecomposition(rows.transpose().mmul(rows), { assumeSymmetric: true });
  const basis = turned.eigenvectorMatrix;
  return basis.mmul(Matrix.diag(spreads.map((spread) => spread ** 2))).mmul(basis.transpose());
}

describe('the directions of the largest spread', () => {
  it.each([
    [24, 5],
    [200, 12],
  ])('of width %i are %i eigenvectors, largest first', (width, count) => {
    const spreads = Array.from({ length: width }, (_, i) => 4 * 0.9 ** i);
    const covariance = covarianceOf(width, spreads, 3);
    const found = leadingDirections(covariance, count, seededRandom(1));
    found.spreads.forEach((spread, i) => expect(spread / (spreads[i] ?? 0)).toBeCloseTo(1, 4));
    const within = found.vectors.transpose().mmul(covariance).mmul(found.vectors);
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++)
        expect(within.get(a, b)).toBeCloseTo(a === b ? (spreads[a] ?? 0) ** 2 : 0, 4);
  });

  it('of a head, which writes into few of them, leave nothing out', () => {
    const spreads = Array.from({ length: 160 }, (_, i) => (i < 8 ? 1 + i : 0));
    const covariance = covarianceOf(160, spreads, 5);
    const { vectors, spreads: found } = leadingDirections(covariance, 16, seededRandom(2));
    expect(found.slice(8).every((spread) => spread < 1e-5)).toBe(true);
    const back = vectors.mmul(vectors.transpose()).mmul(covariance).mmul(vectors).mmul(vectors.transpose());
    expect(Matrix.sub(back, covariance).norm()).toBeLessThan(1e-6 * covariance.norm());
  });

  it('of what never changes are none', () => {
    const { vectors, spreads } = leadingDirections(Matrix.zeros(150, 150), 4, seededRandom(1));
    expect(spreads).toEqual([0, 0, 0, 0]);
    expect(vectors.to1DArray().every(Number.isFinite)).toBe(true);
  });
});
