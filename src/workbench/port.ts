/**
 * Calls through a port, between a server and its thread or between a page and its worker: each has a number, events on
 * the way, and one end. Events and answers cross as JSON text, which a server passes on to its clients as it is.
 * @module
 */
import { type Calls, type Following, type RawRequest } from './calls.js';
import { ProblemError } from './problem-error.js';
import { problemOf } from './faults.js';
import { type Problem } from './problems.js';

/** From who calls. */
export type CallMessage =
  | { readonly kind: 'call'; readonly id: number; readonly verb: string; readonly request: RawRequest }
  | { readonly kind: 'stop'; readonly id: number }
  /** Stops all calls and ends who answers once they have ended: native code that is cut off takes the process with it. */
  | { readonly kind: 'close' };

/** From who answers. */
export type ReplyMessage =
  | { readonly kind: 'open'; readonly id: number }
  | { readonly kind: 'event'; readonly id: number; readonly event: string; readonly json: string }
  | { readonly kind: 'answer'; readonly id: number; readonly json: string }
  | { readonly kind: 'problem'; readonly id: number; readonly problem: Problem };

/** How messages are sent; those that come are handed to what is made for the port. */
export type Post<M> = (message: M) => void;

/**
 * The answering end.
 * @param report takes what is known of a fault of the program
 * @param onClose called once all calls have ended after a `close`
 * @returns takes a message
 */
export function answerThrough(
  post: Post<ReplyMessage>,
  calls: Calls,
  report: (line: string) => void,
  onClose: () => Promise<void>,
): (message: CallMessage) => void {
  const stops = new Map<number, AbortController>();
  const running = new Set<Promise<void>>();

  async function answer({ id, verb, request }: Extract<CallMessage, { kind: 'call' }>): Promise<void> {
    const controller = new AbortController();
    stops.set(id, controller);
    try {
      const json = await calls.call(verb, request, {
        onOpen: () => post({ kind: 'open', id }),
        onEvent: (event, data) => post({ kind: 'event', id, event, json: data }),
        signal: controller.signal,
      });
      post({ kind: 'answer', id, json });
    } catch (error) {
      post({ kind: 'problem', id, problem: problemOf(error, report) });
    } finally {
      stops.delete(id);
    }
  }

  return (message) => {
    if (message.kind === 'stop') stops.get(message.id)?.abort();
    else if (message.kind === 'close') {
      for (const controller of stops.values()) controller.abort();
      void Promise.all(running).then(onClose);
    } else {
      const own = answer(message);
      running.add(own);
      void own.finally(() => running.delete(own));
    }
  };
}

/** The calling end. */
export interface PortCalls extends Calls {
  /** Takes a message of the other end. */
  receive(message: ReplyMessage): void;
  /** Lets all calls fail: the other end is gone. */
  fail(problem: Problem): void;
}

interface Pending extends Following {
  readonly resolve: (json: string) => void;
  readonly reject: (error: Error) => void;
}

/** Calls what answers at the other end of a port. */
export function callThrough(post: Post<CallMessage>): PortCalls {
  const pending = new Map<number, Pending>();
  let calls = 0;
  return {
    async call(verb, request, following = {}) {
      const { signal } = following;
      signal?.throwIfAborted();
      const id = (calls += 1);
      const stop = (): void => post({ kind: 'stop', id });
      signal?.addEventListener('abort', stop);
      try {
        return await new Promise<string>((resolve, reject) => {
          pending.set(id, { ...following, resolve, reject });
          post({ kind: 'call', id, verb, request });
        });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    receive(message) {
      const call = pending.get(message.id);
      if (message.kind === 'open') call?.onOpen?.();
      else if (message.kind === 'event') call?.onEvent?.(message.event, message.json);
      else {
        pending.delete(message.id);
        if (message.kind === 'answer') call?.resolve(message.json);
        else call?.reject(new ProblemError(message.problem));
      }
    },
    fail(problem) {
      for (const { reject } of pending.values()) reject(new ProblemError(problem));
      pending.clear();
    },
  };
}
