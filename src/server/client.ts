/**
 * A typed client of the server, for the page and for tests. It runs in a browser and loads nothing but this.
 * @module
 */
import type { Calls } from '../workbench/calls.js';
import { type Client, clientOver } from '../workbench/client.js';
import { ProblemError } from '../workbench/problem-error.js';
import type { Failure } from '../workbench/problems.js';
import { type Listed, addressOf, verbs } from '../workbench/verbs.js';
import { readEvents } from './events.js';

export { type Client, ProblemError as ServerProblem };

/**
 * Makes a client. Its functions throw {@link ServerProblem}, or what `fetch` throws when there is no server.
 * @param base where the server is: empty for the page that it serves itself, else `http://127.0.0.1:4173`
 * @param headers sent with every request: `Authorization` where there is no cookie
 * @example for await (const { event, data } of createClient().read(request, signal)) …
 */
export const createClient = (base = '', headers: Readonly<Record<string, string>> = {}): Client =>
  clientOver(callsOver(base, headers));

const callsOver = (base: string, headers: Readonly<Record<string, string>>): Calls => ({
  async call(verb, { address = {}, body = {} }, { onOpen, onEvent, signal = null } = {}) {
    const { at, gives }: Listed = verbs[verb as keyof typeof verbs];
    const { method, path, inQuery, hasBody } = addressOf(at);
    const part = (name: string): string => encodeURIComponent(String(address[name]));
    const filled = path.replace(/:(\w+)(?:\{[^}]*\})?/g, (_, name: string) => part(name));
    const query = inQuery.filter((name) => name in address).map((name) => `${name}=${part(name)}`);
    const response = await fetch(`${base}/api${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`, {
      method,
      headers: hasBody ? { ...headers, 'content-type': 'application/json' } : headers,
      body: hasBody ? JSON.stringify(body) : null,
      signal,
    });
    if (!response.ok) throw await problemOf(response);
    if (gives === 'events') {
      onOpen?.();
      if (response.body === null) return 'null';
      for await (const { event, data } of readEvents(response.body, String)) onEvent?.(event, data);
    }
    if (gives === 'events' || gives === 'nothing') return 'null';
    // The table describes what comes back; the server's tests hold it to that.
    const text = await response.text();
    if (gives === 'json' || gives === 'created') return text;
    return JSON.stringify({ type: response.headers.get('content-type'), text });
  },
});

async function problemOf(response: Response): Promise<ProblemError> {
  const failure = (await response.json().catch(() => null)) as Failure | null;
  const { code = 'internal', message = `The server answered ${response.status}.` } = failure?.error ?? {};
  return new ProblemError({ code, message }, response.status);
}
