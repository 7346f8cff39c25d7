/**
 * Activations that went beyond float32. Weights that are finite one by one can overflow when they are run, and what
 * comes of that is no activation: compared, it is near to nothing; printed, it looks like a number.
 * @module
 */
import { InputError } from '../input-error.js';

/**
 * The index of the first value that is not finite; −1 where there is none. Hundreds of millions of weights are looked
 * through: a sum that nothing but such a value can spoil takes a third of the time of looking at each.
 */
export function firstNotFinite(values: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += (values[at] ?? 0) * 0;
  // Of all numbers, only what is not finite times 0 is not 0.
  return sum === 0 ? -1 : values.findIndex((value) => value - value !== 0);
}

/**
 * Refuses activations that are not finite.
 * @param what which they are: `blocks.0.hook_resid_post`, `the logits`
 * @throws InputError naming them
 */
export function expectFinite(values: Float32Array, what: string): void {
  const at = firstNotFinite(values);
  if (at >= 0) throw new InputError(notFinite(what, values[at] ?? NaN));
}

/**
 * As {@link expectFinite} for an attention score hook, which is −∞ at later places and at those before the window.
 * @param scores `[batch · head, query place, key place]`
 * @param window places that a query sees, its own the last; null for all before it
 */
export function expectFiniteScores(
  scores: Float32Array,
  places: number,
  window: number | null,
  what: string,
): void {
  for (let at = 0; at < scores.length; at++) {
    const value = scores[at] ?? 0;
    if (value - value === 0) continue;
    const [query, key] = [Math.floor(at / places) % places, at % places];
    const hidden = key > query || (window !== null && key <= query - window);
    if (value !== -Infinity || !hidden) throw new InputError(notFinite(what, value));
  }
}

const notFinite = (what: string, value: number): string =>
  `The model cannot be read: its activation ${what} is ${value}, as its weights are too large to be run in float32.`;
