import { describe, expect, it } from 'vitest';
import { evenPoints, pointCount } from './even-points.js';
import { seededRandom } from './random.js';

const at = (points: Float32Array, coordinates: number, point: number, coordinate: number): number =>
  points[point * coordinates + coordinate] ?? NaN;

describe('even points', () => {
  it('have one point in every cell of any two of seventeen coordinates, and one in every 256th of each', () => {
    const points = evenPoints(17, seededRandom(5));
    for (let one = 0; one < 17; one++) {
      for (let other = 0; other < one; other++) {
        const cells = Array.from(
          { length: pointCount },
          (_, point) =>
            16 * Math.floor(16 * at(points, 17, point, one)) + Math.floor(16 * at(points, 17, point, other)),
        );
        expect(new Set(cells).size).toBe(256);
      }
      const parts = Array.from({ length: pointCount }, (_, point) =>
        Math.floor(256 * at(points, 17, point, one)),
      );
      expect(new Set(parts).size).toBe(256);
    }
  });

  it('are in 0 … 1, decided by the generator, and each uniform by itself', () => {
    const random = seededRandom(6);
    const mean = new Float64Array(20);
    for (let time = 0; time < 200; time++) {
      const points = evenPoints(20, random);
      expect(points.every((value) => value >= 0 && value < 1)).toBe(true);
      for (let coordinate = 0; coordinate < 20; coordinate++)
        mean[coordinate] = (mean[coordinate] ?? 0) + at(points, 20, 3, coordinate) / 200;
    }
    // Five standard errors of the mean of 200 uniform numbers.
    for (const value of mean)
      expect(Math.abs(value - 0.5)).toBeLessThan((5 * Math.sqrt(1 / 12)) / Math.sqrt(200));
    expect(evenPoints(3, seededRandom(1))).toEqual(evenPoints(3, seededRandom(1)));
    expect(evenPoints(3, seededRandom(1))).not.toEqual(evenPoints(3, seededRandom(2)));
  });

  it('estimate shares of two coordinates with less than half the error of independent points', () => {
    const random = seededRandom(7);
    // Two digits from 1 to 9 whose sum is ten or more: 45 of 81.
    const error = (points: Float32Array): number => {
      const hits = Array.from({ length: pointCount }, (_, point) =>
        Math.floor(1 + 9 * at(points, 6, point, 0)) + Math.floor(1 + 9 * at(points, 6, point, 3)) >= 10
          ? 1
          : 0,
      ).reduce((sum: number, hit) => sum + hit, 0);
      return (hits / pointCount - 45 / 81) ** 2;
    };
    let [even, independent] = [0, 0];
    for (let time = 0; time < 100; time++) {
      even += error(evenPoints(6, random));
      independent += error(random.fill(new Float32Array(6 * pointCount)));
    }
    expect(Math.sqrt(even)).toBeLessThan(Math.sqrt(independent) / 2);
  });
});
