/**
 * Reading an activation: draw candidates from the decoder, let the probed model judge them, and keep what
 * a person wants to see of the ε-preimage. `read` does all of it; the steps it is made of are there for callers who
 * show each as it comes.
 * @module
 */
import { tokensOf } from '../tasks/tokens.js';
import { GraphError, type Runtime, compiled, floatsOf } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { expectFinite } from '../models/finite.js';
import { type HookedModel, modelText, questionGraph } from '../models/hooked-model.js';
import { blockHook, headOf, resolveSite } from '../models/hooks.js';
import { padded } from '../models/padding.js';
import { randomFor } from '../random.js';
import { placeName } from '../tasks/positions.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { type Drawn, countDrawn } from './bars.js';
import { type Colours, createColourist } from './colours.js';
import { type CandidatePlan, joinPlans, planCandidates, sliceRequest } from './candidates.js';
import { type Decoder, drawnTokens, inputOf, orderWord } from './decoder.js';
import { type Instruments, createInstruments } from './instruments.js';
import { type Verdict } from './judge.js';
import { type Metric } from './metrics.js';
import { type Reading } from './reading.js';
import { searchInputs } from './search.js';
import {
  type Candidate,
  type Judged,
  type JudgedInput,
  type QueryRun,
  type View,
  placeOf,
  viewed,
} from './view.js';

/** Rows of the small graphs that serve a caller who wants the first candidates soon. */
const firstBatch = 64;
/** Rows of the graphs that serve the rest. */
const fullBatch = 256;
/** Inputs that a search has judged at a time. */
const searchBatch = 32;
/** Candidates that come in small batches when streaming. */
const streamedFirst = 256;

/** Which activation is asked about. */
export interface Question {
  /** Ids from BOS to EOS. */
  readonly ids: readonly number[];
  /** Hook name or short name. */
  readonly site: string;
  readonly position: number;
  readonly seed: number;
}

