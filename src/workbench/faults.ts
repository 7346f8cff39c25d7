/**
 * Which problem an error is, and errors that several verbs throw.
 * @module
 */
import { type z } from 'zod';
import { InputError } from '../input-error.js';
import { ProblemError } from './problem-error.js';
import { type Problem } from './problems.js';
import { QueueFullError } from './queue.js';

/** The work was cancelled. */
export const stopped: Problem = { code: 'stopped', message: 'The work was stopped.' };

/** What a client is sent of a fault of the program; `report` has the rest. */
const internalFault: Problem = {
  code: 'internal',
  message: 'A fault of the program; the terminal that the server runs in says more.',
};

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

/** What a client is sent of an error; a fault of the program is reported in full and sent in general. */
export function problemOf(error: unknown, report: (line: string) => void): Problem {
  if (error instanceof ProblemError) return { code: error.code, message: error.message };
  if (error instanceof InputError) return { code: 'input', message: error.message };
  if (error instanceof QueueFullError) return { code: 'busy', message: error.message };
  if (error instanceof Error && error.name === 'AbortError') return stopped;
  report(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return internalFault;
}
