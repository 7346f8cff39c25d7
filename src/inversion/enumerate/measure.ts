/**
 * Distances of every enumerated input from a query, with bounds on what rounding may have done to them.
 * @module
 */
import { type Metric } from '../metrics.js';
import { absent, fresh } from './prefixes.js';
import { type Rows, roundingOf } from './rows.js';

/** Share of the two lengths by which float32 arithmetic, the probed model's or ours, may move a distance. */
const arithmetic = 4e-6;
/** As in the judge: keeps a zero vector from dividing by zero. */
const tiny = 1e-12;

/** Elements that tell most rows far away from near ones. */
const firstElements = 8;
/** By how much a row must be farther than asked before it is not measured: well above what arithmetic may move it. */
const screenMargin = 1e-3;

/** An input without the position that alone counts. */
export const noPosition = 0xffff;

/** Least distance of each input over its positions. */
export interface Measured {
  readonly distances: Float32Array;
  /** The true distance lies between these. */
  readonly lower: Float32Array;
  readonly upper: Float32Array;
  /** Where the least distance is. */
  readonly positions: Uint16Array;
}

/**
 * Distance of each row of one position, and its bound. The two arrays belong to the caller, who has them once for all
 * positions: memory that is new costs as much as the arithmetic.
 */
function rowDistances(
  { count, values, scales }: Rows,
  query: Float64Array,
  metric: Metric,
  within: number,
  far: Float32Array,
  off: Float32Array,
): void {
  const width = query.length;
  const queryNorm = Math.hypot(...query);
  const euclidean = metric === 'euclidean';
  const first = Math.min(width, firstElements);
  const screened = euclidean && within < Infinity;
  for (let row = 0; row < count; row++) {
    let at = row * width;
    if (screened) {
      // What differs this much in some elements differs as much or more in all.
      const scale = scales[row] ?? 0;
      let apart = 0;
      for (let j = 0; j < first; j++) {
        const difference = (query[j] ?? 0) - scale * (values[at + j] ?? 0);
        apart += difference * difference;
      }
      const least = Math.sqrt(apart) - roundingOf(scale, first);
      if (least > (within * (1 + arithmetic) + screenMargin) * (queryNorm + tiny)) {
        far[row] = Infinity;
        off[row] = 0;
        continue;
      }
    }
    let product = 0;
    let square = 0;
    for (let j = 0; j < width; j++, at++) {
      const value = values[at] ?? 0;
      product += (query[j] ?? 0) * value;
      square += value * value;
    }
    const scale = scales[row] ?? 0;
    const norm = scale * Math.sqrt(square);
    const rounding = roundingOf(scale, width);
    if (euclidean) {
      const difference = queryNorm * queryNorm - 2 * scale * product + norm * norm;
      far[row] = Math.sqrt(Math.max(0, difference)) / (queryNorm + tiny);
      off[row] = (rounding + arithmetic * (queryNorm + norm)) / (queryNorm + tiny);
    } else {
      const cosine = (scale * product) / (norm * queryNorm + tiny);
      far[row] = 1 - cosine;
      // An activation that is off by so much of its length is off by that angle.
      const angle = norm > 2 * rounding ? rounding / (norm - rounding) : Math.PI;
      const sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
      off[row] = Math.min(2, sine * angle + (angle * angle) / 2 + arithmetic);
    }
  }
}

/**
 * Measures all inputs.
 * @param marks by position, what each input is there, see `prefixes.ts`
 * @param rows by position
 * @param within what is farther than this may be given as infinitely far, which takes a fraction of the time
 * @param only of each input the one position that counts, or {@link noPosition}; all of them unless given
 */
export function measure(
  marks: readonly Uint8Array[],
  rows: readonly Rows[],
  query: Float32Array,
  metric: Metric,
  within = Infinity,
  only: Uint16Array | null = null,
): Measured {
  const inputs = marks[0]?.length ?? 0;
  const distances = new Float32Array(inputs).fill(Infinity);
  const lower = new Float32Array(inputs).fill(Infinity);
  const upper = new Float32Array(inputs).fill(Infinity);
  const positions = new Uint16Array(inputs);
  const most = Math.max(0, ...rows.map(({ count }) => count));
  const far = new Float32Array(most);
  const off = new Float32Array(most);
  const exactQuery = Float64Array.from(query);
  const wanted = only === null ? null : new Set(only);
  marks.forEach((column, position) => {
    const own = rows[position];
    if (own === undefined || wanted?.has(position) === false) return;
    rowDistances(own, exactQuery, metric, within, far, off);
    let row = -1;
    for (let input = 0; input < inputs; input++) {
      const mark = column[input];
      if (mark === absent) continue;
      if (mark === fresh) row++;
      if (only !== null && only[input] !== position) continue;
      const distance = far[row] ?? 0;
      const bound = off[row] ?? 0;
      if (distance - bound < (lower[input] ?? Infinity)) lower[input] = distance - bound;
      if (distance + bound < (upper[input] ?? Infinity)) upper[input] = distance + bound;
      if (distance < (distances[input] ?? Infinity)) {
        distances[input] = distance;
        positions[input] = position;
      }
    }
  });
  return { distances, lower, upper, positions };
}
