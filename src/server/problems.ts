/**
 * Errors as clients are told of them.
 * @module
 */
import { type Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type ContentfulStatusCode } from 'hono/utils/http-status';
import { type z } from 'zod';
import { ConflictError } from '../jobs/conflict-error.js';
import { QueueFullError } from '../jobs/queue.js';
import { type Problem } from './contract/index.js';
import { ProblemError } from './workbench/problem-error.js';
import { problemOf } from './workbench/protocol.js';

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

/** What is told of an error. A fault of the program is written to the terminal in full and told in general. */
export function problemFor(error: unknown): Problem {
  if (error instanceof ConflictError) return { code: 'conflict', message: error.message };
  if (error instanceof QueueFullError) return { code: 'busy', message: error.message };
  if (error instanceof HTTPException && error.status === 400)
    return { code: 'input', message: 'The body is not JSON.' };
  const known = problemOf(error);
  if (known !== null) return known;
  process.stderr.write(
    `inversionview: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return {
    code: 'internal',
    message: 'A fault of the program; the terminal that the server runs in says more.',
  };
}

/** The response of an error. */
export function problemResponse(c: Context, error: unknown): Response {
  const problem = problemFor(error);
  return c.json({ error: problem }, statuses[problem.code]);
}

/** An error that names what there is not. */
export const notFound = (message: string): ProblemError => new ProblemError({ code: 'not-found', message });

/** The first thing that a schema finds wrong with a request, as a sentence. */
export function inputProblem(error: Pick<z.core.$ZodError, 'issues'>, what = 'The request'): ProblemError {
  const [issue] = error.issues;
  const field = issue === undefined || issue.path.length === 0 ? '' : ` ${issue.path.join('.')}:`;
  return new ProblemError({
    code: 'input',
    message: `${what} is not accepted:${field} ${issue?.message ?? 'it has another form'}.`,
  });
}
