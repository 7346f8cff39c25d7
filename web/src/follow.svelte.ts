/**
 * Following a stream of the server: one request at a time, with its place in the queue, its progress, the answer as it
 * grows, and a sentence about what went wrong. A stream that ends without its last event has broken off, and says so.
 * @module
 */
import { untrack } from 'svelte';
import { sayProblem } from './problems.js';
import { grouped } from './ui/numbers.js';

/** How a followed stream stands. `waiting` lasts until the first event that is not about the queue. */
export type Phase = 'idle' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

/** Requests before this one, and what the server does first for it. */
export interface Queue {
  readonly ahead: number;
  readonly preparing: string | null;
}

/** How far the work is: `done` of `all`, counted in `what`. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly all: number;
}

/** An event of a stream. Those named `queued`, `progress` and `error` mean the same in every stream. */
interface AnyEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Answers to earlier requests, by their text. */
export interface Memory<A> {
  get(key: string): A | undefined;
  set(key: string, answer: A): void;
}

/** A kind of request `R`, the events `E` that answer it, and the answer `A` that they make. */
export interface Stream<R, E extends AnyEvent, A> {
  /** Beginning of the sentence that says that it broke off: `The reading`. */
  readonly name: string;
  open(request: R, signal: AbortSignal): AsyncIterable<E>;
  /** Whether a stream that came to its end ends with this event. */
  isLast(event: E): boolean;
  /** The answer before anything was asked. */
  readonly empty: A;
  /** The answer after an event. `later` sets it at another time while the request is still the current one. */
  take(before: A, event: E, request: R, later: (answer: A) => void): A;
  /**
   * What of the answer stays when a request is sent; all of it unless given.
   * @param same whether the request asks the question that the answer belongs to
   */
  begin?(before: A, same: boolean, request: R): A;
  /** The part of a request that makes another question of it; all of it unless given. */
  question?(request: R): unknown;
  /** Progress as the answer shows it, of a stream without events of progress. */
  progress?(answer: A): Progress | null;
  readonly memory?: Memory<A>;
  /** Milliseconds that a request waits for one that replaces it, given those since the last one was sent. */
  delay?(since: number): number;
  /** Milliseconds after which a stream that failed is opened again; it is not unless given. */
  readonly retry?: number;
}

/** How work on the server stands, whatever it is. */
export interface Job {
  readonly phase: Phase;
  /** Whether it waits or runs. */
  readonly working: boolean;
  /** Null once its turn has come. */
  readonly queue: Queue | null;
  readonly progress: Progress | null;
  /** Why it failed, as a sentence; empty while it has not. */
  readonly problem: string;
  /** Ends the work; what has come stays. */
  cancel(): void;
}

/** A stream that is followed. */
export interface Follow<R, A> extends Job {
  readonly answer: A;
  /** What the answer belongs to; null where that is not known. */
  readonly request: R | null;
  /** Whether nothing has come yet for what was asked last: the answer is that of an earlier request. */
  readonly behind: boolean;
  /** Whether the answer is that of this request. */
  answers(request: R): boolean;
  /** Asks, unless the same was asked before and neither failed nor was cancelled. @param again asks anyhow */
  start(request: R, again?: boolean): void;
  /** Puts an answer there as if it had been given. @param request what it answers */
  show(answer: A, request?: R | null): void;
  /** Goes back to the beginning. */
  reset(): void;
}

