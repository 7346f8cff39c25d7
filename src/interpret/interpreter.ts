/**
 * Answers what an activation tells: how many bits, which features, in which words. From the exact preimage where one is
 * given, else from what the decoder finds; where both are there, both are reported.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type Decoder } from '../inversion/decoder.js';
import { type ExactPreimages, type ExactSet } from '../inversion/enumerate/exact.js';
import { type Metric } from '../inversion/metrics.js';
import { type Readout } from '../inversion/reading.js';
import { type Judged } from '../inversion/view.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Random, randomFor } from '../random.js';
import { type Feature } from '../tasks/features/feature.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { type Estimate, estimateBits, foundWeights } from './estimate.js';
import { type FeatureBits, featureBits } from './feature-bits.js';
import { type Prior, createPrior } from './prior.js';
import { type ProposalPlan, type Proposed, type Proposer, createProposer } from './proposal.js';
import { readout } from './readout.js';
import { type WeightedSample, exactSample, weightedSample } from './sample.js';

/** What is asked. */
export interface InterpretQuery {
  /** Ids from BOS to EOS. */
  readonly ids: readonly number[];
  /** Full hook name. */
  readonly site: string;
  readonly z: Float32Array;
  readonly seed: number;
  /** The task's unless given. */
  readonly epsilon?: number;
  readonly metric?: Metric;
  /** The pass over all inputs at this site, where there is one. */
  readonly exact?: ExactPreimages | null;
}

/** What an activation tells. */
export interface Interpretation {
  readonly exact: { readonly bits: number | null; readonly size: number } | null;
  /** null without a decoder. */
  readonly estimate: Estimate | null;
  /** The most telling first; of the exact preimage where there is one. */
  readonly features: readonly FeatureBits[];
  /** The features in words; made when asked for. */
  readout(): Readout;
  /** What the features were measured on. */
  readonly sample: WeightedSample;
  readonly set: ExactSet | null;
  readonly proposed: Proposed | null;
}

/** Interprets activations of one model; graphs and the features of all inputs are kept between queries. */
export interface Interpreter {
  readonly task: Task;
  readonly prior: Prior;
  interpret(query: InterpretQuery): Promise<Interpretation>;
  /**
   * Of candidates that have been drawn and judged: nothing is drawn but a few blind ones.
   * @param how the rounds the candidates came from, and how they are looked at; the task's unless given
   */
  readout(judged: Judged, how?: ReadoutView): Promise<Readout>;
  dispose(): Promise<void>;
}

/** How candidates were drawn and are looked at. */
export interface ReadoutView {
  readonly rounds?: readonly SamplingRound[];
  readonly epsilon?: number;
  readonly metric?: Metric;
}

/** What an interpreter may be given. */
export interface InterpreterOptions {
  /** The task's unless given. */
  readonly features?: readonly Feature[];
  readonly plan?: ProposalPlan;
}

/** Makes an interpreter; without a decoder it needs exact preimages. */
export function createInterpreter(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder | null,
  task: Task,
  { features = task.features, plan }: InterpreterOptions = {},
): Interpreter {
  let made: Prior | null = null;
  const prior = (): Prior => (made ??= createPrior(task, features));
  const proposer: Proposer | null =
    decoder === null ? null : createProposer(runtime, model, decoder, task, plan);

  const told = (
    sample: WeightedSample,
    ids: readonly number[],
    estimate: Pick<Readout, 'bits' | 'low' | 'high'>,
    random: Random,
  ): { features: FeatureBits[]; readout(): Readout } => {
    const features = featureBits(prior(), sample, ids, random);
    const { bits, low, high } = estimate;
    return { features, readout: () => ({ ...readout(prior(), sample, features), bits, low, high }) };
  };

  const fromFound = (
    proposed: Proposed,
    ids: readonly number[],
    random: Random,
  ): ReturnType<typeof told> & { estimate: Estimate; sample: WeightedSample } => {
    const estimate = estimateBits(proposed);
    const sample = weightedSample(prior(), foundWeights(proposed.found), estimate.effectiveSamples);
    return { ...told(sample, ids, estimate, random), estimate, sample };
  };

  return {
    task,
    get prior() {
      return prior();
    },
    async interpret({ ids, site, z, seed, epsilon = task.epsilon, metric = task.metric, exact = null }) {
      const set = exact === null ? null : await exact.find(z, { epsilon, metric });
      const random = randomFor(seed, 'proposal');
      const proposed =
        proposer === null ? null : await proposer.propose({ ids, site, z, epsilon, metric, random });
      const blind = randomFor(seed, 'baseline');
      if (set !== null) {
        const sample = exactSample(prior(), set.members);
        const known = { bits: set.bits, low: set.bits ?? 0, high: set.bits };
        return {
          exact: { bits: set.bits, size: set.size },
          estimate: proposed === null ? null : estimateBits(proposed),
          ...told(sample, ids, known, blind),
          sample,
          set,
          proposed,
        };
      }
      if (proposed === null) throw new RangeError('without a decoder an exact preimage is needed');
      return { exact: null, ...fromFound(proposed, ids, blind), set, proposed };
    },
    async readout(
      { asked, candidates, z },
      { rounds = task.rounds, epsilon = task.epsilon, metric = task.metric } = {},
    ) {
      if (proposer === null) throw new RangeError('candidates come from a decoder');
      const { query, seed } = asked;
      const ids = task.encode(query.input);
      // Rounds with noise have no density: their candidates are left out.
      const plain = candidates.filter(({ round }) => rounds[round]?.noise === 0);
      const draws = new Map<number, number>();
      for (const { round } of plain) {
        const temperature = rounds[round]?.temperature ?? 1;
        draws.set(temperature, (draws.get(temperature) ?? 0) + 1);
      }
      const proposed = await proposer.weigh(
        { ids, site: query.site, z, epsilon, metric, random: randomFor(seed, 'readout') },
        {
          rounds: [...draws].map(([temperature, count]) => ({ temperature, draws: count })),
          blind: readoutBlind,
        },
        plain.map((candidate) => ({ ids: candidate.ids, distance: candidate.verdicts[metric].distance })),
      );
      return fromFound(proposed, ids, randomFor(seed, 'baseline')).readout();
    },
    async dispose() {
      await proposer?.dispose();
    },
  };
}

/** Blind draws of a readout under samples that a person waits for. */
const readoutBlind = 2048;
