/**
 * What members of a preimage that were searched for have in common. A search says nothing of how often its finds occur:
 * each counts by its own probability, and no amount of bits is given.
 * @module
 */
import { type Metric } from '../inversion/metrics.js';
import { type Readout } from '../inversion/reading.js';
import { type Candidate } from '../inversion/view.js';
import { capability } from '../tasks/capabilities.js';
import { readoutByPlace } from './by-place.js';
import { featureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { weightedSample } from './sample.js';

/** Puts what was found inside in words. @param ids the query's input */
export function foundReadout(
  prior: Prior,
  ids: readonly number[],
  candidates: readonly Candidate[],
  { epsilon, metric, seed }: { readonly epsilon: number; readonly metric: Metric; readonly seed: number },
): Readout {
  const { logProbability } = capability(prior.task, 'distribution', 'A readout');
  const inside = new Map(
    candidates.flatMap((candidate) => {
      const { distance, position } = candidate.verdicts[metric];
      return candidate.valid && distance <= epsilon
        ? [[candidate.ids.join(), { ids: candidate.ids, position }]]
        : [];
    }),
  );
  const logs = [...inside.values()].map((one) => ({ ...one, log: logProbability(one.ids) }));
  const most = Math.max(...logs.map(({ log }) => log));
  const inputs = logs.map(({ log, ...one }) => ({ ...one, weight: Math.exp(log - most) }));
  const sum = inputs.reduce((all, { weight }) => all + weight, 0);
  const squares = inputs.reduce((all, { weight }) => all + weight ** 2, 0);
  const sample = weightedSample(prior, inputs, squares === 0 ? 0 : sum ** 2 / squares);
  const figures = featureBits(prior, sample, ids, seed);
  const information = { bits: null, low: 0, high: null };
  return { ...readoutByPlace(prior, sample, figures, ids, seed, information), searched: true };
}
