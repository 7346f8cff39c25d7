/**
 * Answers what an activation tells: how many bits, which features, in which words. From the exact preimage where one is
 * given, else from what the decoder finds; where both are there, both are reported.
 * @module
 */
import { foundReadout } from './found-readout.js';
import { type Instruments } from '../inversion/instruments.js';
import { type Runtime } from '../engine/index.js';
import { type Decoder } from '../inversion/decoder.js';
import { type ExactPreimages, type ExactSet } from '../inversion/enumerate/exact.js';
import { type Metric } from '../inversion/metrics.js';
import { type Readout } from '../inversion/reading.js';
import { type Judged } from '../inversion/view.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { randomFor } from '../random.js';
import { type Feature } from '../tasks/feature.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { exactInformation, readoutByPlace } from './by-place.js';
import { type Estimate, estimateBits, foundWeights } from './estimate.js';
import { type FeatureBits, bitsOfFeature, ranked } from './feature-bits.js';
import { type Prior, createPrior } from './prior.js';
import {
  type DrawnQuery,
  type Nearness,
  type Pool,
  type ProposalPlan,
  type Proposed,
  type Proposer,
  createProposer,
  drawnOf,
} from './proposal.js';
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
  /** The most informative first; of the exact preimage where there is one. */
  readonly features: readonly FeatureBits[];
  /** The features in words; made when asked for. */
  readout(): Readout;
  /** What the features were measured on. */
  readonly sample: WeightedSample;
  /** Distances are those of inputs inside; others may be infinite. */
  readonly set: ExactSet | null;
  readonly proposed: Proposed | null;
}

/** What inputs are drawn for. */
export type GatherQuery = Omit<DrawnQuery, 'random'> & Pick<InterpretQuery, 'seed'>;

/** A pool or an exact set, and how it is viewed. */
export interface PoolQuery extends Pick<InterpretQuery, 'ids' | 'seed'>, Nearness {
  readonly pool: Pool | null;
  /** Distances are those of inputs inside; others may be infinite. */
  readonly set: ExactSet | null;
  /** Names of the features that are measured; all unless given. */
  readonly features?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Interprets activations of one model; graphs and the features of all inputs are kept between queries. */
export interface Interpreter {
  readonly task: Task;
  readonly prior: Prior;
  /** What draws and weighs; null without a decoder. */
  readonly proposer: Proposer | null;
  interpret(query: InterpretQuery): Promise<Interpretation>;
  /** The first half of `interpret`: draws inputs, of which any threshold and metric can be asked. Needs a decoder. */
  gather(query: GatherQuery): Promise<Pool>;
  /** The second half: what a pool tells, a feature at a time, so that others have their turn and it can be stopped. */
  interpretPool(query: PoolQuery): Promise<Interpretation>;
  /**
   * Of candidates that have been drawn and judged: nothing is drawn but a few blind ones.
   * @param how the rounds the candidates came from, and how they are viewed; the task's unless given
   */
  readout(judged: Judged, how?: ReadoutView): Promise<Readout>;
  dispose(): Promise<void>;
}

/** How candidates were drawn and are viewed. */
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
  /** The features over all inputs, where they have been gone through already; these features then. */
  readonly prior?: Prior;
  /** A sampler and judges that others use too and that stay theirs. */
  readonly instruments?: Instruments;
}

/** Makes an interpreter; without a decoder it needs exact preimages. */
export function createInterpreter(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder | null,
  task: Task,
  { features = task.features, plan, prior: given, instruments }: InterpreterOptions = {},
): Interpreter {
  let made: Prior | null = given ?? null;
  const prior = (): Prior => (made ??= createPrior(task, features));
  const proposer: Proposer | null =
    decoder === null ? null : createProposer(runtime, model, decoder, task, plan, instruments);

  const interpreter: Interpreter = {
    task,
    proposer,
    get prior() {
      return prior();
    },
    async interpret({ ids, site, z, seed, epsilon = task.epsilon, metric = task.metric, exact = null }) {
      const set = exact === null ? null : await exact.find(z, { epsilon, metric, insideOnly: true });
      const pool = proposer === null ? null : await interpreter.gather({ ids, site, z, seed });
      return interpreter.interpretPool({ ids, seed, epsilon, metric, set, pool });
    },
    gather({ seed, ...query }) {
      if (proposer === null) throw new RangeError('inputs are drawn from a decoder');
      return proposer.gather({ ...query, random: randomFor(seed, 'proposal') });
    },
    async interpretPool({ ids, seed, epsilon, metric, pool, set, features: names, signal }) {
      const proposed = pool === null ? null : await pool.within({ epsilon, metric });
      const estimate = proposed === null ? null : estimateBits(proposed);
      const sample =
        set !== null
          ? exactSample(prior(), set)
          : proposed === null || estimate === null
            ? null
            : weightedSample(prior(), foundWeights(proposed.found), estimate.effectiveSamples);
      if (sample === null) throw new RangeError('without a decoder an exact preimage is needed');
      const information = set === null && estimate !== null ? estimate : exactInformation(set?.bits ?? null);
      const figures: FeatureBits[] = [];
      for (const [at, table] of prior().tables.entries()) {
        if (names?.includes(table.feature.name) === false) continue;
        await turn();
        signal?.throwIfAborted();
        figures.push(bitsOfFeature(prior(), at, sample, ids, seed));
      }
      const measured = ranked(figures);
      return {
        exact: set === null ? null : { bits: set.bits, size: set.size },
        estimate,
        features: measured,
        readout: () => readoutByPlace(prior(), sample, measured, ids, seed, information),
        sample,
        set,
        proposed,
      };
    },
    async readout(
      { asked, candidates, z },
      { rounds = task.rounds, epsilon = task.epsilon, metric = task.metric } = {},
    ) {
      const { query, seed } = asked;
      const ids = task.encode(query.input);
      if (proposer === null) return foundReadout(prior(), ids, candidates, { epsilon, metric, seed });
      // Rounds with noise have no density: their candidates are left out.
      const plain = candidates.filter(({ round }) => rounds[round]?.noise === 0);
      const draws = new Map<number, number>();
      for (const { round } of plain) {
        const temperature = rounds[round]?.temperature ?? 1;
        draws.set(temperature, (draws.get(temperature) ?? 0) + 1);
      }
      const pool = await proposer.pool(
        { ids, site: query.site, z, random: randomFor(seed, 'readout') },
        {
          rounds: [...draws].map(([temperature, count]) => ({ temperature, draws: count })),
          blind: isLarge(model) ? readoutBlindOfLarge : readoutBlind,
        },
        plain.map(drawnOf),
      );
      return (await interpreter.interpretPool({ ids, seed, epsilon, metric, pool, set: null })).readout();
    },
    async dispose() {
      await proposer?.dispose();
    },
  };
  return interpreter;
}

/** Lets others have their turn. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Blind draws of a readout under samples that a person waits for. */
const [readoutBlind, readoutBlindOfLarge] = [2048, 256];
