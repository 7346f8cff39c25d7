/**
 * What features of a preimage tell beyond others. The inputs of the prior are reweighted so that the others are
 * distributed as in the preimage; what a feature's entropy loses beyond that is its own.
 * @module
 */
import { entropy, histogram } from './entropy.js';
import { type FeatureBits } from './feature-bits.js';
import { type FeatureTable, type Prior } from './prior.js';
import { type WeightedSample } from './sample.js';

/** A feature, its figures and its value's number in each input of a sample. */
export interface Candidate {
  readonly table: FeatureTable;
  readonly figures: FeatureBits;
  readonly codes: Int32Array;
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

/** How often inputs of the prior have a value, by cell: of one feature, entries of cells that have the value at all. */
interface Spread {
  readonly cells: Int32Array;
  readonly codes: Int32Array;
  /** Share of the cell's inputs. */
  readonly shares: Float64Array;
}

/** Most entries of a table of cells by values; above that, entries are looked up by their number. */
const mostDense = 4_000_000;

/** What the features taken up so far tell: inputs fall into cells by their values. */
export class Accounted {
  /** Inputs of the prior that lie in a cell the preimage has, and the cell of each. */
  #inputs: Int32Array;
  #cells: Int32Array;
  /** Cell of each input of the sample. */
  #sampleCells: Int32Array;
  /** Share of the preimage, and inputs of the prior, in each cell. */
  #shares: Float64Array = Float64Array.of(1);
  #counts: Float64Array;
  readonly #spreads = new Map<FeatureTable, Spread>();

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
    return this.#expected(table, this.#shares) - figures.after;
  }

  /**
   * The same where the inputs of the sample have other shares.
   * @param after entropy of the feature with these shares
   */
  ownWith(shares: Float64Array, { table }: Candidate, after: number): number {
    return this.#expected(table, histogram(this.#sampleCells, shares, this.#counts.length)) - after;
  }

  /** These and one more. */
  and(candidate: Candidate): Accounted {
    const more = new Accounted(this.prior, this.sample);
    more.#inputs = this.#inputs;
    more.#cells = this.#cells;
    more.#sampleCells = this.#sampleCells;
    more.#shares = this.#shares;
    more.#counts = this.#counts;
    more.add(candidate);
    return more;
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
    this.#spreads.clear();
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

  /** Entropy of a feature over inputs of the prior, reweighted to these shares of the cells. */
  #expected(table: FeatureTable, cellShares: Float64Array): number {
    const { cells, codes, shares } = this.#spread(table);
    const out = new Float64Array(table.values.length);
    for (let at = 0; at < cells.length; at++) {
      const code = codes[at] ?? 0;
      out[code] = (out[code] ?? 0) + (cellShares[cells[at] ?? 0] ?? 0) * (shares[at] ?? 0);
    }
    return entropy(out);
  }

  #spread(table: FeatureTable): Spread {
    const known = this.#spreads.get(table);
    if (known !== undefined) return known;
    const width = table.values.length;
    const size = this.#counts.length * width;
    const entries: [key: number, count: number][] = [];
    const keyAt = (at: number): number =>
      (this.#cells[at] ?? 0) * width + (table.codes[this.#inputs[at] ?? 0] ?? 0);
    if (size <= mostDense) {
      const counts = new Float64Array(size);
      for (let at = 0; at < this.#inputs.length; at++) {
        const key = keyAt(at);
        counts[key] = (counts[key] ?? 0) + 1;
      }
      counts.forEach((count, key) => {
        if (count > 0) entries.push([key, count]);
      });
    } else {
      const counts = new Map<number, number>();
      for (let at = 0; at < this.#inputs.length; at++) {
        const key = keyAt(at);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      entries.push(...counts);
    }
    const cells = Int32Array.from(entries, ([key]) => Math.floor(key / width));
    const spread = {
      cells,
      codes: Int32Array.from(entries, ([key]) => key % width),
      shares: Float64Array.from(entries, ([, count], at) => count / (this.#counts[cells[at] ?? 0] ?? 1)),
    };
    this.#spreads.set(table, spread);
    return spread;
  }
}
