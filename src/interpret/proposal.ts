/**
 * Inputs proposed for a query and judged: the decoder at several temperatures, and a share drawn blindly from the input
 * distribution. Of each distinct input inside the ε-preimage it is known how likely it was to be proposed at all, so
 * that sums over the whole preimage can be estimated from those found.
 *
 * The blind share is what makes the estimate honest. Where the decoder has never heard of a part of the preimage, its
 * own draws cannot tell; blind ones find such a part in proportion to its size, so no weight exceeds one blind draw's.
 * @module
 */
import { GraphError, type Runtime } from '../engine/index.js';
import { type Decoder, drawnTokens, heard, orderWord } from '../inversion/decoder.js';
import { openUniforms } from '../inversion/evaluate.js';
import { type Judge, createJudge } from '../inversion/judge.js';
import { type Metric } from '../inversion/metrics.js';
import { createSampler } from '../inversion/sampler.js';
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

/** The plan unless told otherwise. */
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

/** A query as the estimates take it. */
export interface ProposalQuery {
  /** Ids from BOS to EOS; an input of the task is itself inside whatever is drawn. */
  readonly ids: readonly number[];
  /** Full hook name, one of the decoder's. */
  readonly site: string;
  readonly z: Float32Array;
  readonly epsilon: number;
  readonly metric: Metric;
  readonly random: Random;
}

/** Proposes inputs for queries; compiled graphs are kept between them. */
export interface Proposer {
  propose(query: ProposalQuery): Promise<Proposed>;
  /**
   * Weighs candidates of the decoder that have been drawn and judged by others, together with blind draws.
   * @param plan what was drawn, rounds in which all candidates are among `drawn`
   */
  weigh(query: ProposalQuery, plan: ProposalPlan, drawn: readonly Drawn[]): Promise<Proposed>;
  dispose(): Promise<void>;
}

/** A candidate and its distance from the query. */
export interface Drawn {
  readonly ids: readonly number[];
  readonly distance: number;
}

/** Makes a proposer. */
export function createProposer(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  plan: ProposalPlan = defaultPlan,
): Proposer {
  const { config } = decoder;
  const width = config.activation_width;
  const tokens = drawnTokens(task, config.form);
  const sampler = createSampler(runtime, config, (name) => decoder.parameter(name), task.bos, tokens);
  const scorers = new Map<string, SequenceScorer>();
  const judges = new Map<string, Judge>();

  const scorerFor = (temperatures: readonly number[]): SequenceScorer => {
    const key = temperatures.join();
    const scorer = scorers.get(key) ?? createSequenceScorer(runtime, decoder, task, temperatures);
    scorers.set(key, scorer);
    return scorer;
  };

  async function judged(
    inputs: readonly (readonly number[])[],
    { site, z, metric }: ProposalQuery,
  ): Promise<Drawn[]> {
    const judge = judges.get(site) ?? createJudge(runtime, model, task, site);
    judges.set(site, judge);
    const verdicts = (await judge.judge(inputs, z))[metric];
    return inputs.map((ids, at) => {
      const verdict = verdicts[at];
      if (verdict === undefined) throw new GraphError('a candidate was not judged');
      return { ids, distance: verdict.distance };
    });
  }

  async function said({ site, z, random }: ProposalQuery): Promise<number[][]> {
    const rows = plan.rounds.reduce((sum, { draws }) => sum + draws, 0);
    const repeated = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) repeated.set(z, row * width);
    const uniforms = openUniforms(random.fill(new Float32Array(rows * tokens)));
    const drawn = await sampler.sample({
      z: repeated,
      sites: new Int32Array(rows).fill(config.sites.indexOf(site)),
      temperatures: Float32Array.from(
        plan.rounds.flatMap(({ temperature, draws }) => new Array<number>(draws).fill(temperature)),
      ),
      uniforms,
    });
    return Array.from({ length: rows }, (_, row) => {
      const [from, to] = [row * tokens, (row + 1) * tokens];
      return heard(task, config.form, drawn.subarray(from, to), orderWord(uniforms.subarray(from, to)));
    });
  }

  async function weigh(
    query: ProposalQuery,
    { rounds, blind }: ProposalPlan,
    drawn: readonly Drawn[],
  ): Promise<Proposed> {
    const { ids, site, z, epsilon, random } = query;
    const unseen = Array.from({ length: blind }, () => task.drawInput(random));
    const candidates = [...drawn, ...(await judged(unseen, query))];
    const own = ids.join();
    const ownProbability = task.logProbability(ids);
    const seen = new Map<string, number>();
    const near = new Map<string, { ids: readonly number[]; logProbability: number }>();
    if (ownProbability > -Infinity) near.set(own, { ids, logProbability: ownProbability });
    let valid = 0;
    let inside = 0;
    for (const candidate of candidates) {
      const key = candidate.ids.join();
      const logProbability = seen.get(key) ?? task.logProbability(candidate.ids);
      seen.set(key, logProbability);
      if (logProbability === -Infinity) continue;
      valid += 1;
      if (candidate.distance > epsilon) continue;
      inside += 1;
      near.set(key, { ids: candidate.ids, logProbability });
    }
    const distinct = [...near.values()];
    const logs = await scorerFor(rounds.map(({ temperature }) => temperature)).logProbabilities(
      distinct.map((one) => one.ids),
      z,
      config.sites.indexOf(site),
    );
    const found = distinct.map(({ ids: member, logProbability }, at): Found => {
      // Natural logarithm of the probability that no draw is this input.
      let missed = blind * Math.log1p(-Math.exp(logProbability));
      rounds.forEach(({ draws }, round) => {
        missed += draws * Math.log1p(-Math.exp(logs[at * rounds.length + round] ?? -Infinity));
      });
      return { ids: member, logProbability, inclusion: member.join() === own ? 1 : -Math.expm1(missed) };
    });
    return {
      found,
      draws: candidates.length,
      valid,
      inside,
      largestWeight: blind > 0 ? 1 / blind : Infinity,
    };
  }

  return {
    async propose(query) {
      return weigh(query, plan, await judged(await said(query), query));
    },
    weigh,
    async dispose() {
      await sampler.dispose();
      for (const scorer of scorers.values()) await scorer.dispose();
      for (const judge of judges.values()) await judge.dispose();
    },
  };
}
