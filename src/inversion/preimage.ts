/**
 * Reading an activation: draw candidates from the decoder, let the probed model judge them, and keep what
 * a person wants to see of the ε-preimage.
 * @module
 */
import { type Executable, GraphError, type Runtime, floatsOf } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, questionGraph } from '../models/hooked-model.js';
import { blockHook, headOf, resolveSite } from '../models/hooks.js';
import { padded } from '../models/padding.js';
import { randomFor } from '../random.js';
import { placeName } from '../tasks/positions.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { planCandidates, sliceRequest } from './candidates.js';
import { type Decoder, drawnTokens, heard } from './decoder.js';
import { type Judge, createJudge } from './judge.js';
import { type Reading } from './reading.js';
import { type Sampler, createSampler } from './sampler.js';
import { type Scorer, createScorer } from './score.js';
import { type Asked, type Candidate, type Judged, type View, viewed } from './view.js';

/** Rows of the small graphs that serve a caller who wants the first candidates soon. */
const firstBatch = 64;
/** Rows of the graphs that serve the rest. */
const fullBatch = 256;
/** Candidates that come in small batches when streaming. */
const streamedFirst = 256;

/** A question: an activation, how its preimage is looked for and how it is looked at. */
export interface Query extends View {
  /** Ids from BOS to EOS. */
  readonly ids: readonly number[];
  /** Hook name or short name. */
  readonly site: string;
  readonly position: number;
  readonly seed: number;
  /** Auto mode's unless given. */
  readonly rounds?: readonly SamplingRound[];
  /** Sends the first candidates on before the rest are drawn; each call has those judged since the last. */
  readonly onCandidates?: (judged: readonly Candidate[]) => void;
  /** Stops between batches. */
  readonly signal?: AbortSignal;
}

/** Everything a query gave. */
export interface Preimage extends Judged {
  readonly reading: Reading;
}

/** Answers queries to one model through one decoder; compiled graphs are kept between them. */
export interface Reader {
  /** @throws InputError for an unknown site or a position outside the input; AbortError when stopped */
  read(query: Query): Promise<Preimage>;
  /** The same candidates under another threshold or metric: nothing is drawn or judged again. */
  view(judged: Judged, view: View): Promise<Reading>;
  dispose(): Promise<void>;
}

/** Makes a reader. */
export function createReader(runtime: Runtime, model: HookedModel, decoder: Decoder, task: Task): Reader {
  const { config } = decoder;
  const width = config.activation_width;
  const tokens = drawnTokens(task, config.form);
  const parameter = (name: string) => decoder.parameter(name);
  const samplers = new Map<number, Sampler>();
  const judges = new Map<string, Judge>();
  const runs = new Map<string, Promise<Executable>>();
  let scorer: Scorer | null = null;

  const keep = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
    const known = map.get(key);
    if (known !== undefined) return known;
    const made = make();
    map.set(key, made);
    return made;
  };

  /** The query's own run: its activation, that of BOS, and the head's attention row. */
  async function look(site: string, ids: readonly number[], position: number) {
    const head = headOf(site);
    const pattern = head === null ? null : blockHook(head.layer, 'pattern');
    const places = task.maxLength;
    const names = pattern === null ? [site] : [site, pattern];
    const executable = await keep(runs, site, () =>
      runtime.compile(questionGraph(model, 1, places, { names })),
    );
    const data = padded([ids], places, task.pad);
    const outputs = await executable.run({ ids: { dtype: 'int32', shape: [1, places], data } });
    const all = floatsOf(outputs, site);
    let attention: number[] | null = null;
    if (head !== null && pattern !== null) {
      const start = (head.head * places + position) * places;
      attention = [...floatsOf(outputs, pattern).slice(start, start + ids.length)];
    }
    return { z: all.slice(position * width, (position + 1) * width), bos: all.slice(0, width), attention };
  }

  async function judge(query: Query, site: string, z: Float32Array): Promise<Candidate[]> {
    const random = randomFor(query.seed, 'candidates');
    const plan = planCandidates(z, config.sites.indexOf(site), query.rounds ?? task.rounds, tokens, random);
    const rows = plan.rounds.length;
    const all: Candidate[] = [];
    while (all.length < rows) {
      query.signal?.throwIfAborted();
      const start = all.length;
      const batch = query.onCandidates !== undefined && start < streamedFirst ? firstBatch : fullBatch;
      const end = Math.min(rows, start + batch);
      const sampler = keep(samplers, batch, () =>
        createSampler(runtime, config, parameter, task.bos, tokens, batch),
      );
      const own = keep(judges, `${site} ${batch}`, () => createJudge(runtime, model, task, site, batch));
      const drawn = await sampler.sample(sliceRequest(plan.request, start, end, tokens));
      const inputs = Array.from({ length: end - start }, (_, row) =>
        heard(task, config.form, drawn.subarray(row * tokens, (row + 1) * tokens)),
      );
      const verdicts = await own.judge(inputs, z);
      const fresh = inputs.map((ids, row): Candidate => {
        const [euclidean, cosine] = [verdicts.euclidean[row], verdicts.cosine[row]];
        if (euclidean === undefined || cosine === undefined)
          throw new GraphError('a candidate was not judged');
        const round = plan.rounds[start + row] ?? 0;
        return { ids, round, valid: task.check(ids) === null, verdicts: { euclidean, cosine } };
      });
      all.push(...fresh);
      query.onCandidates?.(fresh);
    }
    return all;
  }

  const view = (judged: Judged, how: View): Promise<Reading> => {
    scorer ??= createScorer(runtime, decoder, task);
    return viewed(scorer, task, config.sites.indexOf(judged.asked.query.site), judged, how);
  };

  return {
    async read(query) {
      const site = resolveSite(query.site, config.sites);
      const { ids, position, seed } = query;
      if (!Number.isInteger(position) || position < 0 || position >= ids.length) {
        throw new InputError(`Position ${position} is outside the input's 0 … ${ids.length - 1}`);
      }
      const problem = task.check(ids);
      const { z, bos, attention } = await look(site, ids, position);
      const asked: Asked = {
        task: task.name,
        query: {
          input: task.decode(ids),
          tokens: ids.map((id) => task.vocabulary[id] ?? '?'),
          position,
          place: placeName(task, ids, position),
          site,
        },
        seed,
        attention,
        warnings: problem === null ? [] : [`The input is not one of the task's: it ${problem}.`],
        model: `${model.name} ${model.hash.slice(0, 12)} (${model.processing} weights)`,
        decoder: decoder.name,
      };
      const judged = { asked, candidates: await judge(query, site, z), z, bos };
      return { ...judged, reading: await view(judged, query) };
    },
    view,
    async dispose() {
      for (const one of [...samplers.values(), ...judges.values()]) await one.dispose();
      for (const run of runs.values()) await (await run).dispose();
      await scorer?.dispose();
    },
  };
}
