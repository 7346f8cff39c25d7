/**
 * Calls of verbs: a request is parsed, opened and run, and nobody else parses it.
 * @module
 */
import { type z } from 'zod';
import { inputProblem } from './faults.js';
import { ProblemError } from './problem-error.js';
import { type Call, type Verb } from './verb.js';

/** A request as it comes: the parts of its address, and its body where it has one. */
export interface RawRequest {
  readonly address?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** How a call is followed and stopped. */
export interface Following {
  /** The request is accepted: its events follow. */
  readonly onOpen?: () => void;
  /** Events on the way; `json` is their data. */
  readonly onEvent?: (event: string, json: string) => void;
  readonly signal?: AbortSignal;
}

/** What answers calls: here, or at the other end of a port. */
export interface Calls {
  /** The answer as JSON text. @throws ProblemError, or the signal's reason once the work has stopped */
  call(verb: string, request: RawRequest, following?: Following): Promise<string>;
}

/** Answers calls of these verbs. */
export function answering<Needs>(verbs: Readonly<Record<string, Verb<NoInfer<Needs>>>>, needs: Needs): Calls {
  return {
    async call(name, raw, { onOpen, onEvent, signal = new AbortController().signal } = {}) {
      signal.throwIfAborted();
      const verb = verbs[name];
      if (verb === undefined) throw new RangeError(`there is no verb ${name}`);
      const request = parsed(verb, raw);
      const opened = await verb.open?.(request, needs);
      onOpen?.();
      const emit: Call<{ event: string; data: unknown }>['emit'] = ({ event, data }) =>
        onEvent?.(event, JSON.stringify(data));
      return JSON.stringify((await verb.run(request, needs, { emit, signal }, opened)) ?? null);
    },
  };
}

/** The one place where a request is parsed. @throws ProblemError for the first thing that is wrong */
function parsed({ address, body }: Verb<never>, raw: RawRequest): unknown {
  const take = (schema: z.ZodType, value: unknown, what: string): unknown => {
    const { success, data, error } = schema.safeParse(value);
    if (!success) throw inputProblem(error, what);
    return data;
  };
  const parts = address === undefined ? undefined : take(address, raw.address ?? {}, 'The address');
  if (body === undefined) return parts;
  if (raw.body === undefined) throw new ProblemError({ code: 'input', message: 'The body is not JSON.' });
  const own = take(body, raw.body, 'The request');
  return parts === undefined ? own : { ...(parts as object), body: own };
}
