import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.js';
import { type Directions, leadingDirections } from './directions.js';

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

const directionsOf = (covariance: Matrix, count: number, seed: number): Promise<Directions> =>
  leadingDirections(
    (basis) =>
      Promise.resolve(
        basis.map((vector) =>
          Float64Array.from(covariance.mmul(Matrix.columnVector([...vector])).to1DArray()),
        ),
      ),
    covariance.rows,
    count,
    seededRandom(seed),
  );
const columns = ({ vectors }: Directions): Matrix =>
  new Matrix(vectors.map((vector) => [...vector])).transpose();

describe('the directions of the largest spread', () => {
  it.each([
    [24, 5],
    [200, 12],
  ])('of width %i are %i eigenvectors, largest first', async (width, count) => {
    const spreads = Array.from({ length: width }, (_, i) => 4 * 0.9 ** i);
    const covariance = covarianceOf(width, spreads, 3);
    const found = await directionsOf(covariance, count, 1);
    found.spreads.forEach((spread, i) => expect(spread / (spreads[i] ?? 0)).toBeCloseTo(1, 4));
    const within = columns(found).transpose().mmul(covariance).mmul(columns(found));
    for (let a = 0; a < count; a++)
      for (let b = 0; b < count; b++)
        expect(within.get(a, b)).toBeCloseTo(a === b ? (spreads[a] ?? 0) ** 2 : 0, 4);
  });

  it('of a head, which writes into few of them, leave nothing out', async () => {
    const spreads = Array.from({ length: 160 }, (_, i) => (i < 8 ? 1 + i : 0));
    const covariance = covarianceOf(160, spreads, 5);
    const directions = await directionsOf(covariance, 16, 2);
    const [vectors, found] = [columns(directions), directions.spreads];
    expect(found.slice(8).every((spread) => spread < 1e-5)).toBe(true);
    const back = vectors.mmul(vectors.transpose()).mmul(covariance).mmul(vectors).mmul(vectors.transpose());
    expect(Matrix.sub(back, covariance).norm()).toBeLessThan(1e-6 * covariance.norm());
  });

  it('of what never changes are none', async () => {
    const { vectors, spreads } = await directionsOf(Matrix.zeros(150, 150), 4, 1);
    expect(spreads).toEqual([0, 0, 0, 0]);
    expect(vectors.every((vector) => vector.every(Number.isFinite))).toBe(true);
  });
});
