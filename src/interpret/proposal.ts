/**
 * Inputs proposed for a query and judged: the decoder at several temperatures, and a share drawn blindly from the input
 * distribution. Of each distinct input inside the ε-preimage it is known how likely it was to be proposed at all, so
 * that sums over the whole preimage can be estimated from those found.
 *
 * The blind share is what makes the estimate honest. Where the decoder has never inputOf of a part of the preimage, its
 * own draws cannot tell; blind ones find such a part in proportion to its size, so no weight exceeds one blind draw's.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { GraphError, type Runtime } from '../engine/index.js';
import { type Candidate } from '../inversion/view.js';
import { type Decoder, drawnTokens, inputOf, orderWord } from '../inversion/decoder.js';
import { openUniforms } from '../inversion/sampler.js';
import { type Instruments, createInstruments } from '../inversion/instruments.js';
import { type Nearest, nearestOf } from '../inversion/judge.js';
import { type Metric } from '../inversion/metrics.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Random } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type SequenceScorer, createSequenceScorer } from './sequence-scorer.js';

/** What is drawn for a query. */
export interface ProposalPlan {
  /** Draws of the decoder by temperature, without noise: noise has no density to weigh by. */
  readonly rounds: readonly { readonly temperature: number; readonly draws: number }[];
  /** Blind draws from the input distribution. */
  readonly blind: number;
}

/** The plan by default. */
export const defaultPlan: ProposalPlan = {
  rounds: [
    { temperature: 1, draws: 1024 },
    { temperature: 2, draws: 1024 },
  ],
  blind: 8192,
};

/** A distinct input of the task inside the ε-preimage. */
export interface Found {
  readonly ids: readonly number[];
  /** Index of the token at which it matches. */
  readonly position: number;
  /** Natural logarithm of its probability under the input distribution. */
  readonly logProbability: number;
  /** Probability that a plan's draws have it among them; 1 for the query's own input. */
  readonly inclusion: number;
}

/** What was found for a query. */
export interface Proposed {
  readonly found: readonly Found[];
  /** All draws; those that are inputs of the task; and those of them inside. Repeated ones count each time. */
  readonly draws: number;
  readonly valid: number;
  readonly inside: number;
  /** Largest weight, in units of probability, that an input not found could have: that of one blind draw. */
  readonly largestWeight: number;
}

/** A query that inputs are drawn for; how near is near enough is asked later. */
export interface DrawnQuery {
  /** Ids from BOS to EOS; an input of the task is itself inside whatever is drawn. */
  readonly ids: readonly number[];
  /** Full hook name, one of the decoder's. */
  readonly site: string;
  readonly z: Float32Array;
  readonly random: Random;
  /** Called with how many inputs have been drawn and judged. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Stops between batches. */
  readonly signal?: AbortSignal;
}

/** What counts as inside. */
export interface Nearness {
  readonly epsilon: number;
  readonly metric: Metric;
}

/** Inputs that were drawn and judged for a query: any threshold and metric can be asked of them, nothing is drawn again. */
export interface Pool {
  /** Draws of the decoder and blind ones, repeated ones counted each time. */
  readonly said: number;
  readonly blind: number;
  /** What of it is inside. The decoder is asked for the likelihood of inputs that were not inside before. */
  within(nearness: Nearness): Promise<Proposed>;
  /** The distinct inputs of the task among the draws, and the query's own where it is one. */
  readonly inputs: readonly Drawn[];
  /** Those that are inside by any other rule. @param positions the metric whose matched positions are given */
  select(inside: (input: Drawn) => boolean, positions: Metric): Promise<Proposed>;
}

/** Proposes inputs for queries; compiled graphs are kept between them. */
export interface Proposer {
  propose(query: DrawnQuery & Nearness): Promise<Proposed>;
  /** The draws that `propose` looks at. @throws AbortError when stopped */
  gather(query: DrawnQuery): Promise<Pool>;
  /**
   * Pools candidates of the decoder that have been drawn and judged by others with blind draws.
   * @param plan what was drawn, rounds in which all candidates are among `drawn`
   * @param unseen the query's own input and then the blind draws, judged, where they serve more than one query; drawn
   *   and judged unless given
   */
  pool(
    query: DrawnQuery,
    plan: ProposalPlan,
    drawn: readonly Drawn[],
    unseen?: readonly Drawn[],
  ): Promise<Pool>;
  dispose(): Promise<void>;
}

/** A candidate and how near it is to the query. */
export interface Drawn extends Nearest {
  readonly ids: readonly number[];
}

/** A judged candidate as it is pooled. */
export const drawnOf = ({ ids, verdicts }: Pick<Candidate, 'ids' | 'verdicts'>): Drawn => ({
  ids,
  ...nearestOf(verdicts),
});

/** A distinct input of the task among the draws. */
interface Pooled extends Drawn {
  readonly logProbability: number;
  times: number;
  /** Probability that the draws have it among them; null before anyone asked. */
  inclusion: number | null;
}

/** Inputs judged before anyone may stop it. */
const portion = 1024;
/** Rows of the decoder drawn before anyone may stop it. */
const drawnTogether = 512;

