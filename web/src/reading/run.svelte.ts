/**
 * One reading from the question to the last sample. A new question stops the one before; its samples stay on screen until
 * the first new ones are there, so that nothing flashes while a person walks from site to site.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  DoneEvent,
  KeptReading,
  Problem,
  QueryEvent,
  QueryFacts,
  ReadEvent,
  ReadRequest,
} from '../../../src/server/contract/index.js';
import { isAbort, problemOf } from '../problems.js';
import type { Metric } from '../state/address.js';
import { recall, remember } from '../memory.js';
import { collect, keptSamples, type Samples } from './samples.js';

/** A reading as far as it is there. */
export interface Shown {
  /** What gives it again; null for one that came from a file. */
  readonly request: ReadRequest | null;
  readonly query: QueryFacts;
  /** What only a fresh reading says: its rounds and the norm of the activation. */
  readonly fresh: QueryEvent | null;
  readonly samples: Samples;
  /** Metrics that the samples have distances in. */
  readonly metrics: readonly Metric[];
  /** What a file with only some of the candidates says of all of them, under the view it was saved with. */
  readonly stated: (NonNullable<KeptReading['stated']> & { readonly view: KeptReading['view'] }) | null;
  readonly done: DoneEvent | null;
}

/** `idle`: nothing was asked. `queued`: waiting for its turn or for the first samples. */
export type Phase = 'idle' | 'queued' | 'sampling' | 'done' | 'stopped' | 'failed';

/** A reading that runs, ran or was opened. */
export interface Run {
  readonly phase: Phase;
  readonly shown: Shown | null;
  /** Whether what is shown answers an earlier question. */
  readonly stale: boolean;
  /** Jobs before this one, and what keeps it. */
  readonly queue: { readonly ahead: number; readonly preparing: string | null } | null;
  /** Candidates judged and to come; null before that is known. */
  readonly progress: { readonly judged: number; readonly planned: number } | null;
  readonly problem: Problem | null;
  /** Asks; the same question as before is left alone unless `again`. */
  start(request: ReadRequest, again?: boolean): void;
  /** Stops the work; what has come stays. */
  cancel(): void;
  /** Shows a kept reading. */
  show(kept: KeptReading): void;
  /** Forgets everything. */
  clear(): void;
  /** Another run that shows the same. A reading in progress goes on in this one alone. */
  copy(): Run;
}

const bothMetrics: readonly Metric[] = ['euclidean', 'cosine'];
/** Questions that follow each other faster than this are asked when they come to rest. */
const restMilliseconds = 90;

/** @param start what to show at the beginning */
export function createRun(client: Client, start: Shown | null = null, startKey = ''): Run {
  let phase = $state<Phase>(start === null ? 'idle' : 'done');
  let shown = $state.raw<Shown | null>(start);
  let stale = $state(false);
  let queue = $state.raw<Run['queue']>(null);
  let progress = $state.raw<Run['progress']>(null);
  let problem = $state.raw<Problem | null>(null);
  let key = startKey;
  let controller: AbortController | null = null;
  let lastStart = -Infinity;
  let resting: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    clearTimeout(resting);
    controller?.abort();
    controller = null;
    queue = null;
    progress = null;
  }

  function settle(now: Shown): void {
    shown = now;
    stale = false;
    phase = 'done';
    queue = null;
    progress = null;
  }

  async function follow(request: ReadRequest, own: AbortController): Promise<void> {
    const collection = collect();
    let query: QueryEvent | null = null;
    let frame = 0;
    const commit = (done: DoneEvent | null): void => {
      cancelAnimationFrame(frame);
      frame = 0;
      if (query === null || own !== controller) return;
      const samples = collection.now();
      const now: Shown = { request, query, fresh: query, samples, metrics: bothMetrics, stated: null, done };
      if (done === null) {
        shown = now;
        stale = false;
        progress = { judged: samples.candidates, planned: query.candidates };
      } else {
        settle(now);
        remember(key, now);
      }
    };
    // One update a frame, however fast events come; hidden pages have no frames.
    const commitSoon = (): void => {
      if (document.hidden) commit(null);
      else if (frame === 0) frame = requestAnimationFrame(() => commit(null));
    };
    const take = ({ event, data }: ReadEvent): void => {
      switch (event) {
        case 'queued':
          queue = data;
          break;
        case 'query':
          query = data;
          queue = null;
          progress = { judged: 0, planned: data.candidates };
          break;
        case 'candidates':
          phase = 'sampling';
          collection.add(data);
          commitSoon();
          break;
        case 'deltas':
          collection.colour(data);
          commitSoon();
          break;
        case 'done':
          commit(data);
          break;
        case 'error':
          fail(data);
      }
    };
    const fail = (what: Problem): void => {
      commit(null);
      phase = 'failed';
      problem = what;
      queue = null;
      progress = null;
      // Asking again must not be taken for the same question.
      key = '';
    };
    try {
      for await (const event of client.read(request, own.signal)) {
        if (own !== controller) return;
        take(event);
      }
      if (own === controller && (phase === 'queued' || phase === 'sampling')) {
        fail({ code: 'internal', message: 'The reading broke off before its end. Ask again.' });
      }
    } catch (error) {
      if (own === controller && !isAbort(error)) fail(problemOf(error));
    } finally {
      cancelAnimationFrame(frame);
    }
  }

  function begin(request: ReadRequest): void {
    lastStart = performance.now();
    controller = new AbortController();
    void follow(request, controller);
  }

  return {
    get phase() {
      return phase;
    },
    get shown() {
      return shown;
    },
    get stale() {
      return stale;
    },
    get queue() {
      return queue;
    },
    get progress() {
      return progress;
    },
    get problem() {
      return problem;
    },
    start(request, again = false) {
      const wanted = JSON.stringify(request);
      if (wanted === key && !again) return;
      stop();
      key = wanted;
      problem = null;
      const known = again ? undefined : recall(wanted);
      if (known !== undefined) {
        settle(known);
        return;
      }
      phase = 'queued';
      stale = shown !== null;
      const rest = lastStart + restMilliseconds - performance.now();
      if (rest <= 0) begin(request);
      else resting = setTimeout(() => begin(request), rest);
    },
    cancel() {
      if (phase !== 'queued' && phase !== 'sampling') return;
      stop();
      phase = 'stopped';
      key = '';
    },
    show(kept) {
      stop();
      key = '';
      problem = null;
      settle({
        request: kept.request,
        query: kept.query,
        fresh: null,
        samples: keptSamples(kept.samples),
        metrics: kept.metrics,
        stated: kept.stated === null ? null : { ...kept.stated, view: kept.view },
        done: null,
      });
    },
    clear() {
      stop();
      key = '';
      problem = null;
      shown = null;
      stale = false;
      phase = 'idle';
    },
    copy: () => (phase === 'done' ? createRun(client, shown, key) : createRun(client)),
  };
}
