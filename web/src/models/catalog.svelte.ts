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
} from '../../../src/server/contract/index.js';
import { sayProblem } from '../problems.js';
import { createJob, type Job } from '../patch/job.svelte.js';

/** Data of an event by its name. */
type Told<N extends ModelEvent['event']> = Extract<ModelEvent, { event: N }>['data'];

/** See the module. */
export interface Shelf {
  /** Null before it is known. */
  readonly list: ModelList | null;
  /** Why it is not known. */
  readonly problem: string;
  /** What was asked last. */
  readonly asked: ModelRequest | null;
  readonly description: Job<ModelRequest>;
  readonly model: DescribedModel | null;
  /** The file that is being fetched. */
  readonly fetching: Told<'fetching'> | null;
  readonly splitting: Job<ModelRequest>;
  /** Of the last text that could be taken apart. */
  readonly tokens: Told<'tokens'> | null;
  load(): Promise<void>;
  /** Asks what a model is. */
  describe(request: ModelRequest): void;
  /** Stops a fetch; what came stays for the next one. */
  stop(): void;
}

/** Makes it; nothing is asked before it is called. */
export function createShelf(client: Client): Shelf {
  let list = $state.raw<ModelList | null>(null);
  let problem = $state('');
  let asked = $state.raw<ModelRequest | null>(null);
  let model = $state.raw<DescribedModel | null>(null);
  let fetching = $state.raw<Told<'fetching'> | null>(null);
  let tokens = $state.raw<Told<'tokens'> | null>(null);

  const description = createJob<ModelRequest, ModelEvent>(
    (request, signal) => client.describeModel(request, signal),
    () => {
      [model, fetching, tokens] = [null, null, null];
    },
    ({ event, data }) => {
      if (event === 'fetching') fetching = data;
      if (event !== 'model') return;
      model = data;
      // What was fetched is there now.
      if (fetching !== null) void load();
      fetching = null;
    },
  );
  const splitting = createJob<ModelRequest, ModelEvent>(
    (request, signal) => client.describeModel(request, signal),
    // The tokens of the text before stay until the next ones come.
    () => undefined,
    ({ event, data }) => {
      if (event === 'tokens') tokens = data;
    },
  );

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
    get model() {
      return model;
    },
    get fetching() {
      return fetching;
    },
    splitting,
    get tokens() {
      return tokens;
    },
    load,
    describe(request) {
      asked = request;
      splitting.stop();
      description.start(request, true);
    },
    stop() {
      description.stop();
      splitting.stop();
      fetching = null;
    },
  };
}
