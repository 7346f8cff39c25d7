/**
 * The workbench: everything that needs a model, behind one interface of plain data. It runs in a thread of its own, for
 * ONNX Runtime holds a thread until a run is over; `thread.ts` is its other end.
 * @module
 */
import {
  type Attention,
  type Case,
  type CaseList,
  type InputRequest,
  type InspectRequest,
  type Inspection,
  type OverviewEvent,
  type OverviewPlan,
  type OverviewRequest,
  type RandomInput,
  type ReadEvent,
  type ReadRequest,
  overviewRequestSchema,
  readRequestSchema,
} from '../contract/index.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { type Reader, createReader } from '../../inversion/preimage.js';
import { roundsFor, thinnedRounds } from '../../inversion/rounds.js';
import { resolveSite, shortName } from '../../models/hooks.js';
import { randomFor } from '../../random.js';
import { placeName, resolvePosition } from '../../tasks/positions.js';
import {
  describeUnloaded,
  directoriesOf,
  type LoadedCase,
  loadCase,
  partsOf,
  shippedCases,
  stampOf,
} from './cases.js';
import { type Folders, findDirectories, resolveRef } from './directories.js';
import { type Inspector, createInspector } from './inspect.js';
import { createLeases } from './leases.js';
import { type ReadingOrder, streamReading, streamSite } from './reading.js';

/** How a call is answered on the way, and stopped. */
export interface Call<E = never> {
  readonly emit: (event: E) => void;
  readonly signal: AbortSignal;
}

/** One site of an overview. */
export type SiteRequest = OverviewRequest & { readonly site: string };

/** What it can do. Arguments and results are plain data; errors for a person are `InputError`s. */
export interface Workbench {
  cases(argument: null, call: Call): Promise<Pick<CaseList, 'cases' | 'directories'>>;
  case(id: string, call: Call): Promise<Case>;
  random(argument: { readonly case: string; readonly seed: number }, call: Call): Promise<RandomInput>;
  inspect(request: InspectRequest, call: Call): Promise<Inspection>;
  attention(request: InputRequest, call: Call): Promise<Attention>;
  /** Throws what `read` would throw before it samples. */
  checkRead(request: ReadRequest, call: Call): Promise<null>;
  /** Emits the events of a reading. */
  read(request: ReadRequest, call: Call<ReadEvent>): Promise<null>;
  /** The axes of an overview; throws what it would throw. */
  planOverview(request: OverviewRequest, call: Call): Promise<OverviewPlan>;
  /** Emits the cells of one site. */
  surveySite(request: SiteRequest, call: Call<OverviewEvent>): Promise<null>;
  /** Compiles what reading at a site needs. */
  prepare(argument: { readonly case: string; readonly site: string }, call: Call): Promise<null>;
  /** The directory of a probed model that a training is asked to use. */
  modelDirectory(ref: string, call: Call): Promise<string>;
  /** Ids of cases that are loaded with their graphs. */
  warm(argument: null, call: Call): Promise<string[]>;
  dispose(argument: null, call: Call): Promise<null>;
}

/** Cases kept with their graphs: each holds some tens of megabytes. */
const mostCases = 4;

interface OpenCase extends LoadedCase {
  readonly inspector: Inspector;
  readonly reader: Reader | null;
}

