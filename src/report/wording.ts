/**
 * What every form of a report says in the same words and figures.
 * @module
 */
import type { FeatureBits } from '../interpret/feature-bits.js';
import type { OwnSample, Reading, Readout, Sample } from '../inversion/reading.js';
import { shortName } from '../models/hooks.js';

/** Names of the distances. */
export const metricNames: Readonly<Record<Reading['metric'], string>> = {
  euclidean: 'normalized Euclidean distance',
  cosine: 'cosine distance',
};

/** A distance with three digits behind the point, six characters at most. */
export function distanceText(distance: number): string {
  if (!Number.isFinite(distance)) return '∞';
  return Math.abs(distance) < 99.9995 ? distance.toFixed(3) : '>99.99';
}

/** A difference of probabilities with its sign. */
export function deltaText(delta: number): string {
  if (!Number.isFinite(delta)) return '0.000';
  return `${delta < 0 ? '−' : '+'}${Math.abs(delta).toFixed(3)}`;
}

/** What the colour of a token says: how much likelier it is with the activation, or that it is not judged. */
export function likelihoodText(delta: number | null | undefined, follows: boolean): string {
  if (typeof delta !== 'number') return 'not judged';
  return `probability ${deltaText(delta)}${follows ? ' at this place' : ''}`;
}

/** What tokens without a colour of their own mean. */
export const notJudged = 'not judged: every input has it there';
/** How tokens that follow from others are judged; said where there are any. */
export const judgedAtPlace =
  'Tokens that follow from others, as the digits of a sum do, are judged at their place over all inputs that the decoder gives, not after the tokens that settle them.';

/** The distance at the place that is given beside the nearest; a dash where the sample has no such place. */
export const alsoAtDistance = ({ alsoAt }: Sample | OwnSample): string =>
  alsoAt === null || alsoAt === undefined ? '–' : distanceText(alsoAt.distance);

/** How many candidates are near at the place that is given beside the nearest; empty where none was asked for. */
export function alsoAtText({ alsoAt, candidates, epsilon }: Reading): string {
  if (alsoAt === undefined) return '';
  const { place, inside, absent } = alsoAt;
  const without = absent === 0 ? '' : `, ${absent} have no such place`;
  return `At "${place}" itself ${inside} of ${candidates} (${percent(inside, candidates)}) are within ε = ${plainNumber(epsilon)}${without}.`;
}

/** Of a person's own input: on which side of ε, where it is nearest, and how often it was drawn. */
export function ownText({ inside, matchedPosition, drawn, valid, tokenDelta }: OwnSample): string {
  const parts = [
    `${inside ? 'inside' : 'outside'} ε, matched at position ${matchedPosition}`,
    drawn === 0 ? 'not among the candidates' : `drawn ${counted(drawn, 'time')}`,
    ...(valid ? [] : ['not an input of the task']),
    ...(tokenDelta.every((delta) => delta === null) ? ['the decoder cannot say it'] : []),
  ];
  return parts.join('; ');
}

/** The temperature that a sample was drawn at: `T 0.5`; empty where it is not known. */
export const temperatureText = (temperature: number | undefined): string =>
  temperature === undefined ? '' : `T ${plainNumber(temperature)}`;

/** A number as it was given, without the digits that float32 adds: 0.1, not 0.10000000149. */
export const plainNumber = (value: number): string => String(Number(value.toPrecision(6)));

/** `79.3%`; of nothing, `0%`. */
export function percent(part: number, whole: number): string {
  return whole > 0 ? `${Number(((100 * part) / whole).toFixed(1))}%` : '0%';
}

/** `1 sample`, `2 samples`. */
export const counted = (count: number, thing: string): string =>
  `${count} ${count === 1 ? thing : `${thing}s`}`;

/**
 * `2,000 held-out inputs`; of a model that may have trained on them, `2,000 test-split inputs`.
 * @param things singular and plural
 */
export const askedInputs = (
  count: number,
  heldOut: boolean,
  [one, more]: readonly [string, string] = ['input', 'inputs'],
): string =>
  `${count.toLocaleString('en')} ${heldOut ? 'held-out' : 'test-split'} ${count === 1 ? one : more}`;

/** What is read: `a0.0 at "="`, or the token's index where the place has no name. */
export function subject({ query }: Reading): string {
  return `${shortName(query.site)} at ${query.place === null ? `position ${query.position}` : `"${query.place}"`}`;
}

/** The name of the queried place: `"=", position 8`. */
export function positionText({ query }: Pick<Reading, 'query'>): string {
  const place = query.place === null ? '' : `"${query.place}", `;
  return `${place}position ${query.position}`;
}

/** What stands before the interval of an estimate: it holds the true value in 95% of cases, or more of them. */
export const atLeast = 'at least 95%:';

/**
 * Says why features tell more than the activation, where one does; else null.
 * @param bits information in the activation; null where there is no number
 */
export function aboveWhole(
  features: readonly Pick<FeatureBits, 'feature' | 'bits'>[],
  bits: number | null,
): string | null {
  const [most] = [...features].sort((a, b) => b.bits - a.bits);
  if (most === undefined || bits === null || most.bits < bits + 0.005) return null;
  return (
    `${most.feature} tells ${most.bits.toFixed(2)} bits, more than the ${bits.toFixed(2)} of the activation: a feature’s bits are ` +
    `a mean over all its values (what its entropy loses), the activation’s are the surprise of this one preimage, which is likelier than most.`
  );
}

/** What the samples tell, a line for each place where they match at several, and how many bits that is. */
export function readoutLines(readout: Readout): string[] {
  const { bits, low, high, searched } = readout;
  if (bits === null) {
    const why =
      searched === true
        ? 'Inputs were searched for: how often they occur, and so the bits, is for exact preimages to say.'
        : 'Too little was found for a number of bits.';
    return [...readoutSentences(readout), why];
  }
  const range =
    high === null || high - low < 0.05 ? '' : ` (${atLeast} ${low.toFixed(1)} to ${high.toFixed(1)})`;
  const sentences = readoutSentences(readout);
  return [
    ...sentences.slice(0, -1),
    `${sentences.at(-1)?.slice(0, -1) ?? ''}: ${bits.toFixed(1)} bits${range}.`,
  ];
}

/** What the samples tell, a line for each place where they match at several. */
export function readoutSentences({ sentence, places }: Readout): string[] {
  if (places.length === 0) return [`It tells ${sentence}.`];
  const parts = places.map(
    ({ place, share, sentence: own }) =>
      `Where it matches at "${place}" (${(100 * share).toFixed(0)}%): ${own}.`,
  );
  return [...parts, `All in all: ${sentence}.`];
}

/** The samples on either side of ε, each sorted by distance. */
export function sides(samples: readonly Sample[]): { inside: Sample[]; outside: Sample[] } {
  const sorted = [...samples].sort((a, b) => a.distance - b.distance);
  return {
    inside: sorted.filter((sample) => sample.inside),
    outside: sorted.filter((sample) => !sample.inside),
  };
}

/** Share of a full bar, 0 … 1. A bar is full at five times ε, so that the rule at ε stands at a fifth of it. */
export function barShare(distance: number, epsilon: number): number {
  const share = distance / (5 * epsilon);
  return Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share));
}

/**
 * Bytes as people read them.
 * @example sizeText(538_060_416) // '513 MiB'
 */
export const sizeText = (bytes: number): string =>
  bytes < 2 ** 20
    ? `${(bytes / 2 ** 10).toFixed(0)} KiB`
    : bytes < 2 ** 30
      ? `${(bytes / 2 ** 20).toFixed(0)} MiB`
      : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
