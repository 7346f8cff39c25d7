/**
 * A problem of a call that its client is told.
 * @module
 */
import { type Problem } from '../contract/index.js';

/** An error that is told to a client as it is. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}
