/**
 * The model's view of an input while it is being typed: its tokens, a prediction after each, and what is wrong.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { Inspection } from '../../../src/workbench/verbs/inspect.js';
import { isAbort, sayProblem } from '../problems.js';

/** The tokens of an input that could be read. */
export type Inspected = Extract<Inspection, { ok: true }>;

/** The input under the eye of the model. */
export interface InputInspection {
  /** The last input that is made of tokens; stays while a person types on. */
  readonly good: Inspected | null;
  /** The text that it was. */
  readonly text: string | null;
  /** Of the text as it is: why it is no input, or not one of the task; null when all is well. */
  readonly problem: string | null;
  /** Index of the first character that cannot be taken. */
  readonly at: number | null;
  /** Whether the tokens on screen are those of an earlier text. */
  readonly behind: boolean;
  /** Whether this very question has its answer, be it that the text is no input. */
  answers(caseId: string, input: string): boolean;
  /** Looks at a text; resolves to what was found, or to null when a newer text came first or nothing answered. */
  inspect(caseId: string, input: string): Promise<Inspection | null>;
}

/** Starts with no input. */
export function createInspection(client: Client): InputInspection {
  let good = $state.raw<Inspected | null>(null);
  let text = $state<string | null>(null);
  let problem = $state<string | null>(null);
  let at = $state<number | null>(null);
  let behind = $state(false);
  let answered = $state.raw<readonly [caseId: string, input: string] | null>(null);
  let controller: AbortController | null = null;

  return {
    get good() {
      return good;
    },
    get text() {
      return text;
    },
    get problem() {
      return problem;
    },
    get at() {
      return at;
    },
    get behind() {
      return behind;
    },
    answers: (caseId, input) => answered?.[0] === caseId && answered[1] === input,
    async inspect(caseId, input) {
      controller?.abort();
      const own = new AbortController();
      controller = own;
      behind = true;
      try {
        const found = await client.inspect({ case: caseId, input }, own.signal);
        if (own !== controller) return null;
        problem = found.problem;
        at = found.ok ? null : found.at;
        if (found.ok) [good, text] = [found, input];
        behind = !found.ok;
        answered = [caseId, input];
        return found;
      } catch (error) {
        if (own === controller && !isAbort(error)) {
          problem = sayProblem(error);
          at = null;
          answered = [caseId, input];
        }
        return null;
      }
    },
  };
}
