/**
 * Which activations of an enumeration are the same by construction. A causal model's activation at a position rests on
 * the tokens up to it, so inputs that begin alike share it: of 810,000 sums there are 9 first digits. Inputs that begin
 * alike must follow one another, which they do where a task numbers them in the order of its tokens.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { type Task } from '../../tasks/task.js';
import { endOf } from '../../tasks/tokens.js';

/** What an input is at a position: without it (after its end), with a row of its own, or with that of the input before. */
export const absent = 0;
export const fresh = 1;
export const shared = 2;

/** The inputs of an enumeration and what they share. */
export interface Prefixes {
  readonly inputs: number;
  /** Positions that any input has: all before EOS. */
  readonly places: number;
  /** Token ids `[inputs · places]`, padded. */
  readonly tokens: Int32Array;
  /** By position, one of {@link absent}, {@link fresh} and {@link shared} for each input. */
  readonly marks: readonly Uint8Array[];
  /** By position, how many different rows there are. */
  readonly rows: readonly number[];
}

/** Goes through all inputs of a task, from `instance(0)` on. */
export function findPrefixes(task: Task): Prefixes {
  const { size: inputs, instance } = capability(task, 'data', 'An exact preimage');
  const widest = task.maxLength;
  const tokens = new Int32Array(inputs * widest).fill(task.pad);
  const marks = Array.from({ length: widest }, () => new Uint8Array(inputs));
  const rows = new Array<number>(widest).fill(0);
  let before: readonly number[] = [];
  let places = 0;
  for (let input = 0; input < inputs; input++) {
    const ids = instance(input);
    const length = endOf(task, ids);
    places = Math.max(places, length);
    let alike = input > 0;
    for (let at = 0; at < length; at++) {
      const id = ids[at] ?? task.pad;
      tokens[input * widest + at] = id;
      alike &&= id === before[at];
      const column = marks[at];
      if (column === undefined) throw new RangeError(`input ${input} is longer than ${widest} tokens`);
      column[input] = alike ? shared : fresh;
      if (!alike) rows[at] = (rows[at] ?? 0) + 1;
    }
    before = ids.slice(0, length);
  }
  return {
    inputs,
    places,
    tokens: places === widest ? tokens : narrowed(tokens, inputs, widest, places),
    marks: marks.slice(0, places),
    rows: rows.slice(0, places),
  };
}

/** The first `to` of each row's `from` tokens. */
function narrowed(tokens: Int32Array, rows: number, from: number, to: number): Int32Array {
  const out = new Int32Array(rows * to);
  for (let row = 0; row < rows; row++) out.set(tokens.subarray(row * from, row * from + to), row * to);
  return out;
}
