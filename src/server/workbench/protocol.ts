/**
 * Calls between the server's thread and the workbench's: each has a number, events on the way, and one end. Events and
 * results cross as JSON text, which the server passes on to its clients as it is.
 * @module
 */
import { type Problem } from '../contract/index.js';
import { InputError } from '../../input-error.js';
import { ProblemError } from './problem-error.js';
import { type Workbench } from './workbench.js';

/** From the server. */
export type Request =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly method: keyof Workbench;
      readonly argument: unknown;
    }
  | { readonly kind: 'stop'; readonly id: number }
  /** Stops all calls and ends the thread once they have ended: native code that is cut off takes the process with it. */
  | { readonly kind: 'close' };

/** From the workbench. */
export type Reply =
  | { readonly kind: 'event'; readonly id: number; readonly event: string; readonly json: string }
  | { readonly kind: 'result'; readonly id: number; readonly json: string }
  | { readonly kind: 'problem'; readonly id: number; readonly problem: Problem };

/** What is told of an error; null for a fault of the program, of which a client is told only that there was one. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof InputError) return { code: 'input', message: error.message };
  if (error instanceof Error && error.name === 'AbortError') return stopped;
  return null;
}

/** The work was cancelled. */
export const stopped: Problem = { code: 'stopped', message: 'The work was stopped.' };
