/**
 * What is drawn for a query: rounds of candidates, each with a temperature and noise on the conditioning.
 * @module
 */
import { type Random } from '../random.js';
import { type SamplingRound } from '../tasks/task.js';
import { type Stage, stagesOf } from './bars.js';
import { type SampleRequest, openUniforms } from './sampler.js';

/** Rounds laid out as rows, the round of each row, and which rows wait for others. */
export interface CandidatePlan {
  readonly request: SampleRequest;
  readonly rounds: Int32Array;
  readonly stages: readonly Stage[];
}

/** Standard deviation over the elements of a vector. */
export function spread(z: Float32Array): number {
  const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
  return Math.sqrt(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length);
}

/**
 * Lays out all rounds of one query. Everything random is drawn here, row by row, so that a row's numbers
 * do not depend on how rows are batched later.
 * @param z the query's activation
 * @param site number of the site in the decoder
 * @param tokens tokens drawn a candidate
 */
export function planCandidates(
  z: Float32Array,
  site: number,
  rounds: readonly SamplingRound[],
  tokens: number,
  random: Random,
): CandidatePlan {
  const rows = rounds.reduce((sum, { candidates }) => sum + candidates, 0);
  const width = z.length;
  const plan = {
    z: new Float32Array(rows * width),
    sites: new Int32Array(rows).fill(site),
    temperatures: new Float32Array(rows),
    uniforms: new Float32Array(rows * tokens),
  };
  const roundOf = new Int32Array(rows);
  let row = 0;
  rounds.forEach(({ temperature, noise, noiseKind = 'add', candidates }, round) => {
    const noisy = noise === 0 ? () => z : noiseKind === 'add' ? added(z, noise) : turned(z, noise);
    for (let i = 0; i < candidates; i++, row++) {
      plan.z.set(noisy(random), row * width);
      plan.temperatures[row] = temperature;
      random.fill(plan.uniforms.subarray(row * tokens, (row + 1) * tokens));
      roundOf[row] = round;
    }
  });
  openUniforms(plan.uniforms);
  return { request: plan, rounds: roundOf, stages: stagesOf(rounds) };
}

type Noise = (random: Random) => Float32Array;

/** Gaussian noise of so many times the vector's spread. */
function added(z: Float32Array, noise: number): Noise {
  const deviation = spread(z);
  return (random) => z.map((value) => value + random.gaussian() * deviation * noise);
}

const norm = (vector: Float32Array): number =>
  Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

/** A vector at cosine 1 − noise from another one, of its norm times exp(U(−1, 1)). */
function turned(z: Float32Array, noise: number): Noise {
  const length = norm(z);
  const cosine = Math.max(-1, 1 - noise);
  const sine = Math.sqrt(1 - cosine * cosine);
  return (random) => {
    const across = z.map(() => random.gaussian());
    const along = across.reduce((sum, value, at) => sum + value * (z[at] ?? 0), 0) / (length * length || 1);
    z.forEach((value, at) => (across[at] = (across[at] ?? 0) - along * value));
    const share = (sine * length) / (norm(across) || 1);
    const scale = Math.exp(2 * random.next() - 1);
    return z.map((value, at) => scale * (cosine * value + share * (across[at] ?? 0)));
  };
}

/** Rows `start … end` of a request, as views. */
export function sliceRequest(
  request: SampleRequest,
  start: number,
  end: number,
  tokens: number,
): SampleRequest {
  const width = request.z.length / request.sites.length;
  return {
    z: request.z.subarray(start * width, end * width),
    sites: request.sites.subarray(start, end),
    temperatures: request.temperatures.subarray(start, end),
    uniforms: request.uniforms.subarray(start * tokens, end * tokens),
  };
}

/** Plans of one query or several one after another as one. @param plans without rounds that wait, or one alone */
export function joinPlans(plans: readonly CandidatePlan[]): CandidatePlan {
  const floats = (pick: (request: SampleRequest) => Float32Array): Float32Array => {
    const parts = plans.map(({ request }) => pick(request));
    const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let start = 0;
    for (const part of parts) {
      joined.set(part, start);
      start += part.length;
    }
    return joined;
  };
  return {
    request: {
      z: floats(({ z }) => z),
      sites: Int32Array.from(plans.flatMap(({ request }) => [...request.sites])),
      temperatures: floats(({ temperatures }) => temperatures),
      uniforms: floats(({ uniforms }) => uniforms),
    },
    rounds: Int32Array.from(plans.flatMap(({ rounds }) => [...rounds])),
    stages: joinStages(plans),
  };
}

function joinStages(plans: readonly CandidatePlan[]): readonly Stage[] {
  const [first] = plans;
  if (first !== undefined && plans.length === 1) return first.stages;
  const end = plans.reduce((sum, { rounds }) => sum + rounds.length, 0);
  return [{ start: 0, end, repeats: null }];
}
