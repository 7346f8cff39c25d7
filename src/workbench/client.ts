/**
 * The verbs as typed functions, over whatever answers calls: a server, or a worker at the other end of a port. It runs in
 * a browser and loads nothing but the list; types come from the table.
 * @module
 */
import type { z } from 'zod';
import type { Calls, RawRequest } from './calls.js';
import { ProblemError } from './problem-error.js';
import type { Verbs } from './table.js';
import type { EventOf, EventSchemas } from './verb.js';
import { type Gives, type Listed, addressOf, verbs } from './verbs.js';

type Name = keyof typeof verbs;
type Path<N extends Name> = (typeof verbs)[N]['at'] extends `${string} ${infer P}` ? P : never;
type WithoutPattern<P extends string> = P extends `${infer Own}${'{' | '?'}${string}` ? Own : P;
/** `/trainings/:name/:what{…}` → `['name', 'what']`. */
type InPath<P extends string> = P extends `${string}:${infer Rest}`
  ? Rest extends `${infer Own}/${infer More}`
    ? [WithoutPattern<Own>, ...InPath<More>]
    : [WithoutPattern<Rest>]
  : [];
/** `/random?case&seed` → `['case', 'seed']`. */
type InQuery<P extends string> = P extends `${string}?${infer Query}` ? Split<Query> : [];
type Split<Q extends string> = Q extends `${infer Own}&${infer More}` ? [Own, ...Split<More>] : [Q];

type SchemaOf<V, Part extends string> = V extends { readonly [P in Part]?: infer S }
  ? Exclude<S, undefined>
  : never;
type Parts<V> = SchemaOf<V, 'address'> extends infer S extends z.ZodType ? z.output<S> : object;
/** `'true' | 'false'` of a query is a boolean of a call. */
type QueryValue<T> = T extends 'true' | 'false' ? boolean : T;
type Arguments<Names, Of> = Names extends [infer Own extends keyof Of, ...infer More]
  ? [...(undefined extends Of[Own] ? [part?: QueryValue<Of[Own]>] : [part: Of[Own]]), ...Arguments<More, Of>]
  : [];
type Body<V> = [SchemaOf<V, 'body'>] extends [infer S extends z.ZodType]
  ? [S] extends [never]
    ? []
    : [request: z.input<S>]
  : [];
type Events<V> = SchemaOf<V, 'events'> extends infer S extends EventSchemas ? EventOf<S> : never;
type Answer<V> = SchemaOf<V, 'answer'> extends infer S extends z.ZodType ? z.output<S> : never;
type Given<V, G extends Gives> = G extends 'events'
  ? AsyncGenerator<Events<V>, void>
  : Promise<
      G extends 'text' ? string : G extends 'file' ? Blob : G extends 'nothing' ? undefined : Answer<V>
    >;

/**
 * A function for each verb of the list. It takes the parts of the path, the body, the parts of the query, and a signal;
 * the events of a stream are given one by one, an `error` event too. All throw {@link ProblemError}, or what `calls`
 * throws when nobody answers.
 */
export type Client = {
  readonly [N in Name]: (
    ...args: [
      ...Arguments<InPath<Path<N>>, Parts<Verbs[N]>>,
      ...Body<Verbs[N]>,
      ...Arguments<InQuery<Path<N>>, Parts<Verbs[N]>>,
      signal?: AbortSignal,
    ]
  ) => Given<Verbs[N], (typeof verbs)[N]['gives']>;
};

/** Makes the functions. */
export function clientOver(calls: Calls): Client {
  const entries = Object.entries<Listed>(verbs).map(([name, { at, gives }]) => {
    const { inPath, inQuery, hasBody } = addressOf(at);
    const call = (...args: unknown[]): unknown => {
      const signal = args.at(-1) instanceof AbortSignal ? (args.pop() as AbortSignal) : undefined;
      const parts = (names: readonly string[]): [string, string][] =>
        names.flatMap((part) => {
          const value = args.shift() as string | number | boolean | undefined;
          return value === undefined ? [] : [[part, String(value)]];
        });
      const path = parts(inPath);
      const body = hasBody ? args.shift() : undefined;
      const request = { address: Object.fromEntries([...path, ...parts(inQuery)]), body };
      return gives === 'events'
        ? eventsOf(calls, name, request, signal)
        : answerOf(gives, calls.call(name, request, signal === undefined ? {} : { signal }));
    };
    return [name, call] as const;
  });
  return Object.fromEntries(entries) as unknown as Client;
}

async function answerOf(gives: Gives, json: Promise<string>): Promise<unknown> {
  const answer = JSON.parse(await json) as { readonly type: string; readonly text: string };
  if (gives === 'text') return answer.text;
  return gives === 'file' ? new Blob([answer.text], { type: answer.type }) : answer;
}

/** The events of a call as they come; leaving the loop stops the work. */
async function* eventsOf(
  calls: Calls,
  verb: string,
  request: RawRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ event: string; data: unknown }, void> {
  const left = new AbortController();
  let opened = false;
  const events = new ReadableStream<{ event: string; data: unknown }>({
    async start(controller) {
      try {
        await calls.call(verb, request, {
          onOpen: () => (opened = true),
          onEvent: (event, json) => controller.enqueue({ event, data: JSON.parse(json) as unknown }),
          signal: signal === undefined ? left.signal : AbortSignal.any([left.signal, signal]),
        });
      } catch (error) {
        if (!opened || !(error instanceof ProblemError)) throw error;
        controller.enqueue({ event: 'error', data: { code: error.code, message: error.message } });
      }
      controller.close();
    },
  }).getReader();
  try {
    for (let next = await events.read(); !next.done; next = await events.read()) {
      // What came before a signal was aborted and has not been taken is dropped.
      signal?.throwIfAborted();
      yield next.value;
    }
  } finally {
    left.abort();
  }
}
