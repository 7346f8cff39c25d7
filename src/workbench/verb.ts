/**
 * A verb: one thing that can be asked of the workbench, written once. Its schemas say what a request and its answer are;
 * `verbs.ts` gives it an address, and the routes, the client and the messages of a worker follow from the two.
 * @module
 */
import { z } from 'zod';

/** Schemas of the events of a stream by name. */
export type EventSchemas = Readonly<Record<string, z.ZodType>>;

/** An event of a stream whose events these schemas describe: `{ event: 'done', data: … }`. */
export type EventOf<S extends EventSchemas> = {
  [Name in keyof S & string]: { readonly event: Name; readonly data: z.output<S[Name]> };
}[keyof S & string];

/** How work sends what it finds, and is stopped. */
export interface Call<E = never> {
  readonly emit: (event: E) => void;
  readonly signal: AbortSignal;
}

/** The events that a verb itself emits: those of its place in the line and of errors are sent for it. */
export type Emitted<S extends EventSchemas> = Exclude<EventOf<S>, { event: 'queued' | 'error' }>;

/** An answer that is a text or a file of its own. */
export const textSchema = z.object({ type: z.string(), text: z.string(), file: z.string().optional() });

type Schema = z.ZodType | undefined;
type Parsed<S extends Schema> = S extends z.ZodType ? z.output<S> : unknown;

/** A parsed request: the body, the parts of the address, or, of a verb with both, the latter with `body` beside them. */
export type RequestOf<Address extends Schema, Body extends Schema> = Body extends undefined
  ? Parsed<Address>
  : Address extends undefined
    ? Parsed<Body>
    : Parsed<Address> & { readonly body: Parsed<Body> };

/** See the module. `Needs` is what it works with; `Opened` what is found out before its stream begins. */
export interface Verb<
  Needs,
  Address extends Schema = Schema,
  Body extends Schema = Schema,
  Answer extends Schema = Schema,
  Events extends EventSchemas | undefined = EventSchemas | undefined,
  Opened = unknown,
> {
  /** Parts of the path and of the query. */
  readonly address?: Address;
  readonly body?: Body;
  /** What comes back: one answer, or events. */
  readonly answer?: Answer;
  readonly events?: Events;
  /** Throws what is wrong with a request, before anything is streamed or waits for its turn. */
  open?(request: RequestOf<Address, Body>, needs: Needs): Promise<Opened>;
  run(
    request: RequestOf<Address, Body>,
    needs: Needs,
    call: Call<Events extends EventSchemas ? Emitted<Events> : never>,
    opened: Opened,
  ): Promise<Answer extends z.ZodType ? z.output<Answer> : unknown>;
}

/** Types the verbs that work with the same things. @example const verb = verbsOf<Bench>(); */
export const verbsOf =
  <Needs>() =>
  <
    Address extends Schema = undefined,
    Body extends Schema = undefined,
    Answer extends Schema = undefined,
    Events extends EventSchemas | undefined = undefined,
    Opened = undefined,
  >(
    verb: Verb<Needs, Address, Body, Answer, Events, Opened>,
  ): Verb<Needs, Address, Body, Answer, Events, Opened> =>
    verb;
