/**
 * Error messages for a person, which say what to do.
 * @module
 */
import { ServerProblem } from '../../src/server/client.js';
import type { Problem } from '../../src/workbench/problems.js';

/** Said when nothing answers. */
export const noServer = 'The server does not answer. Start it with npm start; this page goes on by itself.';

/** Whether the request was stopped by the page itself. */
export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException && error.name === 'AbortError';

/** A line for a person about anything that was thrown. */
export function sayProblem(error: unknown): string {
  if (error instanceof ServerProblem) return error.message;
  if (isConnectionLost(error)) return noServer;
  return error instanceof Error ? error.message : String(error);
}

/** As the server would have sent it. */
export const problemOf = (error: unknown): Problem => ({
  code: error instanceof ServerProblem ? error.code : 'internal',
  message: sayProblem(error),
});

/** `fetch` throws a TypeError when there is no connection, and so does a stream that breaks. */
export const isConnectionLost = (error: unknown): boolean => error instanceof TypeError;
