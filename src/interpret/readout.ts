/**
 * A reading in words: which features of the input the activation holds, without what follows from others.
 *
 * Features are taken up one after another. Known ones come first, in the order in which the task declares them, simple
 * ones before composed ones; then those known in part: those first that tell much of what they have to tell. Each must tell something that the ones
 * before it do not: the inputs of the prior are reweighted so that those before it are distributed as in the preimage,
 * and what the next feature's entropy loses beyond that is its own. Two digits that are known with their order lost
 * imply their sum, and the sum is then not said again. What is known in part is said where as many draws would say it
 * again: of few draws another feature may seem to tell more than the one that does.
 * @module
 */
import { type Readout } from '../inversion/reading.js';
import { type Candidate, Accounted, candidatesOf } from './accounted.js';
import { type FeatureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { type WeightedSample } from './sample.js';
import { steadyPicks } from './steady-picks.js';

export { Accounted, candidatesOf };

/** What the features tell: all of a readout but the size of the preimage and its places. */
export type FeatureReadout = Omit<Readout, 'bits' | 'low' | 'high' | 'places'>;

/** A feature is known when it has lost this share of its entropy. */
const knownShare = 0.95;
/** Bits of its own that a feature must tell to be named; of a composed feature's entropy, this share. */
const leastBits = 0.1;
const leastShare = 0.05;
/** Bits of agreement between draws at least: chance gives as much once in some thousand features. */
const agreement = 12;
/** Most features named as known in part. */
const mostPartly = 3;

/**
 * Puts the figures of a preimage in words.
 * @param seed decides the resamples that show whether a feature known in part would be named again
 */
export function readout(
  prior: Prior,
  sample: WeightedSample,
  figures: readonly FeatureBits[],
  seed: number,
): FeatureReadout {
  const candidates = candidatesOf(prior, sample, figures);
  const accountedFor = new Accounted(prior, sample);
  const known: Candidate[] = [];
  for (const candidate of candidates) {
    if (candidate.figures.before === 0 || !isKnown(candidate.figures)) continue;
    const own = accountedFor.own(candidate);
    // Few draws that all agree are no chance, though as few could not tell how a value is distributed.
    if (own < need(candidate) || sample.effective * own < agreement) continue;
    accountedFor.add(candidate);
    known.push(candidate);
  }
  const accounted = accountedFor.unlikeliness();
  const open = candidates.filter(({ figures: own }) => !isKnown(own) && own.bits - own.baseline >= leastBits);
  const partly = steadyPicks(sample, accountedFor, open, { most: mostPartly, need, weight, seed });
  // Of a part that is the same in all inputs there is nothing to tell.
  const varies = (part: string): boolean =>
    candidates.some(({ table, figures: own }) => table.feature.about === part && own.before > 0);
  const nothing = parts(prior).filter(
    (part) =>
      varies(part) &&
      candidates.every(
        ({ table, figures: own }) => table.feature.about !== part || own.bits - own.baseline < leastBits / 2,
      ),
  );
  return {
    sentence: sentence(known, partly, nothing),
    known: known.map(({ figures: own }) => own.feature),
    partly: partly.map(({ figures: { feature, bits, before } }) => ({ feature, bits, of: before })),
    nothing,
    accounted,
  };
}

/** Of two features that tell as many bits, the one that has fewer to tell says more with them. */
const weight = ({ figures: { before } }: Candidate, own: number): number => (own * own) / before;

const isKnown = ({ before, after, bits, baseline }: FeatureBits): boolean =>
  after <= (1 - knownShare) * before && bits - baseline >= leastBits / 2;

const need = ({ figures: { before } }: Candidate): number =>
  Math.max(Math.min(leastBits, before / 2), leastShare * before);

const parts = ({ tables }: Prior): string[] => [
  ...new Set(tables.flatMap(({ feature: { about } }) => (about === undefined ? [] : [about]))),
];

function sentence(
  known: readonly Candidate[],
  partly: readonly Candidate[],
  nothing: readonly string[],
): string {
  const plain = known.filter(({ table }) => table.feature.phrase === undefined);
  const phrased = known.flatMap(({ table }) => table.feature.phrase ?? []);
  const names = plain.map(({ table }) => table.feature.name);
  const inPart = partly.map(
    ({ figures: { feature, bits, before } }) =>
      `${feature} (${bits.toFixed(1)} of ${before.toFixed(1)} bits)`,
  );
  const clauses = [
    ...(names.length > 0 ? [listed(names)] : []),
    ...phrased,
    ...(inPart.length > 0 ? [`in part ${listed(inPart)}`] : []),
    ...(nothing.length > 0 ? [`nothing of ${listed(nothing)}`] : []),
  ];
  if (known.length + partly.length === 0) return 'nothing that the features tell';
  return clauses.join('; ');
}

/** `a`, `a and b`, `a, b and c`. */
function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}
