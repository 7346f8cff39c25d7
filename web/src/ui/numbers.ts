/**
 * Formats of numbers on the page.
 * @module
 */

/** `1,024`. */
export const grouped = (count: number): string => count.toLocaleString('en-US');

/** `79.3%`; `–` of nothing. */
export const share = (part: number, whole: number): string =>
  whole > 0 ? `${((100 * part) / whole).toFixed(1)}%` : '–';

/** ε with the digits it needs, two at the least: `0.10`, `0.105`. */
export const epsilonText = (epsilon: number): string => {
  const text = String(Number(epsilon.toPrecision(6)));
  return /^\d+(\.\d)?$/.test(text) ? epsilon.toFixed(2) : text;
};

/** `40 s`, `3 min`, `1 h 20 min`. */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.round(rounded / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
