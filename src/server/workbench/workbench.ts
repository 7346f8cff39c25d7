/**
 * The workbench: everything that needs a model, behind one interface of plain data. It runs in a thread of its own, for
 * ONNX Runtime holds a thread until a run is over; `thread.ts` is its other end.
 * @module
 */
import { capability } from '../../tasks/capabilities.js';
import { tokenOf, tokensOf } from '../../tasks/tokens.js';
import {
  type Attention,
  type BitsMapEvent,
  type BitsMapRequest,
  type Case,
  type CaseList,
  type CompletenessEvent,
  type CompletenessRequest,
  type InputRequest,
  type InspectRequest,
  type Inspection,
  type InterpretEvent,
  type InterpretRequest,
  type JudgeRequest,
  type OverviewEvent,
  type OverviewPlan,
  type OverviewRequest,
  type OwnInput,
  type RandomInput,
  type ReadEvent,
  type ReadRequest,
  bitsMapRequestSchema,
  judgeRequestSchema,
  overviewRequestSchema,
} from '../contract/index.js';
import { type Runtime } from '../../engine/index.js';
import { type Keep } from '../../inversion/enumerate/kept.js';
import { InputError } from '../../input-error.js';
import { hubSettings } from '../../jobs/hub/settings.js';
import { createReader } from '../../inversion/preimage.js';
import { roundsFor, thinnedRounds } from '../../inversion/rounds.js';
import { type Prior, createPrior } from '../../interpret/prior.js';
import { resolveSite, shortName } from '../../models/hooks.js';
import { randomFor } from '../../random.js';
import { placeName, resolvePosition } from '../../tasks/positions.js';
import { type Task } from '../../tasks/task.js';
import { type BitsMap, createBitsMap } from './bits-map.js';
import { describeUnloaded, directoriesOf, loadCase, partsOf, shippedCases, stampOf } from './cases.js';
import { type Folders, findDirectories, resolveRef } from './directories.js';
import { type Inspector, createInspector } from './inspect.js';
import { createLeases } from './leases.js';
import { type ModelShelf, type Reach, createModelShelf } from './model-shelf.js';
import { type ReadCase, askedOf, choiceOf, orderOf, readerOf } from './orders.js';
import { createPasses } from './passes.js';
import { type PatchingBench, createPatchingBench } from './patching-bench.js';
import { judgeOwn, streamReading, streamSite } from './reading.js';
import { type ScatterRequest, createScatters } from './scatters.js';
import { type Teller, createTeller } from './told.js';

/** How a call is answered on the way, and stopped. */
export interface Call<E = never> {
  readonly emit: (event: E) => void;
  readonly signal: AbortSignal;
}

/** One site of an overview. */
export type SiteRequest = OverviewRequest & { readonly site: string };

/** One site of a map of bits. */
export type BitsSiteRequest = BitsMapRequest & { readonly site: string };
/** The axes of a map of bits. */
export type BitsPlan = Extract<BitsMapEvent, { event: 'plan' }>['data'];

