/**
 * Server-sent events from the sender's side: a response that goes on while work goes on, and work that ends when nobody
 * reads any more.
 * @module
 */
import { stopped } from '../workbench/faults.js';
import { type Problem } from '../workbench/problems.js';
import { problemFor } from './problems.js';

/** Sends an event; its data as JSON text. */
export type Send = (event: string, json: string) => void;

/** Milliseconds between signs of life, which keep a connection from being taken for dead. */
const aliveEvery = 15_000;

/**
 * A response that streams what work sends. An error ends it with an `error` event.
 * @param signals any of them stops the work: the request's own, the server's
 */
export function eventStream(
  signals: readonly AbortSignal[],
  work: (send: Send, signal: AbortSignal) => Promise<void>,
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, ...signals]);
  const encoder = new TextEncoder();
  let open = true;
  let timer: ReturnType<typeof setInterval> | undefined;
  /** Nothing is written any more, signs of life neither. */
  const shut = (): void => {
    open = false;
    clearInterval(timer);
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string): void => {
        if (open) controller.enqueue(encoder.encode(text));
      };
      const send: Send = (event, json) => write(`event: ${event}\ndata: ${json}\n\n`);
      timer = setInterval(() => write(': alive\n\n'), aliveEvery);
      const end = (problem: Problem | null): void => {
        if (!open) return;
        if (problem !== null) send('error', JSON.stringify(problem));
        shut();
        controller.close();
      };
      // At once: work stops at its next step, and a server that closes does not wait for it.
      signal.addEventListener('abort', () => end(stopped));
      // In a promise from the start: what is thrown before the first step, of a reader already gone, ends it too.
      void Promise.resolve()
        .then(() => work(send, signal))
        .then(
          () => end(null),
          // A signal may be aborted with anything; that work ends then is no fault.
          (error: unknown) => end(signal.aborted ? stopped : problemFor(error)),
        );
    },
    cancel() {
      // Nothing may be written to a stream that was cancelled, not even that the work is stopped.
      shut();
      left.abort();
    },
  });
  return new Response(body, {
    headers: {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // Proxies that gather a response before they pass it on would defeat the purpose.
      'X-Accel-Buffering': 'no',
    },
  });
}
