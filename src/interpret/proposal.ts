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
import { type Decoder, drawnTokens, heard } from '../inversion/decoder.js';
import { openUniforms } from '../inversion/evaluate.js';
import { type Judge, createJudge } from '../inversion/judge.js';
import { type Metric } from '../inversion/metrics.js';
import { createSampler } from '../inversion/sampler.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Random } from '../random.js';
import { type Task } from '../tasks/task.js';
import { createSequenceScorer } from './sequence-scorer.js';

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
  readonly distance: number;
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
  dispose(): Promise<void>;
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
  const temperatures = plan.rounds.map(({ temperature }) => temperature);
  const sampler = createSampler(runtime, config, (name) => decoder.parameter(name), task.bos, tokens);
  const scorer = createSequenceScorer(runtime, decoder, task, temperatures);
  const judges = new Map<string, Judge>();

  async function drawn({ site, z, random }: ProposalQuery): Promise<number[][]> {
    const rows = plan.rounds.reduce((sum, { draws }) => sum + draws, 0);
    const repeated = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) repeated.set(z, row * width);
    const said = await sampler.sample({
      z: repeated,
      sites: new Int32Array(rows).fill(config.sites.indexOf(site)),
      temperatures: Float32Array.from(
        plan.rounds.flatMap(({ temperature, draws }) => new Array<number>(draws).fill(temperature)),
      ),
      uniforms: openUniforms(random.fill(new Float32Array(rows * tokens))),
    });
    return Array.from({ length: rows }, (_, row) =>
      heard(task, config.form, said.subarray(row * tokens, (row + 1) * tokens)),
    );
  }

  return {
    async propose(query) {
      const { ids, site, z, epsilon, metric, random } = query;
      const candidates = [
        ...(await drawn(query)),
        ...Array.from({ length: plan.blind }, () => task.drawInput(random)),
      ];
      const draws = candidates.length;
      const counts = new Map<string, { ids: readonly number[]; logProbability: number; times: number }>();
      let valid = 0;
      for (const candidate of candidates) {
        const key = candidate.join();
        const known = counts.get(key);
        const logProbability = known?.logProbability ?? task.logProbability(candidate);
        if (known === undefined) counts.set(key, { ids: candidate, logProbability, times: 1 });
        else known.times += 1;
        if (logProbability > -Infinity) valid += 1;
      }
      const own = ids.join();
      const ownProbability = task.logProbability(ids);
      if (ownProbability > -Infinity && !counts.has(own))
        counts.set(own, { ids, logProbability: ownProbability, times: 0 });

      let judge = judges.get(site);
      if (judge === undefined) {
        judge = createJudge(runtime, model, task, site);
        judges.set(site, judge);
      }
      const distinct = [...counts.values()].filter(({ logProbability }) => logProbability > -Infinity);
      const verdicts = (
        await judge.judge(
          distinct.map((one) => one.ids),
          z,
        )
      )[metric];
      const near = distinct.flatMap((one, at) => {
        const verdict = verdicts[at];
        if (verdict === undefined) throw new GraphError('a candidate was not judged');
        return verdict.distance <= epsilon ? [{ ...one, distance: verdict.distance }] : [];
      });
      const said = await scorer.logProbabilities(
        near.map((one) => one.ids),
        z,
        config.sites.indexOf(site),
      );
      const found = near.map(({ ids: inside, logProbability, distance }, at): Found => {
        // Natural logarithm of the probability that no draw is this input.
        let missed = plan.blind * Math.log1p(-Math.exp(logProbability));
        plan.rounds.forEach((round, k) => {
          missed += round.draws * Math.log1p(-Math.exp(said[at * temperatures.length + k] ?? -Infinity));
        });
        const inclusion = inside.join() === own ? 1 : -Math.expm1(missed);
        return { ids: inside, logProbability, inclusion, distance };
      });
      return {
        found,
        draws,
        valid,
        inside: near.reduce((sum, { times }) => sum + times, 0),
        largestWeight: plan.blind > 0 ? 1 / plan.blind : Infinity,
      };
    },
    async dispose() {
      await sampler.dispose();
      await scorer.dispose();
      for (const judge of judges.values()) await judge.dispose();
    },
  };
}