/** What it can do. Arguments and results are plain data; errors for a person are `InputError`s. */
export interface Workbench extends PatchingBench, ModelShelf {
  cases(argument: null, call: Call): Promise<Pick<CaseList, 'cases' | 'directories'>>;
  case(id: string, call: Call): Promise<Case>;
  random(argument: { readonly case: string; readonly seed: number }, call: Call): Promise<RandomInput>;
  inspect(request: InspectRequest, call: Call): Promise<Inspection>;
  attention(request: InputRequest, call: Call): Promise<Attention>;
  /** Throws what `read` would throw before it samples. */
  checkRead(request: ReadRequest, call: Call): Promise<null>;
  /** Emits the events of a reading. */
  read(request: ReadRequest, call: Call<ReadEvent>): Promise<null>;
  /** A person's own inputs, judged by the activation that is asked about. */
  judge(request: JudgeRequest, call: Call): Promise<OwnInput[]>;
  /** The axes of an overview; throws what it would throw. */
  planOverview(request: OverviewRequest, call: Call): Promise<OverviewPlan>;
  /** Emits the cells of one site. */
  surveySite(request: SiteRequest, call: Call<OverviewEvent>): Promise<null>;
  /** Throws what `interpret` would throw before it draws. */
  checkInterpret(request: InterpretRequest, call: Call): Promise<null>;
  /** Emits progress, and what an activation tells. */
  interpret(request: InterpretRequest, call: Call<InterpretEvent>): Promise<null>;
  /** The axes of a map of bits; throws what it would throw. */
  planBits(request: BitsMapRequest, call: Call): Promise<BitsPlan>;
  /** Emits the bits of one site. */
  surveyBits(request: BitsSiteRequest, call: Call<BitsMapEvent>): Promise<null>;
  /** Throws what `scatter` would throw before it begins. */
  checkCompleteness(request: CompletenessRequest, call: Call): Promise<null>;
  /** Goes on with a completeness scatter for a moment; the last turn emits it. Answers whether it is complete. */
  scatter(request: ScatterRequest, call: Call<CompletenessEvent>): Promise<boolean>;
  /** Lets go of a scatter that nobody waits for. */
  endScatter(scatter: number, call: Call): Promise<null>;
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

interface OpenCase extends ReadCase {
  readonly inspector: Inspector;
  readonly teller: Teller;
  readonly bitsMap: BitsMap | null;
}

/**
 * Makes a workbench.
 * @param keep where passes over all inputs are kept between runs; null keeps none
 * @param oneThread what small models are patched on
 * @param reach where models may come from that no case is made of
 */
export function createWorkbench(
  runtime: Runtime,
  folders: Folders,
  keep: Keep | null = null,
  oneThread = runtime,
  reach: Reach = { hub: hubSettings(), paths: false },
): Workbench {
  const passes = createPasses(runtime, keep);
  const scatters = createScatters(runtime, passes);
  /** Features over all inputs, some tens of megabytes a task: cases of one task share them. */
  const priors = new Map<string, Prior>();
  const priorOf = (task: Task): Prior => {
    const prior = priors.get(task.name) ?? createPrior(task);
    priors.set(task.name, prior);
    return prior;
  };
  const open = createLeases<OpenCase>(
    mostCases,
    async (key) => {
      const loaded = await loadCase(folders, idOf(key));
      const { model, decoder, task } = loaded;
      const reader = decoder === null ? null : createReader(runtime, model, decoder, task);
      const teller = createTeller(runtime, loaded, () => priorOf(task), passes);
      return {
        ...loaded,
        inspector: createInspector(runtime, model, task),
        reader,
        teller,
        bitsMap: reader === null ? null : createBitsMap(runtime, model, task, reader, teller.proposer),
      };
    },
    async ({ inspector, reader, teller }) => {
      await inspector.dispose();
      await reader?.dispose();
      await teller.dispose();
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

  /** What a map of an input asks, but how its cells are drawn. */
  function axesOf(own: OpenCase, request: MapRequest) {
    const { input, sites, positions, seed, candidates } = request;
    readerOf(own);
    const { task } = own;
    const ids = task.encode(input);
    const known = own.decoder?.config.sites ?? [];
    const chosen = positions ?? ids.flatMap((id, at) => (id === task.eos ? [] : [at]));
    return {
      task,
      ids,
      seed,
      sites: [...new Set(sites ?? known)].map((site) => resolveSite(site, known)),
      positions: [...new Set(chosen)].map((at) => resolvePosition(task, ids, at)),
      candidates,
    };
  }

  function planOf(own: OpenCase, request: OverviewRequest) {
    const { temperature, noise, ...map } = overviewRequestSchema.parse(request);
    const axes = axesOf(own, map);
    const { task, candidates } = axes;
    const rounds =
      temperature === null && noise === null
        ? thinnedRounds(task, candidates)
        : roundsFor(task, choiceOf({ temperature, noise, candidates }));
    return { ...axes, rounds };
  }

  function bitsPlanOf(own: OpenCase, request: BitsMapRequest) {
    const {
      epsilon = own.task.epsilon,
      metric = own.task.metric,
      ...map
    } = bitsMapRequestSchema.parse(request);
    return { ...axesOf(own, map), epsilon, metric };
  }

  const described = ({ task, ids, sites, positions, candidates }: ReturnType<typeof axesOf>) => ({
    input: task.decode(ids),
    tokens: tokensOf(task, ids),
    sites: sites.map((site) => ({ site, short: shortName(site) })),
    positions: positions.map((position) => ({
      position,
      place: placeName(task, ids, position),
      token: tokenOf(task, ids[position] ?? task.pad),
    })),
    candidates,
  });

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
    judge: (request) =>
      withCase(request.case, (own) => {
        const { inputs, ...asked } = judgeRequestSchema.parse(request);
        const order = { ...askedOf(own, asked), seed: 0 };
        return judgeOwn(
          readerOf(own),
          order,
          inputs.map((text) => own.task.encode(text)),
        );
      }),
    planOverview: (request) =>
      withCase(request.case, (own) => Promise.resolve(described(planOf(own, request)))),
    surveySite: ({ site, ...request }, { emit, signal }) =>
      withCase(request.case, async (own) => {
        const order = { ...planOf(own, request), site };
        await streamSite(readerOf(own), order, (data) => emit({ event: 'cell', data }), signal);
        return null;
      }),
    checkInterpret: (request) =>
      withCase(request.case, (own) => {
        own.teller.order(request);
        return Promise.resolve(null);
      }),
    interpret: (request, { emit, signal }) =>
      withCase(request.case, async ({ teller }) => {
        await teller.tell(teller.order(request), emit, signal);
        return null;
      }),
    planBits: (request) =>
      withCase(request.case, (own) => {
        const axes = bitsPlanOf(own, request);
        return Promise.resolve({ ...described(axes), most: mostBits(axes.task, axes.ids) });
      }),
    surveyBits: ({ site, ...request }, { emit, signal }) =>
      withCase(request.case, async (own) => {
        const order = { ...bitsPlanOf(own, request), site };
        await own.bitsMap?.survey(order, (data) => emit({ event: 'bits', data }), signal);
        return null;
      }),
    checkCompleteness: (request) =>
      withCase(request.case, (own) => {
        scatters.check(own, request);
        return Promise.resolve(null);
      }),
    scatter: (request, { emit, signal }) =>
      withCase(request.case, (own) => scatters.advance(own, request, emit, signal)),
    async endScatter(scatter) {
      await scatters.end(scatter);
      return null;
    },
    ...createModelShelf(folders, reach),
    ...createPatchingBench({ many: runtime, one: oneThread }, withCase),
    prepare: ({ case: id, site }) =>
      withCase(id, async (own) => {
        await readerOf(own).prepare(site);
        priorOf(own.task);
        return null;
      }),
    modelDirectory: (ref) => resolveRef(folders, ref, 'model'),
    warm: () => Promise.resolve(open.keys().map(idOf)),
    async dispose() {
      await open.clear();
      await scatters.dispose();
      await passes.dispose();
      return null;
    },
  };
}

/** The parts that requests of all maps have in common. */
type MapRequest = Omit<ReturnType<typeof overviewRequestSchema.parse>, 'temperature' | 'noise'>;

/** Bits of one input alone; of what is no input, of one that is as likely as all others. */
function mostBits(task: Task, ids: readonly number[]): number {
  const log = capability(task, 'distribution', 'An amount of information').logProbability(ids);
  return log > -Infinity ? -log / Math.LN2 : Math.log2(task.data?.size ?? Infinity);
}
