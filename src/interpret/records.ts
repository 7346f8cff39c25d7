/**
 * What measurements of information are saved as: plain data that reports, plots and other programs take.
 * @module
 */
import { type EpsilonCurve } from './epsilon-curve.js';
import { type Metric } from '../inversion/metrics.js';
import { type Readout } from '../inversion/reading.js';
import { type Used } from '../inversion/reading-parts.js';
import { type Share, shareOf } from '../share.js';
import { type EpsilonSource } from '../tasks/epsilon.js';
import { type Completeness } from './completeness.js';
import { type Estimate } from './estimate.js';
import { type FeatureBits } from './feature-bits.js';
import { type SiteBits } from './mutual-information.js';
import { type SamplerFigures } from './recall.js';

/** One query. */
export interface QueryRecord {
  readonly task: string;
  readonly input: string;
  readonly position: number;
  readonly place: string | null;
  readonly site: string;
  readonly metric: Metric;
  readonly epsilon: number;
  /** Where ε comes from; absent where nobody said. */
  readonly epsilonFrom?: EpsilonSource;
  readonly seed: number;
  readonly model: string;
  /** null where no decoder was asked. */
  readonly decoder: string | null;
  readonly warnings: readonly string[];
}

/** The information in one activation. */
export interface BitsRecord extends QueryRecord {
  readonly exact: { readonly bits: number | null; readonly size: number } | null;
  readonly estimate: Estimate | null;
  readonly features: readonly FeatureBits[];
  readonly readout: Readout;
}

/** How estimates compare with exact values. */
export interface Agreement {
  /** Queries that have both, and those whose interval holds the exact value. */
  readonly queries: number;
  readonly covered: number;
  /** Queries whose estimate was refused. */
  readonly refused: number;
  /** Median of the distances between estimated and exact bits; null without one. */
  readonly medianError: number | null;
}

/** The information in many activations, by site and place. */
export interface SitesRecord {
  readonly task: string;
  readonly metric: Metric;
  readonly epsilon: number;
  /** `curve` where each site and place is measured at the ε that was chosen for it, and at `epsilon` without one. */
  readonly epsilonFrom?: EpsilonSource;
  readonly seed: number;
  readonly queries: number;
  /** Whether the model is known not to have trained on the inputs; else they are those of the task's test split. */
  readonly heldOut: boolean;
  readonly exact: boolean;
  readonly model: string;
  readonly decoder: string | null;
  readonly sites: readonly (SiteBits & { readonly site: string; readonly place: string | null })[];
  /** Features in the order in which they were asked for; absent where nobody chose them. */
  readonly features?: readonly string[];
  readonly agreement: Agreement | null;
}

/** An input inside. */
export interface PreimageSample {
  readonly text: string;
  readonly distance: number;
  readonly matchedPosition: number;
}

/** An ε-preimage found by going through inputs. */
export interface PreimageRecord extends QueryRecord {
  /** Inputs inside, and inputs there are; null where inputs were drawn and only a probability is known. */
  readonly size: number | null;
  readonly total: number | null;
  readonly bits: number | null;
  /** null of an exact set. */
  readonly interval: { readonly low: number; readonly high: number | null } | null;
  /** What is exact and what is not, in a sentence. */
  readonly exactness: string;
  /** Some of the inputs inside, sorted by distance. */
  readonly samples: readonly PreimageSample[];
  /** null where it was not asked for. */
  readonly readout: Readout | null;
  readonly sampler: SamplerFigures | null;
  /** Of a task whose inputs are too many: the parts of the input that vary, and those that are held as they are. */
  readonly conditional?: { readonly varying: readonly string[]; readonly held: readonly string[] };
  /** The place at which inputs were compared; absent where it was the nearest of all positions. */
  readonly at?: string;
  readonly curve?: EpsilonCurve;
  /** Whether what is held is used; absent where it was not asked for. */
  readonly used?: Used;
  /** Inputs within ε of activations that hold nothing of the query; absent where it was not asked for. */
  readonly controls?: readonly ExactControl[];
}

/** How many inputs are near a control's activation. */
export interface ExactControl {
  /** `bos`: the activation of BOS. `random`: random vectors of the query's norm. */
  readonly activation: 'bos' | 'random';
  /** Inputs within ε of each, in order of the draws. */
  readonly sizes: readonly number[];
  /** Distance of the nearest input to each. */
  readonly nearest: readonly number[];
}

/** A completeness scatter. */
export interface CompletenessRecord extends QueryRecord {
  readonly completeness: Completeness;
}

/** Completeness scatters of several queries, at one site or at many. */
export interface CompletenessSweepRecord {
  readonly cells: readonly CompletenessRecord[];
  /** Whether the model is known not to have trained on the inputs; else they are those of the task's test split. */
  readonly heldOut: boolean;
  /** Queries of which no input inside is below the floor. */
  readonly complete: Share;
  /** Inputs inside, over all queries, and those of them below the floor. */
  readonly inside: number;
  readonly belowFloor: number;
}

/** Puts scatters together. @param cells one at least */
export function completenessSweepRecord(
  cells: readonly CompletenessRecord[],
  heldOut: boolean,
): CompletenessSweepRecord {
  const sum = (of: (one: Completeness) => number): number =>
    cells.reduce((total, { completeness }) => total + of(completeness), 0);
  return {
    cells,
    heldOut,
    complete: shareOf(
      sum(({ belowFloor }) => (belowFloor === 0 ? 1 : 0)),
      cells.length,
    ),
    inside: sum(({ inside }) => inside),
    belowFloor: sum(({ belowFloor }) => belowFloor),
  };
}

/** Compares estimates with exact values. */
export function agreementOf(
  pairs: readonly { readonly exact: number | null; readonly estimate: Estimate | null }[],
): Agreement {
  const both = pairs.flatMap(({ exact, estimate }) =>
    exact === null || estimate === null ? [] : [{ exact, ...estimate }],
  );
  const given = both.flatMap(({ exact, bits, low, high }) =>
    bits === null ? [] : [{ exact, bits, low, high }],
  );
  const errors = given.map(({ exact, bits }) => Math.abs(bits - exact)).sort((a, b) => a - b);
  const slack = 1e-6; // the interval of an exhausted preimage is a point
  return {
    queries: given.length,
    covered: given.filter(
      ({ exact, low, high }) => exact >= low - slack && exact <= (high ?? Infinity) + slack,
    ).length,
    refused: both.length - given.length,
    medianError: errors[Math.floor(errors.length / 2)] ?? null,
  };
}