/** Makes a workbench. */
export function createWorkbench(runtime: Runtime, folders: Folders): Workbench {
  const open = createLeases<OpenCase>(
    mostCases,
    async (key) => {
      const loaded = await loadCase(folders, idOf(key));
      const { model, decoder, task } = loaded;
      return {
        ...loaded,
        inspector: createInspector(runtime, model, task),
        reader: decoder === null ? null : createReader(runtime, model, decoder, task),
      };
    },
    async ({ inspector, reader }) => {
      await inspector.dispose();
      await reader?.dispose();
    },
  );
  /** A case is loaded anew when its files have changed: a training writes where another one was. */
  const withCase = async <R>(id: string, work: (own: OpenCase) => Promise<R>): Promise<R> =>
    open.use(`${id}\n${await stampOf(folders, id)}`, work);
  const idOf = (key: string): string => key.slice(0, key.indexOf('\n'));

  const describe = async (id: string): Promise<Case> => {
    const { task } = partsOf(id);
    try {
      return await withCase(id, ({ described }) => Promise.resolve(described));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // A wrong ref is the fault of who asks; a model that cannot be read is a state of the case.
      await directoriesOf(folders, id);
      return describeUnloaded(id, task, error.message);
    }
  };

  const readerOf = ({ reader, described }: OpenCase): Reader => {
    if (reader === null) throw new InputError(described.unavailable ?? `${described.id} cannot be read.`);
    return reader;
  };

  function orderOf(own: OpenCase, request: ReadRequest): ReadingOrder {
    const { input, site, position, seed, candidates, ...how } = readRequestSchema.parse(request);
    readerOf(own);
    const { task } = own;
    const ids = task.encode(input);
    return {
      task,
      ids,
      site: resolveSite(site, own.decoder?.config.sites ?? []),
      position: resolvePosition(task, ids, position),
      seed,
      rounds: roundsFor(task, choiceOf({ ...how, candidates })),
    };
  }

  function planOf(own: OpenCase, request: OverviewRequest) {
    const { input, sites, positions, seed, candidates, ...how } = overviewRequestSchema.parse(request);
    readerOf(own);
    const { task } = own;
    const ids = task.encode(input);
    const known = own.decoder?.config.sites ?? [];
    const chosen = positions ?? ids.flatMap((id, at) => (id === task.eos ? [] : [at]));
    const { temperature, noise } = how;
    const rounds =
      temperature === null && noise === null
        ? thinnedRounds(task, candidates)
        : roundsFor(task, choiceOf({ temperature, noise, candidates }));
    return {
      task,
      ids,
      seed,
      rounds,
      sites: [...new Set(sites ?? known)].map((site) => resolveSite(site, known)),
      positions: [...new Set(chosen)].map((at) => resolvePosition(task, ids, at)),
      candidates,
    };
  }

  return {
    async cases() {
      return {
        cases: await Promise.all(shippedCases.map(describe)),
        directories: await findDirectories(folders),
      };
    },
    case: describe,
    random: ({ case: id, seed }) =>
      withCase(id, ({ task }) => Promise.resolve({ input: task.draw(randomFor(seed, 'input')), seed })),
    inspect: ({ case: id, input, top = 5 }) =>
      withCase(id, ({ inspector }) => inspector.inspect({ input, top })),
    attention: ({ case: id, input }) => withCase(id, ({ inspector }) => inspector.attention(input)),
    checkRead: (request) =>
      withCase(request.case, (own) => {
        orderOf(own, request);
        return Promise.resolve(null);
      }),
    read: (request, { emit, signal }) =>
      withCase(request.case, async (own) => {
        await streamReading(readerOf(own), orderOf(own, request), emit, signal);
        return null;
      }),
    planOverview: (request) =>
      withCase(request.case, (own) => {
        const { task, ids, sites, positions, candidates } = planOf(own, request);
        return Promise.resolve({
          input: task.decode(ids),
          tokens: ids.map((id) => task.vocabulary[id] ?? '?'),
          sites: sites.map((site) => ({ site, short: shortName(site) })),
          positions: positions.map((position) => ({
            position,
            place: placeName(task, ids, position),
            token: task.vocabulary[ids[position] ?? task.pad] ?? '?',
          })),
          candidates,
        });
      }),
    surveySite: ({ site, ...request }, { emit, signal }) =>
      withCase(request.case, async (own) => {
        const order = { ...planOf(own, request), site };
        await streamSite(readerOf(own), order, (data) => emit({ event: 'cell', data }), signal);
        return null;
      }),
    prepare: ({ case: id, site }) =>
      withCase(id, async (own) => {
        await readerOf(own).prepare(site);
        return null;
      }),
    modelDirectory: (ref) => resolveRef(folders, ref, 'model'),
    warm: () => Promise.resolve(open.keys().map(idOf)),
    async dispose() {
      await open.clear();
      return null;
    },
  };
}

/** A choice of rounds without the parts that are left to the task. */
const choiceOf = (choice: {
  readonly temperature: number | null;
  readonly noise: number | null;
  readonly candidates?: number | undefined;
}) => ({
  ...(choice.temperature === null ? {} : { temperature: choice.temperature }),
  ...(choice.noise === null ? {} : { noise: choice.noise }),
  ...(choice.candidates === undefined ? {} : { candidates: choice.candidates }),
});
