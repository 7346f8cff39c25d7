/**
 * Measured numbers by their names.
 * @module
 */
import { type Figures } from './study.js';

/** What was measured, by model: `shipped`, `published`. */
export type Measured = Readonly<Record<string, Figures>>;

/** A measured number. @throws RangeError where there is none of that name */
export function numberOf(measured: Measured, path: string): number {
  const found = path
    .split('/')
    .reduce<Figures[string] | undefined>(
      (at, name) => (typeof at === 'object' ? at[name] : undefined),
      measured,
    );
  if (typeof found === 'object' && 'bits' in found) return numberOf(measured, `${path}/bits`);
  if (typeof found !== 'number') throw new RangeError(`nothing was measured as ${path}`);
  return found;
}
