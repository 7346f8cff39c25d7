/**
 * How a call says that it did not work: the body of every response that is not 2xx, and the `error` event of a stream.
 * @module
 */
import { z } from 'zod';

/** An error as it is sent. */
export const problemSchema = z.object({
  /**
   * - `input` (400): something asked cannot be taken; the message says what is wrong and what is accepted.
   * - `token` (401), `forbidden` (403: a foreign Host or Origin), `not-found` (404), `conflict` (409: the name is taken,
   *   the state does not allow it), `too-large` (413), `media-type` (415), `busy` (503: too many are waiting).
   * - `internal` (500): a fault of the program. `stopped`: the work was cancelled or the server is closing.
   */
  code: z.enum([
    'input',
    'token',
    'forbidden',
    'not-found',
    'conflict',
    'too-large',
    'media-type',
    'busy',
    'internal',
    'stopped',
  ]),
  /** One line for a person. */
  message: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;

/** The body of a response that is not 2xx. */
export interface Failure {
  readonly error: Problem;
}
