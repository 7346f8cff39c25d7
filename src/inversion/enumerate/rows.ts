/**
 * Activations stored compactly: 16 bits an element and one scale a row, so that a row is off by half a step an element
 * at most, a few hundred-thousandths of its length. What that leaves open near the threshold, the probed model decides.
 * @module
 */

/** Rows of activations of one position. */
export interface Rows {
  readonly count: number;
  /** `[count · width]`; an element's value is this times its row's scale. */
  readonly values: Int16Array<ArrayBuffer>;
  /** `[count]` */
  readonly scales: Float32Array<ArrayBuffer>;
}

const largest = 32767;

/** Empty rows. */
export const emptyRows = (count: number, width: number): Rows => ({
  count,
  values: new Int16Array(count * width),
  scales: new Float32Array(count),
});

/** Puts one activation, `width` elements of `source` from `from` on, into a row. */
export function setRow(rows: Rows, row: number, source: Float32Array, from: number, width: number): void {
  let most = 0;
  for (let at = 0; at < width; at++) most = Math.max(most, Math.abs(source[from + at] ?? 0));
  rows.scales[row] = most / largest;
  // The scale as it is stored, rounded to float32, is the one that the values are in steps of.
  const scale = rows.scales[row] ?? 0;
  if (scale === 0) return;
  const start = row * width;
  for (let at = 0; at < width; at++) {
    const steps = Math.round((source[from + at] ?? 0) / scale);
    rows.values[start + at] = Math.max(-largest, Math.min(largest, steps));
  }
}

/** Bound of a stored row's distance from the activation it was made of. */
export const roundingOf = (scale: number, width: number): number => scale * 0.51 * Math.sqrt(width);
