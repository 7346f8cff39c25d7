/**
 * Controls of a reading: the same is asked of activations that hold nothing of the query, that of BOS and random vectors of
 * the query's norm (arXiv 2509.13316). A decoder that says the query's value of a feature for those too says it by
 * itself, and not because the activation holds it.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type Decoder } from '../inversion/decoder.js';
import { decoderSampler } from '../inversion/instruments.js';
import { createJudge } from '../inversion/judge.js';
import { type Metric } from '../inversion/metrics.js';
import { type Reader } from '../inversion/preimage.js';
import { type Control, type Controls } from '../inversion/reading-parts.js';
import { singleSamples } from '../inversion/single-samples.js';
import { type Judged, type QueryRun } from '../inversion/view.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { type Random, randomFor } from '../random.js';
import { shareOf } from '../share.js';
import { featureValue } from '../tasks/feature.js';
import { type SamplingRound, type Task } from '../tasks/task.js';
import { randomOfNorm } from './control-activations.js';
import { priorEntropy } from './feature-bits.js';
import { type Prior } from './prior.js';

/** How a reading is viewed. */
export interface ControlView {
  readonly epsilon: number;
  readonly metric: Metric;
  /** Kinds of activation that were asked about, and how many there are. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Stops between kinds of activation; a search, between steps. */
  readonly signal?: AbortSignal;
}

/** Samples of each kind of activation; of a large model fewer, as each is judged by it. */
const [samples, samplesOfLarge] = [256, 128];

const kinds: readonly Control['activation'][] = ['query', 'bos', 'random'];

/** A drawn input, and whether it is near the activation that it was drawn for. */
export interface ControlDraw {
  readonly ids: readonly number[];
  readonly valid: boolean;
  readonly inside: boolean;
}

/** What was drawn or searched for by one kind of activation. */
export interface ControlDraws {
  readonly activation: Control['activation'];
  readonly draws: readonly ControlDraw[];
}

/**
 * Single samples of a decoder for each kind of activation. Every draw for a random vector has a vector of its own, so that
 * draws are independent and shares have intervals.
 */
export async function decoderDraws(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  task: Task,
  { asked, z, bos }: QueryRun,
  { epsilon, metric, onProgress, signal }: ControlView,
): Promise<ControlDraws[]> {
  const { site } = asked.query;
  const count = isLarge(model) ? samplesOfLarge : samples;
  const sampler = decoderSampler(runtime, decoder, task, count);
  const judge = createJudge(runtime, model, task, site);
  try {
    const all: ControlDraws[] = [];
    for (const activation of kinds) {
      signal?.throwIfAborted();
      const vectors = randomFor(asked.seed, 'control vectors');
      const rows = new Float32Array(count * z.length);
      for (let row = 0; row < count; row++) rows.set(vectorOf(activation, z, bos, vectors), row * z.length);
      const uniforms = randomFor(asked.seed, 'controls', activation).fill(
        new Float32Array(count * sampler.tokens),
      );
      const drawn = await singleSamples(task, decoder, sampler, judge, { site, metric }, rows, uniforms);
      const draws = drawn.map((one) => ({ ...one, inside: one.verdict.distance <= epsilon }));
      all.push({ activation, draws });
      onProgress?.(all.length, kinds.length);
    }
    return all;
  } finally {
    await sampler.dispose();
    await judge.dispose();
  }
}

/** What a decoder says for each kind of activation. @param prior its features are measured */
export async function decoderControls(
  runtime: Runtime,
  model: HookedModel,
  decoder: Decoder,
  prior: Prior,
  queryRun: QueryRun,
  view: ControlView,
): Promise<Controls> {
  const ids = prior.task.encode(queryRun.asked.query.input);
  const all = await decoderDraws(runtime, model, decoder, prior.task, queryRun, view);
  return {
    searched: false,
    activations: all.map(({ activation, draws }) => controlOf(activation, prior, ids, draws, false)),
  };
}

/**
 * The same search for each kind of activation.
 * @param reader without a decoder
 * @param rounds as many candidates as these have are judged
 */
export async function searchDraws(
  reader: Reader,
  judged: Judged,
  rounds: readonly SamplingRound[],
  { epsilon, metric, onProgress, signal }: ControlView,
): Promise<ControlDraws[]> {
  const { asked, z, bos, candidates } = judged;
  const drawing = { rounds, epsilon, metric, ...(signal === undefined ? {} : { signal }) };
  const all: ControlDraws[] = [];
  for (const activation of kinds) {
    signal?.throwIfAborted();
    const found = activation === 'query' ? [...candidates] : [];
    if (activation !== 'query') {
      const other = vectorOf(activation, z, bos, randomFor(asked.seed, 'control vectors'));
      for await (const some of reader.draw({ ...judged, z: other }, drawing)) found.push(...some);
    }
    const draws = found.map((one) => ({ ...one, inside: one.verdicts[metric].distance <= epsilon }));
    all.push({ activation, draws });
    onProgress?.(all.length, kinds.length);
  }
  return all;
}

/** What a search finds for each kind of activation; see `searchDraws`. @param prior its features are measured */
export async function searchControls(
  reader: Reader,
  prior: Prior,
  judged: Judged,
  rounds: readonly SamplingRound[],
  view: ControlView,
): Promise<Controls> {
  const ids = prior.task.encode(judged.asked.query.input);
  const all = await searchDraws(reader, judged, rounds, view);
  return {
    searched: true,
    activations: all.map(({ activation, draws }) => controlOf(activation, prior, ids, draws, true)),
  };
}

function vectorOf(
  kind: Control['activation'],
  z: Float32Array,
  bos: Float32Array,
  random: Random,
): Float32Array {
  return kind === 'query' ? z : kind === 'bos' ? bos : randomOfNorm(z, random);
}

function controlOf(
  activation: Control['activation'],
  prior: Prior,
  ids: readonly number[],
  draws: readonly ControlDraw[],
  searched: boolean,
): Control {
  const share = (hits: number, n: number): Omit<Control['inside'], 'count'> => {
    if (n === 0) return { share: 0, low: null, high: null };
    const { share: own, low, high } = shareOf(hits, n);
    return searched ? { share: own, low: null, high: null } : { share: own, low, high };
  };
  const { task } = prior;
  const valid = draws.filter((one) => one.valid);
  const inside = draws.filter((one) => one.inside).length;
  const among = searched ? valid.filter((one) => one.inside) : valid;
  const features = prior.tables.filter((table) => priorEntropy(prior, table) > 0);
  return {
    activation,
    draws: draws.length,
    valid: valid.length,
    inside: { count: inside, ...share(inside, draws.length) },
    features:
      among.length === 0
        ? []
        : features.map(({ feature }) => {
            const own = featureValue(task, feature, ids);
            const hits = among.filter((one) => featureValue(task, feature, one.ids) === own).length;
            return { feature: feature.name, ...share(hits, among.length) };
          }),
  };
}
