/**
 * Errors that a person can mend: what was wrong with an input and what is accepted, in one line.
 * Everything else that is thrown is a fault of the program.
 * @module
 */
import { closest, distance } from 'fastest-levenshtein';
import { oneLine } from './printable.js';

/**
 * Thrown for anything a user gave (text, name, file) that cannot be taken; the command line exits with 2. Its message
 * is one printable line whatever text of a file went into it, see `oneLine`.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(message: string) {
    super(oneLine(message));
  }
}

/**
 * The accepted name nearest to a wrong one, as the end of a sentence; empty when nothing is near.
 * @example suggest('additon', ['addition', 'counting']) // ' Did you mean "addition"?'
 */
export function suggest(wrong: string, accepted: readonly string[]): string {
  if (wrong === '' || accepted.length === 0) return '';
  const near = closest(wrong, accepted);
  return distance(wrong, near) <= Math.max(2, near.length / 3) ? ` Did you mean "${near}"?` : '';
}
