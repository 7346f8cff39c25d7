/**
 * Sequences of different lengths as one block of token ids.
 * @module
 */

/** Token ids `[sequences · places]`, longer sequences cut, shorter ones padded on the right. */
export function padded(sequences: readonly (readonly number[])[], places: number, pad: number): Int32Array {
  const ids = new Int32Array(sequences.length * places).fill(pad);
  sequences.forEach((sequence, row) => {
    for (let at = 0; at < sequence.length && at < places; at++) ids[row * places + at] = sequence[at] ?? pad;
  });
  return ids;
}
