/**
 * Is an ε-preimage as the decoder shows it complete? Where all inputs can be run, each has a true distance and a
 * probability under the decoder: none inside ε may have a vanishing one.
 *
 * The decoder is conditioned as it is when sampling with noise: its probability is the mean over many draws of noise on
 * the activation. All inputs inside are scored, and of those outside as many as asked for, drawn evenly.
 * @module
 */
import { capability } from '../tasks/capabilities.js';
import { type Runtime } from '../engine/index.js';
import { spread } from '../inversion/candidates.js';
import { type Decoder } from '../inversion/decoder.js';
import { type ExactSet } from '../inversion/enumerate/exact.js';
import { type Metric } from '../inversion/metrics.js';
import { type Random, randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { createTreeScorer } from './tree-scorer.js';

/** How completeness is viewed. */
export interface CompletenessOptions {
  readonly epsilon: number;
  readonly metric: Metric;
  /** Noise on the activation in units of its spread, and how many draws of it. */
  readonly noise: number;
  readonly draws: number;
  /** Inputs outside that are scored too, at the most. */
  readonly outside: number;
  /** Natural logarithm of a probability that counts as vanishing; by default a hundredth of an even share inside. */
  readonly floor?: number;
  /** Decides the inputs outside, and the noise: each draw has a stream of its own. */
  readonly seed: number;
  readonly onProgress?: (done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

/** What was found; `points` can be drawn as it is. */
export interface Completeness {
  readonly epsilon: number;
  readonly metric: Metric;
  readonly noise: number;
  readonly draws: number;
  readonly floor: number;
  /** Inputs there are, those inside, and those outside that were scored. */
  readonly total: number;
  readonly inside: number;
  readonly outside: number;
  /** Inputs inside whose probability is below the floor, and the least of them all. */
  readonly belowFloor: number;
  readonly least: number;
  /** Share of the decoder's probability that lies inside. */
  readonly mass: number;
  /** One a scored input: its number in the task's data, distance, log-probability. Those inside come first. */
  readonly points: readonly {
    readonly input: number;
    readonly distance: number;
    readonly logProbability: number;
    readonly inside: boolean;
  }[];
}

/** A scatter that is made draw by draw, so that other work can have its turn in between. */
export interface Scoring {
  /** Draws of noise in all, and those done. */
  readonly draws: number;
  readonly done: number;
  /** Makes one more draw. */
  advance(): Promise<void>;
  /** What the draws so far give. */
  result(): Completeness;
  dispose(): Promise<void>;
}

/** Scores the inputs of an exact set, and some of the others, under the decoder. */
export async function completeness(
  runtime: Runtime,
  decoder: Decoder,
  task: Task,
  query: { readonly z: Float32Array; readonly site: string },
  set: ExactSet,
  options: CompletenessOptions,
): Promise<Completeness> {
  const scoring = startCompleteness(runtime, decoder, task, query, set, options);
  try {
    while (scoring.done < scoring.draws) {
      options.signal?.throwIfAborted();
      await scoring.advance();
      options.onProgress?.(scoring.done, scoring.draws);
    }
    return scoring.result();
  } finally {
    await scoring.dispose();
  }
}

/** Begins a scatter; nothing is scored before it is advanced. */
export function startCompleteness(
  runtime: Runtime,
  decoder: Decoder,
  task: Task,
  query: { readonly z: Float32Array; readonly site: string },
  set: ExactSet,
  options: Omit<CompletenessOptions, 'onProgress' | 'signal'>,
): Scoring {
  const { epsilon, metric, noise, seed } = options;
  const draws = noise === 0 ? 1 : options.draws;
  const inside = Array.from(set.members);
  const outside = drawOutside(set, options.outside, randomFor(seed, 'outside'));
  const inputs = [...inside, ...outside];
  const { instance } = capability(task, 'data', 'Completeness');
  const scorer = createTreeScorer(
    runtime,
    decoder,
    task,
    inputs.map((input) => instance(input)),
  );
  const site = decoder.config.sites.indexOf(query.site);
  const deviation = noise * spread(query.z);
  const sums = new Float64Array(inputs.length).fill(-Infinity);
  const one = new Float64Array(inputs.length);
  let done = 0;
  return {
    draws,
    get done() {
      return done;
    },
    async advance() {
      const random = randomFor(seed, 'completeness', done);
      const z = query.z.map((value) => value + (noise > 0 ? random.gaussian() * deviation : 0));
      await scorer.logProbabilities(z, site, one);
      for (let at = 0; at < sums.length; at++)
        sums[at] = addLogs(sums[at] ?? -Infinity, one[at] ?? -Infinity);
      done += 1;
    },
    result() {
      const floor = options.floor ?? -Math.log(100 * Math.max(1, set.size));
      const points = inputs.map((input, at) => ({
        input,
        distance: set.distances[input] ?? Infinity,
        logProbability: (sums[at] ?? -Infinity) - Math.log(done),
        inside: at < inside.length,
      }));
      const own = points.slice(0, inside.length);
      return {
        epsilon,
        metric,
        noise,
        draws: done,
        floor,
        total: set.total,
        inside: inside.length,
        outside: outside.length,
        belowFloor: own.filter(({ logProbability }) => logProbability < floor).length,
        least: own.reduce((least, { logProbability }) => Math.min(least, logProbability), 0),
        mass: own.reduce((sum, { logProbability }) => sum + Math.exp(logProbability), 0),
        points,
      };
    },
    dispose: () => scorer.dispose(),
  };
}

/** Inputs that are not members, drawn evenly and each once; all of them when so many are asked for. */
function drawOutside(
  { members, total }: Pick<ExactSet, 'members' | 'total'>,
  wanted: number,
  random: Random,
): number[] {
  const taken = new Uint8Array(total);
  for (const member of members) taken[member] = 1;
  const free = total - members.length;
  if (wanted >= free)
    return Array.from({ length: total }, (_, input) => input).filter((input) => taken[input] === 0);
  // Drawn again where taken: at most half of the free ones are wanted, or the rest is drawn instead.
  if (wanted > free / 2) {
    const left = new Set(drawOutside({ members, total }, free - wanted, random));
    return Array.from({ length: total }, (_, input) => input).filter(
      (input) => taken[input] === 0 && !left.has(input),
    );
  }
  const out: number[] = [];
  while (out.length < wanted) {
    const input = random.int(total);
    if (taken[input] === 1) continue;
    taken[input] = 1;
    out.push(input);
  }
  return out;
}

/** The logarithm of a sum of two numbers given by their logarithms. */
function addLogs(a: number, b: number): number {
  if (a === -Infinity) return b;
  const [high, low] = a > b ? [a, b] : [b, a];
  return high + Math.log1p(Math.exp(low - high));
}
