/**
 * Formats of effects on the page.
 * @module
 */

/** A number with as many digits as its scale asks for, and a true minus. */
export function effectText(value: number, most: number): string {
  const text = value.toFixed(most >= 100 ? 0 : most >= 2 ? 1 : 2);
  return Number(text) === 0 ? '0' : text.replace('-', '−');
}

/** Two digits behind the point; none before zero. */
export const fixedText = (value: number): string =>
  Math.abs(value) < 0.005 ? '0.00' : value.toFixed(2).replace('-', '−');

/** `8.51 ± 0.12`. */
export const withError = (value: number, error: number | null): string =>
  error === null ? fixedText(value) : `${fixedText(value)} ± ${fixedText(error)}`;
