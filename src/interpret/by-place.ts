/**
 * A preimage whose inputs match at different places, read out place by place. An activation may be nearly the same at "=" of
 * some inputs and at the last digit of others; what each part shares would be lost in what both do.
 * @module
 */
import { type Readout } from '../inversion/reading.js';
import { type FeatureBits, featureBits } from './feature-bits.js';
import { type Prior } from './prior.js';
import { readout } from './readout.js';
import { type WeightedSample } from './sample.js';

/** A preimage is one where this share of it matches at one place. */
const oneShare = 0.95;
/** Parts smaller than this are not reported. */
const leastShare = 0.05;

/** The size of a preimage in bits, with its interval. */
export type Information = Pick<Readout, 'bits' | 'low' | 'high'>;

/** The size of a preimage that is known. @param bits null of an empty one */
export const exactInformation = (bits: number | null): Information => ({ bits, low: bits ?? 0, high: bits });

/**
 * Puts a preimage in words, as a whole and by place.
 * @param figures of the whole
 * @param ids the query's input
 * @param seed as in {@link featureBits}
 */
export function readoutByPlace(
  prior: Prior,
  sample: WeightedSample,
  figures: readonly FeatureBits[],
  ids: readonly number[],
  seed: number,
  { bits, low, high }: Information,
): Readout {
  const parts = partsOf(sample);
  return {
    ...readout(prior, sample, figures, seed),
    places: parts.map(({ place, share, inputs }) => {
      const part = partOf(sample, inputs, share);
      return {
        place,
        share,
        sentence: readout(prior, part, featureBits(prior, part, ids, seed), seed).sentence,
      };
    }),
    bits,
    low,
    high,
  };
}

interface Part {
  readonly place: string;
  readonly share: number;
  readonly inputs: readonly number[];
}

/** The places at which a sample matches, the largest first; none where it is all but one, or where it is not known. */
function partsOf({ inputs, shares, placeOf }: WeightedSample): Part[] {
  if (placeOf === null) return [];
  const parts = new Map<string, { share: number; inputs: number[] }>();
  for (let at = 0; at < inputs; at++) {
    const place = placeOf(at) ?? 'elsewhere';
    const part = parts.get(place) ?? { share: 0, inputs: [] };
    part.share += shares?.[at] ?? 1 / inputs;
    part.inputs.push(at);
    parts.set(place, part);
  }
  const sorted = [...parts].map(([place, part]) => ({ place, ...part })).sort((a, b) => b.share - a.share);
  return (sorted[0]?.share ?? 1) >= oneShare ? [] : sorted.filter(({ share }) => share >= leastShare);
}

const partOf = (
  { shares, codes, effective }: WeightedSample,
  inputs: readonly number[],
  share: number,
): WeightedSample => ({
  inputs: inputs.length,
  shares: shares === null ? null : Float64Array.from(inputs, (at) => (shares[at] ?? 0) / share),
  codes: codes.map((own) => Int32Array.from(inputs, (at) => own[at] ?? 0)),
  effective: effective * share,
  placeOf: null,
});
