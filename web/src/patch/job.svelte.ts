/**
 * Work of the server that is followed: one question at a time, the same one not twice.
 * @module
 */
import { isAbort, sayProblem } from '../problems.js';

/** How it stands. */
export interface Job<R> {
  readonly working: boolean;
  /** What it waits for, or how far it is; empty when there is nothing to say. */
  readonly state: string;
  /** Share that is done, 0 … 1. */
  readonly done: number;
  readonly problem: string;
  /** Begins, unless the same was asked before. @param again begins anyhow */
  start(request: R, again?: boolean): void;
  stop(): void;
}

interface AnyEvent {
  readonly event: string;
  readonly data: unknown;
}

/**
 * Makes it; nothing is asked before `start`.
 * @param ask the server
 * @param begin forgets what another question was answered
 * @param take keeps an event; those of waiting, progress and errors are kept here
 */
export function createJob<R, E extends AnyEvent>(
  ask: (request: R, signal: AbortSignal) => AsyncGenerator<E, void>,
  begin: () => void,
  take: (event: E) => void,
): Job<R> {
  let working = $state(false);
  let state = $state('');
  let done = $state(0);
  let problem = $state('');
  let asked = '';
  let answered = '';
  let controller: AbortController | null = null;

  function note({ event, data }: AnyEvent): boolean {
    if (event === 'queued') {
      const { ahead } = data as { ahead: number };
      state = ahead > 0 ? `Waiting, ${ahead} before` : '';
    } else if (event === 'progress') {
      const { what, done: part, all } = data as { what: string; done: number; all: number };
      [state, done] = [
        `${part.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} ${what}`,
        part / all,
      ];
    } else if (event === 'error') {
      [problem, asked] = [(data as { message: string }).message, ''];
    } else return false;
    return true;
  }

  async function follow(request: R, own: AbortController): Promise<void> {
    try {
      for await (const event of ask(request, own.signal)) {
        if (own !== controller) return;
        if (!note(event)) take(event);
      }
    } catch (error) {
      if (own !== controller || isAbort(error)) return;
      [problem, asked] = [sayProblem(error), ''];
    } finally {
      if (own === controller) [working, state, done] = [false, '', 0];
    }
  }

  return {
    get working() {
      return working;
    },
    get state() {
      return state;
    },
    get done() {
      return done;
    },
    get problem() {
      return problem;
    },
    start(request, again = false) {
      const wanted = JSON.stringify(request);
      if (wanted === asked && !again) return;
      controller?.abort();
      controller = new AbortController();
      [working, problem, state, done, asked] = [true, '', '', 0, wanted];
      if (answered !== wanted || again) begin();
      answered = wanted;
      void follow(request, controller);
    },
    stop() {
      controller?.abort();
      controller = null;
      if (working) asked = '';
      [working, state, done] = [false, '', 0];
    },
  };
}