/** Makes it; no request is sent before `start`. */
export function createFollow<R, E extends AnyEvent, A>(stream: Stream<R, E, A>): Follow<R, A> {
  const { question = (request: R): unknown => request, begin = (before: A): A => before } = stream;
  let phase = $state<Phase>('idle');
  let answer = $state.raw(stream.empty);
  let answered = $state.raw<R | null>(null);
  let behind = $state(false);
  let queue = $state.raw<Queue | null>(null);
  let progress = $state.raw<Progress | null>(null);
  let problem = $state('');
  /** The current request as text; empty where the next one is never the same. */
  let asked = '';
  let current: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sent = -Infinity;
  const isWorking = (): boolean => phase === 'waiting' || phase === 'running';

  function enter(next: Phase): void {
    [phase, queue, progress] = [next, null, null];
  }
  function abort(): void {
    clearTimeout(timer);
    current?.abort();
    current = null;
  }
  function settle(found: A, request: R | null): void {
    [answer, answered, behind, problem] = [found, request, false, ''];
    enter('done');
  }
  function fail(message: string, request: R): void {
    enter('failed');
    [problem, asked] = [message, ''];
    if (stream.retry !== undefined) timer = setTimeout(() => open(request), stream.retry);
  }

  function take(event: E, request: R, own: AbortController): void {
    const { event: name, data } = event;
    if (name === 'error') {
      fail((data as { message: string }).message, request);
      return;
    }
    problem = '';
    if (name === 'queued') {
      queue = data as Queue;
      return;
    }
    [phase, queue] = ['running', null];
    if (name === 'progress') {
      progress = data as Progress;
      return;
    }
    const put = (found: A): void => {
      if (own === current && found !== answer) [answer, answered, behind] = [found, request, false];
    };
    put(stream.take(answer, event, request, put));
    if (!stream.isLast(event)) return;
    enter('done');
    stream.memory?.set(asked, answer);
  }

  async function follow(request: R, own: AbortController): Promise<void> {
    const isOpen = (): boolean => own === current && phase !== 'done' && phase !== 'failed';
    try {
      for await (const event of stream.open(request, own.signal)) {
        if (own !== current) return;
        // Events after the last one are ignored.
        if (isOpen()) take(event, request, own);
      }
      const then = stream.retry === undefined ? 'Ask again.' : 'This page asks for it again.';
      if (isOpen()) fail(`${stream.name} broke off before its end. ${then}`, request);
    } catch (error) {
      // A request that this page aborted is no longer the current one.
      if (isOpen()) fail(sayProblem(error), request);
    }
  }

  function open(request: R): void {
    sent = performance.now();
    current = new AbortController();
    // A failed stream that is opened again keeps its sentence until the first event.
    phase = 'waiting';
    void follow(request, current);
  }

  // Effects call these, and must not depend on the state that they change.
  return {
    get phase() {
      return phase;
    },
    get working() {
      return isWorking();
    },
    get answer() {
      return answer;
    },
    get request() {
      return answered;
    },
    get behind() {
      return behind;
    },
    get queue() {
      return queue;
    },
    get progress() {
      return progress ?? (isWorking() ? (stream.progress?.(answer) ?? null) : null);
    },
    get problem() {
      return problem;
    },
    answers: (request) => !behind && JSON.stringify(answered) === JSON.stringify(request),
    start: (request, again = false) =>
      untrack(() => {
        const wanted = JSON.stringify(request);
        if (wanted === asked && !again) return;
        abort();
        asked = wanted;
        const known = again ? undefined : stream.memory?.get(wanted);
        if (known !== undefined) {
          settle(known, request);
          return;
        }
        const same =
          !again &&
          answered !== null &&
          JSON.stringify(question(answered)) === JSON.stringify(question(request));
        const stays = begin(answer, same, request);
        if (stays !== answer) [answer, answered] = [stays, request];
        [behind, problem] = [true, ''];
        enter('waiting');
        const wait = stream.delay?.(performance.now() - sent) ?? 0;
        if (wait <= 0) open(request);
        else timer = setTimeout(() => open(request), wait);
      }),
    cancel: () =>
      untrack(() => {
        abort();
        if (!isWorking()) return;
        asked = '';
        enter('cancelled');
      }),
    show(found, request = null) {
      abort();
      asked = request === null ? '' : JSON.stringify(request);
      settle(found, request);
    },
    reset() {
      abort();
      [answer, answered, behind, problem, asked] = [stream.empty, null, false, '', ''];
      enter('idle');
    },
  };
}

/** What a followed stream is doing, in words; empty when there is nothing to say. @param first before its turn has come */
export function wordsOf(
  { working, queue, progress }: Pick<Job, 'working' | 'queue' | 'progress'>,
  first = '',
): string {
  if (!working) return '';
  if (queue !== null && queue.ahead > 0) return `Waiting, ${grouped(queue.ahead)} before`;
  if (queue?.preparing) return queue.preparing;
  return progress === null ? first : `${grouped(progress.done)} of ${grouped(progress.all)} ${progress.what}`;
}

/** A request with one answer, as a stream of one event. */
export const once = <R, D>(
  name: string,
  ask: (request: R, signal: AbortSignal) => Promise<D>,
): Stream<R, { readonly event: 'answer'; readonly data: D }, D | null> => ({
  name,
  async *open(request, signal) {
    yield { event: 'answer', data: await ask(request, signal) };
  },
  isLast: () => true,
  empty: null,
  take: (_, { data }) => data,
});
