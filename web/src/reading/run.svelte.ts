/**
 * One reading from the question to the last sample. The samples of the reading before stay on screen until the first new
 * ones are there, so that nothing flashes while someone moves from site to site.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { QueryFacts } from '../../../src/inversion/saved-reading.js';
import type { DoneEvent, QueryEvent, ReadEvent, ReadRequest } from '../../../src/workbench/verbs/read.js';
import type { SavedReading } from '../../../src/workbench/verbs/readings.js';
import { createFollow, type Follow } from '../follow.svelte.js';
import { createMemory } from '../memory.js';
import type { Metric } from '../state/address.js';
import { collect, type Collection, samplesOfSaved, type Samples } from './samples.js';

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
  readonly stated: (NonNullable<SavedReading['stated']> & { readonly view: SavedReading['view'] }) | null;
  readonly done: DoneEvent | null;
}

/** A reading that runs, ran or was opened. */
export type Run = Follow<ReadRequest, Shown | null>;

const bothMetrics: readonly Metric[] = ['euclidean', 'cosine'];
/** Questions that follow each other faster than this are asked when they come to rest. */
const restMilliseconds = 90;
/** Bounded by samples. */
const memory = createMemory<Shown | null>(20_000, (shown) => shown?.samples.list.length ?? 0);

/** Makes it; no request is sent before `start`. */
export function createRun(client: Client): Run {
  let query: QueryEvent | null = null;
  let collection: Collection = collect();
  let frame = 0;
  const shown = (request: ReadRequest, query: QueryEvent, done: DoneEvent | null): Shown => ({
    request,
    query,
    fresh: query,
    samples: collection.now(),
    metrics: bothMetrics,
    stated: null,
    done,
  });
  return createFollow<ReadRequest, ReadEvent, Shown | null>({
    name: 'The reading',
    open: (request, signal) => client.read(request, signal),
    isLast: ({ event }) => event === 'done',
    empty: null,
    memory,
    delay: (since) => restMilliseconds - since,
    begin(before) {
      query = null;
      return before;
    },
    progress: (now) =>
      query && {
        what: 'candidates',
        done: now?.fresh === query ? now.samples.candidates : 0,
        all: query.candidates,
      },
    take(before, { event, data }, request, later) {
      if (event === 'query') [query, collection] = [data, collect()];
      if (query === null) return before;
      const asked = query;
      if (event === 'candidates') collection.add(data);
      else if (event === 'deltas') collection.colour(data);
      else if (event !== 'done') return before;
      cancelAnimationFrame(frame);
      if (event === 'done') return shown(request, asked, data);
      // One update a frame, however fast events come; hidden pages have no frames.
      if (document.hidden) return shown(request, asked, null);
      frame = requestAnimationFrame(() => later(shown(request, asked, null)));
      return before;
    },
  });
}

/** A reading that was saved, as it is shown. */
export const shownOf = ({ request, query, samples, metrics, stated, view }: SavedReading): Shown => ({
  request,
  query,
  fresh: null,
  samples: samplesOfSaved(samples),
  metrics,
  stated: stated && { ...stated, view },
  done: null,
});

/** Another run that shows the same. A reading in progress goes on in the first one alone. */
export function copyRun(client: Client, run: Run): Run {
  const copy = createRun(client);
  if (run.phase === 'done') copy.show(run.answer, run.request);
  return copy;
}
