/**
 * Points spread evenly over a cube: shares of them estimate probabilities with less error than independent points do.
 * @module
 */
import { type Random } from './random.js';

/** Cells of one coordinate, and coordinates that can be spread evenly together. */
const cells = 16;
const evenCoordinates = cells + 1;

/** Points there are. */
export const pointCount = cells ** 2;

/**
 * 256 points of which each pair of coordinates has one in every cell of a grid of 16 by 16, and each coordinate one in
 * every 256th: a randomized orthogonal array of strength two (Bush 1952, Owen 1992) as a Latin hypercube (Tang 1993). Each
 * point by itself is uniform. From the 18th coordinate on, coordinates are independent.
 * @returns `[points · coordinates]`, 0 ≤ x < 1
 */
export function evenPoints(coordinates: number, random: Random): Float32Array {
  const out = new Float32Array(pointCount * coordinates);
  for (let coordinate = 0; coordinate < coordinates; coordinate++) {
    const order = shuffled(cells, random);
    const within = Array.from({ length: cells }, () => shuffled(cells, random));
    for (let point = 0; point < pointCount; point++) {
      const [row, column] = [Math.floor(point / cells), point % cells];
      const cell = order[coordinate === 0 ? column : row ^ product(coordinate - 1, column)] ?? 0;
      const part = within[cell]?.pop() ?? 0;
      // 16 bits within a part, so that rounding to float32 cannot give 1.
      const place = (cell * cells + part + random.int(2 ** 16) / 2 ** 16) / pointCount;
      out[point * coordinates + coordinate] =
        coordinate < evenCoordinates ? place : random.int(2 ** 24) / 2 ** 24;
    }
  }
  return out;
}

/** The product of two numbers of the field with 16 elements, written as polynomials over bits. */
function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = 3; bit >= 0; bit--) {
    sum <<= 1;
    if ((sum & cells) !== 0) sum ^= 0b10011;
    if (((b >> bit) & 1) === 1) sum ^= a;
  }
  return sum;
}

function shuffled(count: number, random: Random): number[] {
  const list = Array.from({ length: count }, (_, at) => at);
  for (let last = count - 1; last > 0; last--) {
    const other = random.int(last + 1);
    [list[last], list[other]] = [list[other] ?? 0, list[last] ?? 0];
  }
  return list;
}