/** Makes a proposer. @param given instruments that others use too and that stay theirs; its own unless given */
export function createProposer(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  plan: ProposalPlan = defaultPlan,
  given?: Instruments,
): Proposer {
  const { config } = decoder;
  const width = config.activation_width;
  const tokens = drawnTokens(task, config.form);
  const instruments = given ?? createInstruments(runtime, model, decoder, task);
  const scorers = new Map<string, SequenceScorer>();

  const scorerFor = (temperatures: readonly number[]): SequenceScorer => {
    const key = temperatures.join();
    const scorer = scorers.get(key) ?? createSequenceScorer(runtime, decoder, task, temperatures);
    scorers.set(key, scorer);
    return scorer;
  };

  async function judged(
    inputs: readonly (readonly number[])[],
    { site, z, signal }: DrawnQuery,
    onJudged: (count: number) => void = () => undefined,
  ): Promise<Drawn[]> {
    const judge = instruments.judge(site);
    const out: Drawn[] = [];
    for (let start = 0; start < inputs.length; start += portion) {
      signal?.throwIfAborted();
      const part = inputs.slice(start, start + portion);
      const { euclidean, cosine } = await judge.judge(part, z);
      part.forEach((ids, at) => {
        const [near, angle] = [euclidean[at], cosine[at]];
        if (near === undefined || angle === undefined) throw new GraphError('a candidate was not judged');
        out.push({ ids, ...nearestOf({ euclidean: near, cosine: angle }) });
      });
      onJudged(out.length);
    }
    return out;
  }

  async function said({ site, z, random, signal }: DrawnQuery): Promise<number[][]> {
    const temperatures = plan.rounds.flatMap(({ temperature, draws }) =>
      new Array<number>(draws).fill(temperature),
    );
    const rows = temperatures.length;
    const uniforms = openUniforms(random.fill(new Float32Array(rows * tokens)));
    const out: number[][] = [];
    for (let start = 0; start < rows; start += drawnTogether) {
      signal?.throwIfAborted();
      const count = Math.min(drawnTogether, rows - start);
      const repeated = new Float32Array(count * width);
      for (let row = 0; row < count; row++) repeated.set(z, row * width);
      const own = uniforms.subarray(start * tokens, (start + count) * tokens);
      const drawn = await instruments.sampler().sample({
        z: repeated,
        sites: new Int32Array(count).fill(config.sites.indexOf(site)),
        temperatures: Float32Array.from(temperatures.slice(start, start + count)),
        uniforms: own,
      });
      for (let row = 0; row < count; row++) {
        const [from, to] = [row * tokens, (row + 1) * tokens];
        out.push(inputOf(task, config.form, drawn.subarray(from, to), orderWord(own.subarray(from, to))));
      }
    }
    return out;
  }

  async function pool(
    query: DrawnQuery,
    { rounds, blind }: ProposalPlan,
    drawn: readonly Drawn[],
    unseen?: readonly Drawn[],
  ): Promise<Pool> {
    const { ids, site, z, onProgress } = query;
    const { draw, logProbability } = capability(task, 'distribution', 'An amount of information');
    const all = drawn.length + (unseen === undefined ? blind : unseen.length - 1);
    const [asked, ...found] =
      unseen ??
      (await judged([ids, ...Array.from({ length: blind }, () => draw(query.random))], query, (count) =>
        onProgress?.(drawn.length + count - 1, all),
      ));
    const seen = found.length;
    const distinct = new Map<string, Pooled>();
    const add = (one: Drawn, times: number): void => {
      const { ids: own } = one;
      const key = own.join();
      const known = distinct.get(key);
      if (known !== undefined) known.times += times;
      else distinct.set(key, { ...one, logProbability: logProbability(own), times, inclusion: null });
    };
    // First, and inside however near is near enough.
    if (asked !== undefined) add({ ...asked, distances: { euclidean: 0, cosine: 0 } }, 0);
    for (const one of [...drawn, ...found]) add(one, 1);
    const inputs = [...distinct.values()].filter(({ logProbability }) => logProbability > -Infinity);
    const own = distinct.get(ids.join());
    if (own !== undefined) own.inclusion = 1;
    const valid = inputs.reduce((sum, { times }) => sum + times, 0);
    const scorer = scorerFor(rounds.map(({ temperature }) => temperature));

    async function weigh(open: readonly Pooled[]): Promise<void> {
      const logs = await scorer.logProbabilities(
        open.map((one) => one.ids),
        z,
        config.sites.indexOf(site),
      );
      open.forEach((one, at) => {
        // Natural logarithm of the probability that no draw is this input.
        let missed = seen * Math.log1p(-Math.exp(one.logProbability));
        rounds.forEach(({ draws }, round) => {
          missed += draws * Math.log1p(-Math.exp(logs[at * rounds.length + round] ?? -Infinity));
        });
        one.inclusion = -Math.expm1(missed);
      });
    }

    const select: Pool['select'] = async (inside, metric) => {
      const near = inputs.filter(inside);
      await weigh(near.filter(({ inclusion }) => inclusion === null));
      return {
        found: near.map(({ ids: member, positions, logProbability, inclusion }) => ({
          ids: member,
          position: positions[metric],
          logProbability,
          inclusion: inclusion ?? 1,
        })),
        draws: all,
        valid,
        inside: near.reduce((sum, { times }) => sum + times, 0),
        largestWeight: seen > 0 ? 1 / seen : Infinity,
      };
    };
    return {
      said: drawn.length,
      blind: seen,
      inputs,
      select,
      within: ({ epsilon, metric }) => select(({ distances }) => distances[metric] <= epsilon, metric),
    };
  }

  async function gather(query: DrawnQuery): Promise<Pool> {
    const rows = await said(query);
    const all = rows.length + plan.blind;
    return pool(query, plan, await judged(rows, query, (count) => query.onProgress?.(count, all)));
  }

  return {
    gather,
    pool,
    propose: async (query) => (await gather(query)).within(query),
    async dispose() {
      if (given === undefined) await instruments.dispose();
      for (const scorer of scorers.values()) await scorer.dispose();
    },
  };
}
