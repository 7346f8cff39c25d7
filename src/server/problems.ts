/**
 * Errors as HTTP answers them.
 * @module
 */
import { type Context } from 'hono';
import { type ContentfulStatusCode } from 'hono/utils/http-status';
import { ConflictError } from '../jobs/conflict-error.js';
import { problemOf } from '../workbench/faults.js';
import { type Problem } from '../workbench/problems.js';

const statuses: Readonly<Record<Problem['code'], ContentfulStatusCode>> = {
  input: 400,
  token: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'media-type': 415,
  busy: 503,
  internal: 500,
  stopped: 503,
};

/** Writes a line to the terminal. */
export const report = (line: string): void => void process.stderr.write(`inversionview: ${line}\n`);

/** What a client is sent of an error. A fault of the program is written to the terminal in full. */
export const problemFor = (error: unknown): Problem =>
  error instanceof ConflictError ? { code: 'conflict', message: error.message } : problemOf(error, report);

/** The response of an error. */
export function problemResponse(c: Context, error: unknown): Response {
  const problem = problemFor(error);
  return c.json({ error: problem }, statuses[problem.code]);
}
