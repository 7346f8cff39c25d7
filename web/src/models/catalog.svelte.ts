/**
 * What the Models page knows: which models there are, what the one that is asked about is, and the tokens of a text.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  DescribedModel,
  ModelEvent,
  ModelList,
  ModelRequest,
} from '../../../src/workbench/verbs/models.js';
import { createFollow, type Follow } from '../follow.svelte.js';
import { sayProblem } from '../problems.js';

/** Data of an event by its name. */
type DataOf<N extends ModelEvent['event']> = Extract<ModelEvent, { event: N }>['data'];

/** A model, or the file that is being fetched for it. */
export interface Description {
  readonly model: DescribedModel | null;
  readonly fetching: DataOf<'fetching'> | null;
}

/** See the module. */
export interface Catalog {
  /** Null before it is known. */
  readonly list: ModelList | null;
  /** Why it is not known. */
  readonly problem: string;
  /** What was asked last. */
  readonly asked: ModelRequest | null;
  readonly description: Follow<ModelRequest, Description>;
  /** Tokens of the last text that could be split; they stay until those of the next one come. */
  readonly tokens: Follow<ModelRequest, DataOf<'tokens'> | null>;
  load(): Promise<void>;
  /** Asks what a model is. */
  describe(request: ModelRequest): void;
  /** Stops a fetch; what came stays for the next one. */
  stop(): void;
}

/** Makes it; nothing is asked before it is called. */
export function createCatalog(client: Client): Catalog {
  let list = $state.raw<ModelList | null>(null);
  let problem = $state('');
  let asked = $state.raw<ModelRequest | null>(null);

  const description = createFollow<ModelRequest, ModelEvent, Description>({
    name: 'The description',
    open: (request, signal) => client.describeModel(request, signal),
    isLast: ({ event }) => event === 'model',
    empty: { model: null, fetching: null },
    begin: () => ({ model: null, fetching: null }),
    progress: ({ fetching }) => fetching && { what: fetching.file, done: fetching.done, all: fetching.all },
    take(before, { event, data }) {
      if (event === 'fetching') return { ...before, fetching: data };
      if (event !== 'model') return before;
      // A fetched model is now in the list.
      if (before.fetching !== null) void load();
      return { model: data, fetching: null };
    },
  });
  const tokens = createFollow<ModelRequest, ModelEvent, DataOf<'tokens'> | null>({
    name: 'The tokens of the text',
    open: (request, signal) => client.describeModel(request, signal),
    isLast: ({ event }) => event === 'tokens',
    empty: null,
    take: (before, { event, data }) => (event === 'tokens' ? data : before),
  });

  async function load(): Promise<void> {
    try {
      list = await client.models();
      problem = '';
    } catch (error) {
      problem = sayProblem(error);
    }
  }

  return {
    get list() {
      return list;
    },
    get problem() {
      return problem;
    },
    get asked() {
      return asked;
    },
    description,
    tokens,
    load,
    describe(request) {
      asked = request;
      tokens.reset();
      description.start(request, true);
    },
    stop() {
      description.cancel();
      tokens.cancel();
    },
  };
}
