/**
 * How tokens are written where each of them must be visible.
 * @module
 */

/** A token by itself: a space or nothing at all is shown by a sign. */
export function visible(token: string): string {
  if (token === '') return '∅';
  const shown = token.replace(/\n/g, '↵').replace(/\t/g, '⇥');
  return /^ +$/.test(shown) ? '␣'.repeat(shown.length) : shown;
}

/** A place by its name, or by its index where it has none. */
export const placeText = (place: string | null, index: number): string => place ?? String(index);

/** `F2 (5)`: a token said where its place has a name of its own, else `"5" at 3`. */
export function tokenLabel(token: string, place: string | null, index: number): string {
  if (place === null) return `${visible(token)}, position ${index}`;
  return place === token || place === 'BOS' ? place : `${place}, ${visible(token)}`;
}

/** A probability in two digits: `.98`, `1.0`. */
export const shortProbability = (probability: number): string =>
  probability >= 0.995 ? '1.0' : probability.toFixed(2).slice(1);