/** How its candidates are drawn. */
export interface Drawing {
  /** Auto mode's unless given. */
  readonly rounds?: readonly SamplingRound[];
  /** Stops between batches. */
  readonly signal?: AbortSignal;
  /** Of a search: what counts as inside; the task's unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
}

/** A question, how its preimage is searched and how it is viewed. */
export interface Query extends Question, Drawing, View {
  /** A person's own inputs, ids from BOS on, judged beside the candidates and counted nowhere. */
  readonly own?: readonly (readonly number[])[];
  /** Sends the first candidates on before the rest are drawn; each call has those judged since the last. */
  readonly onCandidates?: (judged: readonly Candidate[]) => void;
}

/** Everything a query gave. */
export interface Preimage extends Judged {
  readonly reading: Reading;
}

/** Candidates of one position of a survey. */
export interface Surveyed {
  readonly position: number;
  readonly candidates: readonly Candidate[];
}

/** Answers queries to one model through one decoder; compiled graphs are kept between them. */
export interface Reader {
  /** @throws InputError for an unknown site or a position outside the input; AbortError when stopped */
  read(query: Query): Promise<Preimage>;
  /** The first step: the query's own run. @throws InputError as `read` does */
  runQuery(question: Question): Promise<QueryRun>;
  /** The second: candidates in batches, each drawn when it is asked for. @param soon begins with small batches */
  draw(queryRun: QueryRun, drawing: Drawing, soon?: boolean): AsyncGenerator<readonly Candidate[], void>;
  /** Runs a person's own inputs; of equal ones the first. @throws InputError for more tokens than the task has */
  judge(queryRun: QueryRun, inputs: readonly (readonly number[])[]): Promise<readonly JudgedInput[]>;
  /** What the activation adds to the likelihood of each token of some inputs, see `colours.ts`. */
  colour(queryRun: QueryRun, inputs: readonly (readonly number[])[]): Promise<Colours[]>;
  /** The same candidates under another threshold or metric: nothing is drawn or judged again. */
  view(judged: Judged, view: View): Promise<Reading>;
  /** Candidates of many positions of one input at one site, in the order of the positions: few runs serve them all. */
  survey(
    question: Omit<Question, 'position'> & Drawing & { readonly positions: readonly number[] },
  ): AsyncGenerator<Surveyed, void>;
  /** Compiles what reading at a site needs. */
  prepare(site: string): Promise<void>;
  dispose(): Promise<void>;
}

/** What readings without a decoder say of it. */
export const searchedName = 'none: the model searched by itself';

/**
 * Makes a reader.
 * @param decoder proposes candidates; without one they are searched for, see `search.ts`, and tokens have no colours
 * @param given instruments that others use too and that stay theirs; the reader's own unless given
 */
export function createReader(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder | null,
  task: Task,
  given?: Instruments,
): Reader {
  const width = model.architecture.width;
  const sites = decoder?.config.sites ?? task.sites;
  const form = decoder?.config.form ?? 'plain';
  const tokens = decoder === null ? 0 : drawnTokens(task, form);
  const instruments = given ?? createInstruments(runtime, model, decoder, task);
  const runs = compiled(runtime, (site: string) =>
    questionGraph(model, 1, task.maxLength, { names: [site, ...patternOf(site)] }),
  );

  const colourist =
    decoder === null ? null : createColourist(runtime, decoder, task, () => instruments.sampler(fullBatch));

  /** Activations of an input at all positions of a site, and the attention row of a position where the site is a head. */
  async function run(site: string, ids: readonly number[]) {
    const head = headOf(site);
    const [pattern] = patternOf(site);
    const places = task.maxLength;
    const executable = await runs.of(site);
    const data = padded([ids], places, task.pad);
    const outputs = await executable.run({ ids: { dtype: 'int32', shape: [1, places], data } });
    const all = floatsOf(outputs, site);
    return {
      at(position: number): Float32Array<ArrayBuffer> {
        const activation = all.slice(position * width, (position + 1) * width);
        expectFinite(activation, site);
        return activation;
      },
      attention(position: number): number[] | null {
        if (head === null || pattern === undefined) return null;
        const start = (head.head * places + position) * places;
        return [...floatsOf(outputs, pattern).slice(start, start + ids.length)];
      },
    };
  }

  /** Draws and judges rows `start … end` of a plan. @param z one activation for all, or one a row */
  async function judged(
    { request, rounds }: CandidatePlan,
    site: string,
    z: Float32Array,
    [start, end, batch]: readonly [number, number, number],
    earlier: Drawn | null = null,
    bias?: Float32Array,
  ): Promise<Candidate[]> {
    const sampler = instruments.sampler(batch);
    const part = sliceRequest(request, start, end, tokens);
    const drawn = await sampler.sample(bias === undefined ? part : { ...part, bias });
    earlier?.add(drawn);
    const inputs = Array.from({ length: end - start }, (_, row) => {
      const [from, to] = [row * tokens, (row + 1) * tokens];
      return inputOf(task, form, drawn.subarray(from, to), orderWord(part.uniforms.subarray(from, to)));
    });
    const { euclidean, cosine } = await instruments.judge(site, batch).judge(inputs, z);
    return inputs.map((ids, row): Candidate => {
      const verdicts = verdictsOf(euclidean[row], cosine[row]);
      return { ids, round: rounds[start + row] ?? 0, valid: task.check(ids) === null, verdicts };
    });
  }

  /**
   * Draws and judges all rows of a plan, batch after batch; a stage begins when those before it have been drawn.
   * @param queries one activation for all, or one a row
   */
  async function* judgedAll(
    plan: CandidatePlan,
    site: string,
    queries: Float32Array,
    { signal }: Drawing,
    soon = false,
  ): AsyncGenerator<Candidate[], void> {
    const one = queries.length === width;
    const waits = plan.stages.some(({ repeats }) => repeats !== null);
    const earlier = waits ? countDrawn(task, form, tokens) : null;
    for (const stage of plan.stages) {
      const bias = stage.repeats === null ? undefined : earlier?.bars(stage.repeats);
      for (let { start } = stage; start < stage.end;) {
        signal?.throwIfAborted();
        const batch = soon && start < streamedFirst ? firstBatch : fullBatch;
        const end = Math.min(stage.end, start + batch);
        const z = one ? queries : queries.subarray(start * width, end * width);
        yield await judged(plan, site, z, [start, end, batch], earlier, bias);
        start = end;
      }
    }
  }

  const planned = (z: Float32Array, site: string, seed: number, { rounds }: Drawing): CandidatePlan =>
    planCandidates(z, sites.indexOf(site), rounds ?? task.rounds, tokens, randomFor(seed, 'candidates'));

  /** Candidates that the model finds by itself, as many as the rounds have. */
  async function* searched(
    { query, seed }: QueryRun['asked'],
    z: Float32Array,
    { rounds = task.rounds, signal, epsilon = task.epsilon, metric = task.metric }: Drawing,
  ): AsyncGenerator<readonly Candidate[], void> {
    const judge = instruments.judge(query.site, searchBatch);
    const found = searchInputs(task, task.encode(query.input), {
      budget: rounds.reduce((sum, { candidates }) => sum + candidates, 0),
      epsilon,
      random: randomFor(seed, 'search'),
      async judge(inputs) {
        const { euclidean, cosine } = await judge.judge(inputs, z);
        return inputs.map((own, row) => ({
          ids: own,
          valid: task.check(own) === null,
          verdicts: verdictsOf(euclidean[row], cosine[row]),
        }));
      },
      distanceOf: ({ verdicts }) => verdicts[metric].distance,
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const some of found) yield some.map((one) => ({ ...one, round: 0 }));
  }

  const reader: Reader = {
    async read(query) {
      const queryRun = await reader.runQuery(query);
      // What cannot be taken is said before anything is drawn.
      if (query.alsoAt !== undefined) placeOf(task, queryRun.asked.query.tokens, query.alsoAt);
      const own = await reader.judge(queryRun, query.own ?? []);
      const candidates: Candidate[] = [];
      for await (const fresh of reader.draw(queryRun, query, query.onCandidates !== undefined)) {
        candidates.push(...fresh);
        query.onCandidates?.(fresh);
      }
      const all = {
        ...queryRun,
        candidates,
        ...(decoder === null ? {} : { rounds: query.rounds ?? task.rounds }),
        own,
      };
      return { ...all, reading: await reader.view(all, query) };
    },
    async runQuery({ ids, site: name, position, seed }) {
      const site = resolveSite(name, sites);
      if (!Number.isInteger(position) || position < 0 || position >= ids.length) {
        throw new InputError(`Position ${position} is outside the input's 0 … ${ids.length - 1}`);
      }
      const problem = task.check(ids);
      const own = await run(site, ids);
      return {
        asked: {
          task: task.name,
          query: {
            input: task.decode(ids),
            tokens: tokensOf(task, ids),
            position,
            place: placeName(task, ids, position),
            site,
          },
          seed,
          attention: own.attention(position),
          warnings: problem === null ? [] : [`The input is not one of the task's: ${problem}.`],
          model: modelText(model),
          decoder: decoder?.name ?? searchedName,
        },
        z: own.at(position),
        bos: own.at(0),
      };
    },
    async *draw({ asked, z }, drawing, soon = false) {
      const { site } = asked.query;
      if (decoder === null) {
        yield* searched(asked, z, drawing);
        return;
      }
      yield* judgedAll(planned(z, site, asked.seed, drawing), site, z, drawing, soon);
    },
    async judge({ asked, z }, inputs) {
      const distinct = [...new Map(inputs.map((ids) => [ids.join(' '), ids])).values()];
      const long = distinct.find((ids) => ids.length > task.maxLength);
      if (long !== undefined) {
        throw new InputError(
          `${JSON.stringify(task.decode(long))} has ${long.length} tokens with its ends: ${task.name} takes ${task.maxLength} at most.`,
        );
      }
      if (distinct.length === 0) return [];
      const { euclidean, cosine } = await instruments.judge(asked.query.site, firstBatch).judge(distinct, z);
      return distinct.map((ids, row) => ({
        ids,
        valid: task.check(ids) === null,
        verdicts: verdictsOf(euclidean[row], cosine[row]),
      }));
    },
    colour: ({ asked, z, bos }, inputs) =>
      colourist === null
        ? Promise.resolve(inputs.map((ids) => ({ tokenDelta: ids.map(() => null), follows: [] })))
        : colourist.colour(z, bos, sites.indexOf(asked.query.site), inputs),
    view: (all, how) => viewed(task, all, how, (inputs) => reader.colour(all, inputs)),
    async *survey({ ids, site: name, positions, seed, ...drawing }) {
      const site = resolveSite(name, sites);
      const own = await run(site, ids);
      const rounds = drawing.rounds ?? task.rounds;
      const each = rounds.reduce((sum, { candidates }) => sum + candidates, 0);
      const waits = rounds.some(({ repeats }) => repeats !== undefined);
      const together = waits ? 1 : Math.max(1, Math.floor(fullBatch / each));
      for (let at = 0; at < positions.length; at += together) {
        const some = positions.slice(at, at + together);
        const plan = joinPlans(some.map((position) => planned(own.at(position), site, seed, drawing)));
        const z = new Float32Array(plan.rounds.length * width);
        some.forEach((position, group) => {
          for (let row = 0; row < each; row++) z.set(own.at(position), (group * each + row) * width);
        });
        const candidates: Candidate[] = [];
        for await (const some of judgedAll(plan, site, z, drawing)) candidates.push(...some);
        for (const [group, position] of some.entries())
          yield { position, candidates: candidates.slice(group * each, (group + 1) * each) };
      }
    },
    async prepare(name) {
      const site = resolveSite(name, sites);
      const queryRun = await reader.runQuery({ ids: [task.bos, task.eos], site, position: 0, seed: 0 });
      const plan = planned(queryRun.z, site, 0, { rounds: [{ temperature: 1, noise: 0, candidates: 1 }] });
      const [first] = await judged(plan, site, queryRun.z, [0, 1, firstBatch]);
      await judged(plan, site, queryRun.z, [0, 1, fullBatch]);
      if (first !== undefined) await reader.colour(queryRun, [first.ids]);
    },
    async dispose() {
      if (given === undefined) await instruments.dispose();
      await runs.dispose();
      await colourist?.dispose();
    },
  };
  return reader;
}

/** The attention pattern that a head's site belongs to; none for other sites. */
function patternOf(site: string): string[] {
  const head = headOf(site);
  return head === null ? [] : [blockHook(head.layer, 'pattern')];
}

function verdictsOf(euclidean: Verdict | undefined, cosine: Verdict | undefined): Candidate['verdicts'] {
  if (euclidean === undefined || cosine === undefined) throw new GraphError('a candidate was not judged');
  return { euclidean, cosine };
}
