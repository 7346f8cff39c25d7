/**
 * Sequences of different lengths as one block of token ids.
 * @module
 */

/**
 * Token ids `[rows · places]`, longer sequences cut, shorter ones padded on the right.
 * @param rows what a graph takes at a time; those without a sequence are padding
 */
export function padded(
  sequences: readonly (readonly number[])[],
  places: number,
  pad: number,
  rows = sequences.length,
): Int32Array {
  const ids = new Int32Array(rows * places).fill(pad);
  sequences.forEach((sequence, row) => {
    for (let at = 0; at < sequence.length && at < places; at++) ids[row * places + at] = sequence[at] ?? pad;
  });
  return ids;
}
