/**
 * A problem as an error: what a client is sent as it is, and what it throws. No library is loaded by this file.
 * @module
 */
import type { Problem } from './problems.js';

/** See the module. The message is a line for a person. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: Problem['code'];
  /** @param status of HTTP, where the problem came that way */
  constructor(
    { code, message }: Problem,
    readonly status = 0,
  ) {
    super(message);
    this.code = code;
  }
}
