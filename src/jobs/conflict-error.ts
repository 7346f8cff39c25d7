/**
 * Errors of what cannot be done now, though nothing is wrong with how it was asked.
 * @module
 */

/** Thrown where the state of things does not allow what is asked: a name is taken, another job is running. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}
