/**
 * Used versus contained. The distance of two activations says whether they hold the same; whether what follows reads it
 * is a second question, and activation patching answers it: each input's activation is put into the query's run, and the
 * KL divergence of the answer's distribution is a second distance. Inputs within ε by the first are inside by distance;
 * those with a KL up to a threshold are inside by effect. A feature that all inputs inside by distance share is held; one
 * that those inside by effect share is used: change it and the answer changes. What is shared by the former alone is held
 * and not read by what follows.
 * @module
 */
import { type AnswerReads } from '../causal/answer-reads.js';
import { type Used, verdicts } from '../inversion/reading-parts.js';
import { shareOf } from '../share.js';
import { featureValue } from '../tasks/feature.js';
import { type Task } from '../tasks/task.js';
import { tokenOf } from '../tasks/tokens.js';
import { fewestEffective } from './estimate.js';
import { type FeatureBits, bitsOfFeature, priorEntropy } from './feature-bits.js';
import { type FeatureTable, type Prior } from './prior.js';
import { type WeightedSample } from './sample.js';

export { usualMaxKl } from './max-kl.js';

/** The thresholds that a curve is taken at. */
export const curveKls = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2] as const;

/** Inputs inside by one of the distances. */
export interface InsideSample {
  readonly sample: WeightedSample;
  /** −log2 of their probability; null where it is not known. */
  readonly bits: number | null;
}

/** What the figures are made of. */
export interface UsedParts extends Pick<
  Used,
  'answer' | 'maxKl' | 'inputs' | 'parts' | 'kl' | 'logitDifference'
> {
  readonly ids: readonly number[];
  readonly seed: number;
  readonly distance: InsideSample;
  readonly effect: InsideSample;
  /** Inside by effect at each of {@link curveKls}. */
  readonly curve: readonly (InsideSample & { readonly maxKl: number })[];
}

/** Puts both distances together, feature by feature. */
export function usedRecord(prior: Prior, { ids, seed, distance, effect, curve, ...rest }: UsedParts): Used {
  const tables = prior.tables.map((table, at) => ({ table, at, own: ownCode(prior, table, ids) }));
  const varying = tables.filter(({ table }) => priorEntropy(prior, table) > 0);
  const measured = ({ sample }: InsideSample, at: number): FeatureBits | null =>
    sample.inputs === 0 ? null : bitsOfFeature(prior, at, sample, ids, seed);
  return {
    ...rest,
    bits: { distance: distance.bits, effect: effect.bits },
    features: varying.map(({ table, at, own }) => {
      const [held, used] = [measured(distance, at), measured(effect, at)];
      const all = table.codes.reduce((sum, code) => sum + (code === own ? 1 : 0), 0) / prior.inputs;
      const sides = {
        distance: sideOf(held, distance.sample, rest.inputs),
        effect: sideOf(used, effect.sample, rest.inputs),
      };
      const few =
        rest.inputs === 'drawn' &&
        Math.min(distance.sample.effective, effect.sample.effective) < fewestEffective;
      return {
        feature: table.feature.name,
        value: table.values[own] ?? null,
        of: priorEntropy(prior, table),
        all,
        ...sides,
        verdict: few
          ? 'too few inputs'
          : verdictOf(levelOf(held, sides.distance, all), levelOf(used, sides.effect, all)),
      };
    }),
    curve: curve.map(({ maxKl, sample, bits }) => ({
      maxKl,
      inputs: sample.inputs,
      bits,
      shares:
        sample.inputs === 0
          ? []
          : varying.map(({ table, at, own }) => ({
              feature: table.feature.name,
              share: shareWith(sample, at, own),
            })),
    })),
  };
}

const ownCode = (prior: Prior, table: FeatureTable, ids: readonly number[]): number =>
  table.codeOf(featureValue(prior.task, table.feature, ids));

/** Share of a sample that has one value of a feature. */
function shareWith({ codes, shares, inputs }: WeightedSample, at: number, own: number): number {
  let sum = 0;
  codes[at]?.forEach((code, row) => (sum += code === own ? (shares?.[row] ?? 1 / inputs) : 0));
  return Math.min(1, sum);
}

function sideOf(
  figures: FeatureBits | null,
  { effective }: WeightedSample,
  inputs: Used['inputs'],
): Used['features'][number]['distance'] {
  if (figures === null) return null;
  const { consistency, bits } = figures;
  const share = Math.min(1, consistency);
  // Of a known set there is nothing to estimate, and of one that was searched for nothing can be.
  if (inputs !== 'drawn' || !(effective >= 1)) return { share, low: null, high: null, bits };
  const { low, high } = shareOf(share * effective, effective);
  return { share, low, high, bits };
}

/** As in a readout: a feature is known whole when it has lost nearly all its entropy, in part from so many bits on. */
const knownShare = 0.95;
const [leastBits, leastShare] = [0.1, 0.05];

type Level = 'whole' | 'part' | 'none';

/** @param all share of all inputs with the query's value: of drawn ones, an interval that holds it tells of no difference */
function levelOf(
  figures: FeatureBits | null,
  side: Used['features'][number]['distance'],
  all: number,
): Level {
  if (figures === null || side === null) return 'none';
  const { before, after, bits, baseline } = figures;
  if (bits - baseline < Math.max(Math.min(leastBits, before / 2), leastShare * before)) return 'none';
  if (after <= (1 - knownShare) * before) return 'whole';
  const { low, high } = side;
  return low !== null && high !== null && low <= all && all <= high ? 'none' : 'part';
}

function verdictOf(held: Level, used: Level): (typeof verdicts)[number] {
  const [both, heldUsedPart, heldOnly, partUsed, partPart, partOnly, usedOnly, usedOnlyPart, neither] =
    verdicts;
  const table = {
    whole: { whole: both, part: heldUsedPart, none: heldOnly },
    part: { whole: partUsed, part: partPart, none: partOnly },
    none: { whole: usedOnly, part: usedOnlyPart, none: neither },
  };
  return table[held][used];
}

/** The measured places of a query, as they are recorded. */
export const answerOf = (task: Task, { positions, tokens }: AnswerReads): Used['answer'] =>
  positions.map((position, at) => {
    const token = tokens[at] ?? null;
    return { position, token: token === null ? null : tokenOf(task, token) };
  });

/** Mean, median and largest of some KLs. @param kls one at least */
export function klFigures(kls: readonly number[] | Float64Array): Used['kl'] {
  const sorted = Float64Array.from(kls).sort();
  const n = sorted.length;
  return {
    n,
    mean: sorted.reduce((sum, kl) => sum + kl, 0) / n,
    median: ((sorted[Math.floor((n - 1) / 2)] ?? 0) + (sorted[Math.floor(n / 2)] ?? 0)) / 2,
    most: sorted[n - 1] ?? 0,
  };
}
