/**
 * What is drawn for a query: rounds of candidates, each with a temperature and noise on the conditioning.
 * @module
 */
import { type Random } from '../random.js';
import { type SamplingRound } from '../tasks/task.js';
import { openUniforms } from './evaluate.js';
import { type SampleRequest } from './sampler.js';

/** Rounds laid out as rows, and the round of each row. */
export interface CandidatePlan {
  readonly request: SampleRequest;
  readonly rounds: Int32Array;
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
  const deviation = spread(z);
  const plan = {
    z: new Float32Array(rows * width),
    sites: new Int32Array(rows).fill(site),
    temperatures: new Float32Array(rows),
    uniforms: new Float32Array(rows * tokens),
  };
  const roundOf = new Int32Array(rows);
  let row = 0;
  rounds.forEach(({ temperature, noise, candidates }, round) => {
    for (let i = 0; i < candidates; i++, row++) {
      for (let j = 0; j < width; j++) {
        plan.z[row * width + j] = (z[j] ?? 0) + (noise > 0 ? random.gaussian() * deviation * noise : 0);
      }
      plan.temperatures[row] = temperature;
      random.fill(plan.uniforms.subarray(row * tokens, (row + 1) * tokens));
      roundOf[row] = round;
    }
  });
  openUniforms(plan.uniforms);
  return { request: plan, rounds: roundOf };
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

/** Plans one after another as one. */
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
  };
}
