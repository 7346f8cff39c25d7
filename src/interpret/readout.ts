/**
 * A reading in words: which features of the input the activation holds, without what follows from others.
 *
 * Features are taken up one after another. Known ones come first, in the order in which the task declares them, simple
 * ones before composed ones; then those known in part: those first that tell much of what they have to tell. Each must tell something that the ones
 * before it do not: the inputs of the prior are reweighted so that those before it are distributed as in the preimage,
 * and what the next feature's entropy loses beyond that is its own. Two digits that are known with their order lost
 * imply their sum, and the sum is then not said again.
 * @module
 */
import { type Readout } from '../inversion/reading.js';
import { entropy, histogram } from './entropy.js';
import { type FeatureBits } from './feature-bits.js';
import { type FeatureTable, type Prior } from './prior.js';
import { type WeightedSample } from './sample.js';

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

/** A feature, its figures and its value's number in each input of a sample. */
export interface Candidate {
  readonly table: FeatureTable;
  readonly figures: FeatureBits;
  readonly codes: Int32Array;
}

/** Puts the figures of a preimage in words. */
export function readout(
  prior: Prior,
  sample: WeightedSample,
  figures: readonly FeatureBits[],
): FeatureReadout {
  const candidates = candidatesOf(prior, sample, figures);
  const told = new Told(prior, sample);
  const known: Candidate[] = [];
  const partly: Candidate[] = [];
  for (const candidate of candidates) {
    if (candidate.figures.before === 0 || !isKnown(candidate.figures)) continue;
    const own = told.own(candidate);
    // Few draws that all agree are no chance, though as few could not tell how a value is distributed.
    if (own < need(candidate) || sample.effective * own < agreement) continue;
    told.add(candidate);
    known.push(candidate);
  }
  const accounted = told.unlikeliness();
  const open = candidates.filter(({ figures: own }) => !isKnown(own) && own.bits - own.baseline >= leastBits);
  while (partly.length < mostPartly) {
    const next = open
      .filter((candidate) => !partly.includes(candidate))
      .map((candidate) => ({ candidate, own: told.own(candidate) }))
      .filter(({ candidate, own }) => own >= need(candidate) + candidate.figures.baseline)
      .sort((a, b) => weight(b) - weight(a))[0]?.candidate;
    if (next === undefined) break;
    told.add(next);
    partly.push(next);
  }
  const nothing = parts(prior).filter((part) =>
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

/** Brings together what belongs to each feature. */
export const candidatesOf = (
  prior: Prior,
  sample: WeightedSample,
  figures: readonly FeatureBits[],
): Candidate[] =>
  prior.tables.flatMap((table, at) => {
    const own = figures.find(({ feature }) => feature === table.feature.name);
    const codes = sample.codes[at];
    return own === undefined || codes === undefined ? [] : [{ table, figures: own, codes }];
  });

/** Of two features that tell as many bits, the one that has fewer to tell says more with them. */
const weight = ({ own, candidate }: { own: number; candidate: Candidate }): number =>
  (own * own) / candidate.figures.before;

const isKnown = ({ before, after, bits, baseline }: FeatureBits): boolean =>
  after <= (1 - knownShare) * before && bits - baseline >= leastBits / 2;

const need = ({ figures: { before } }: Candidate): number =>
  Math.max(Math.min(leastBits, before / 2), leastShare * before);

const parts = ({ tables }: Prior): string[] => [
  ...new Set(tables.flatMap(({ feature: { about } }) => (about === undefined ? [] : [about]))),
];

/** What the features taken up so far tell: inputs fall into cells by their values. */
export class Told {
  /** Inputs of the prior that lie in a cell the preimage has, and the cell of each. */
  #inputs: Int32Array;
  #cells: Int32Array;
  /** Cell of each input of the sample. */
  #sampleCells: Int32Array;
  /** Share of the preimage, and inputs of the prior, in each cell. */
  #shares: Float64Array = Float64Array.of(1);
  #counts: Float64Array;

  constructor(
    private readonly prior: Prior,
    private readonly sample: WeightedSample,
  ) {
    this.#inputs = Int32Array.from({ length: prior.inputs }, (_, input) => input);
    this.#cells = new Int32Array(prior.inputs);
    this.#sampleCells = new Int32Array(sample.inputs);
    this.#counts = Float64Array.of(prior.inputs);
  }

  /** Bits that a feature tells beyond those. */
  own({ table, figures }: Candidate): number {
    const shares = new Float64Array(table.values.length);
    for (let at = 0; at < this.#inputs.length; at++) {
      const cell = this.#cells[at] ?? 0;
      const code = table.codes[this.#inputs[at] ?? 0] ?? 0;
      shares[code] = (shares[code] ?? 0) + (this.#shares[cell] ?? 0) / (this.#counts[cell] ?? 1);
    }
    return entropy(shares) - figures.after;
  }

  add({ table, codes }: Candidate): void {
    const numbers = new Map<number, number>();
    const width = table.values.length;
    const number = (cell: number, code: number): number => {
      const key = cell * width + code;
      const known = numbers.get(key) ?? numbers.size;
      numbers.set(key, known);
      return known;
    };
    this.#sampleCells = this.#sampleCells.map((cell, at) => number(cell, codes[at] ?? 0));
    const seen = numbers.size;
    this.#shares = histogram(this.#sampleCells, this.sample.shares, seen);
    // Inputs in cells that the preimage does not have weigh nothing and are left behind.
    const cells = this.#cells.map((cell, at) => {
      const key = cell * width + (table.codes[this.#inputs[at] ?? 0] ?? 0);
      return numbers.get(key) ?? -1;
    });
    this.#inputs = this.#inputs.filter((_, at) => (cells[at] ?? -1) >= 0);
    this.#cells = cells.filter((cell) => cell >= 0);
    this.#counts = new Float64Array(seen);
    for (const cell of this.#cells) this.#counts[cell] = (this.#counts[cell] ?? 0) + 1;
  }

  /** Bits by which the preimage's distribution over the cells differs from that of all inputs. */
  unlikeliness(): number {
    let bits = 0;
    this.#shares.forEach((share, cell) => {
      // A value that no drawn input had is about as rare as one in twice as many.
      const before = Math.max(this.#counts[cell] ?? 0, 0.5) / this.prior.inputs;
      if (share > 0) bits += share * Math.log2(share / before);
    });
    return bits;
  }
}

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
