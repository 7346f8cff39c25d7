/**
 * Routes made from the list of verbs: one way to answer for all that give events, one for all that give a single answer.
 * @module
 */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type Calls, type RawRequest } from '../workbench/calls.js';
import { limits } from '../workbench/limits.js';
import { ProblemError } from '../workbench/problem-error.js';
import { type Address, type Gives, type Listed, addressOf, verbs } from '../workbench/verbs.js';
import { eventStream } from './event-stream.js';

/** The routes. @param closing aborted when the server closes */
export function routes(calls: Calls, closing: AbortSignal): Hono {
  const app = new Hono();
  for (const [name, { at, gives, most = limits.body }] of Object.entries<Listed>(verbs)) {
    const address = addressOf(at);
    if (address.hasBody) app.on(address.method, address.path, atMost(most));
    app.on(address.method, address.path, async (c) => {
      const request = await requestOf(c, address);
      const signals = [c.req.raw.signal, closing];
      if (gives === 'events') return streamed(calls, name, request, signals);
      const signal = AbortSignal.any(signals);
      return answered(gives, await calls.call(name, request, { signal }));
    });
  }
  return app;
}

/** Refuses a larger body before it is read to its end. */
const atMost = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new ProblemError({
        code: 'too-large',
        message: `The body is too large: ${maxSize} bytes are taken.`,
      });
    },
  });

async function requestOf(c: Context, { hasBody }: Address): Promise<RawRequest> {
  const query = Object.entries(c.req.queries()).map(([name, values]): [string, unknown] => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  const inPath: Readonly<Record<string, string>> = c.req.param();
  const address = { ...Object.fromEntries(query), ...inPath };
  const text = hasBody ? await c.req.text() : '';
  if (text === '') return { address };
  try {
    return { address, body: JSON.parse(text) as unknown };
  } catch {
    throw new ProblemError({ code: 'input', message: 'The body is not JSON.' });
  }
}

/** A stream that begins once the request is accepted; what is wrong before then is an error with its status. */
function streamed(
  calls: Calls,
  name: string,
  request: RawRequest,
  signals: readonly AbortSignal[],
): Promise<Response> {
  return new Promise((resolve, reject) => {
    let opened = false;
    const response = eventStream(signals, async (send, signal) => {
      const onOpen = (): void => {
        opened = true;
        resolve(response);
      };
      try {
        await calls.call(name, request, { onOpen, onEvent: send, signal });
      } catch (error) {
        if (opened || !(error instanceof Error)) throw error;
        reject(error);
      }
    });
  });
}

function answered(gives: Exclude<Gives, 'events'>, json: string): Response {
  if (gives === 'nothing') return new Response(null, { status: 204 });
  if (gives === 'json' || gives === 'created') {
    const headers = { 'Content-Type': 'application/json; charset=utf-8' };
    return new Response(json, { status: gives === 'created' ? 201 : 200, headers });
  }
  const { type, text, file } = JSON.parse(json) as { type: string; text: string; file?: string };
  const headers = new Headers({ 'Content-Type': type });
  if (file !== undefined) headers.set('Content-Disposition', `attachment; filename="${file}"`);
  return new Response(text, { headers });
}
