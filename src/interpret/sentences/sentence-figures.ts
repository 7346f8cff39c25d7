/**
 * How well a sentence describes a preimage: how often it is true inside, outside and of all inputs, and what it accounts
 * for of the information in the activation.
 * @module
 */
import { type Level } from '../../share.js';
import { type Control } from '../../inversion/reading-parts.js';
import { meanOf } from '../mutual-information.js';
import { type ControlEvidence, type Evidence } from './evidence.js';
import { type InputSet, type KnownShare, shareIn } from './input-set.js';

/** A number; without ends where it is known and not estimated. Of an estimate `high` is null where nothing bounds it. */
export interface Ranged {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Of inputs that were looked at one by one, those for which a sentence is true. */
export interface Counted {
  readonly true: number;
  readonly of: number;
}

/** A sentence near an activation that holds nothing of the query, or of what a decoder says for it. */
export interface ControlFigures {
  readonly activation: Control['activation'];
  /** The mean of the sets' shares; null where they have none. */
  readonly share: KnownShare | null;
  readonly inputs: Counted;
}

/** What was measured of a sentence and a query. */
export interface SentenceFigures {
  /** Whether it is true of the query itself; null where it was not asked. */
  readonly own: boolean | null;
  /** Precision: the share of the preimage for which it is true; null where no share can be given. */
  readonly inside: KnownShare | null;
  /** Distinct inputs inside that were looked at. */
  readonly counted: Counted;
  /** The base rate: its share of all inputs of the task; null where it was not measured. */
  readonly all: KnownShare | null;
  readonly outside: KnownShare | null;
  /** Precision over base rate; null without one of them, or where it is true of no input. */
  readonly lift: Ranged | null;
  /** Share of the inputs for which it is true that are inside; null where not all inputs were run. */
  readonly recall: number | null;
  /** Bits of the activation’s information that it accounts for. */
  readonly bits: Ranged | null;
  readonly controls: readonly ControlFigures[];
  /** Texts of inputs that it does not describe: inside and false, outside and true, the nearest first. */
  readonly counterexamples: { readonly inside: readonly string[]; readonly outside: readonly string[] };
}

/** A share at a level of its interval. */
export type ShareAt = (level: Level) => KnownShare | null;

/** Lift and bits of a sentence. @param most that the activation has of information; null where it is not known */
export function gained(
  inside: ShareAt,
  all: ShareAt,
  most: number | null,
): Pick<SentenceFigures, 'lift' | 'bits'> {
  const [p, b] = [inside(0.95), all(0.95)];
  if (p === null || b === null || b.share === 0) return { lift: null, bits: null };
  const known = p.low === null && b.low === null;
  const value = p.share / b.share;
  const own = bitsAccounted(p.share, b.share);
  if (known) return { lift: { value, low: null, high: null }, bits: { value: own, low: null, high: null } };
  // Both ends hold together in 95% of cases: two estimates take half of the rest each.
  const level = p.low === null || b.low === null ? 0.95 : 0.975;
  const ends = (at: ShareAt): readonly [number, number] => {
    const one = at(level);
    return [one?.low ?? one?.share ?? 0, one?.high ?? one?.share ?? 1];
  };
  const [[insideLow, insideHigh], [allLow, allHigh]] = [ends(inside), ends(all)];
  const high = bitsAccounted(insideHigh, allLow);
  const bound = Math.min(high, most ?? Infinity);
  return {
    lift: {
      value,
      low: insideLow / allHigh,
      high: allLow === 0 ? null : insideHigh / allLow,
    },
    bits: {
      value: own,
      low: Math.min(own, bitsAccounted(insideLow, allHigh)),
      high: Number.isFinite(bound) ? Math.max(own, bound) : null,
    },
  };
}

/**
 * Bits by which a share inside differs from that of all inputs: the divergence of being true inside from being true at
 * all, which is never more than the information in the activation. A sentence that is no truer inside accounts for none.
 * @param p share inside
 * @param b share of all inputs
 */
export function bitsAccounted(p: number, b: number): number {
  if (p <= b) return 0;
  const term = (share: number, of: number): number => (share === 0 ? 0 : share * Math.log2(share / of));
  return Math.max(0, term(p, b) + term(1 - p, 1 - b));
}

/** How a sentence fares in a set, one of those of an evidence. */
export type IsTrue = (set: InputSet) => (at: number) => boolean;

/** Counts the inputs for which a sentence is true. */
export function countedIn(set: InputSet, isTrue: IsTrue): Counted {
  const test = isTrue(set);
  let hits = 0;
  for (let at = 0; at < set.count; at++) if (test(at)) hits++;
  return { true: hits, of: set.count };
}

/** Puts the sets of a control together. Several vectors give the interval of their mean. */
export function controlFigures({ activation, sets }: ControlEvidence, isTrue: IsTrue): ControlFigures {
  const shares = sets.flatMap((set) => shareIn(set, isTrue(set)) ?? []);
  const counts = sets.map((set) => countedIn(set, isTrue));
  const inputs = {
    true: counts.reduce((sum, one) => sum + one.true, 0),
    of: counts.reduce((sum, one) => sum + one.of, 0),
  };
  const [first, ...more] = shares;
  if (first === undefined || more.length === 0) return { activation, share: first ?? null, inputs };
  const {
    bits: share,
    low,
    high,
  } = meanOf(
    shares.map((one) => one.share),
    1,
  );
  return { activation, share: { share, low, high }, inputs };
}

/** Inputs of a set by a test, the nearest first. */
export function nearestOf(set: InputSet, test: (at: number) => boolean, most: number): number[] {
  const found: { readonly at: number; readonly distance: number }[] = [];
  for (let at = 0; at < set.count; at++) {
    if (!test(at)) continue;
    const distance = set.distanceOf?.(at) ?? at;
    if (found.length === most && distance >= (found.at(-1)?.distance ?? Infinity)) continue;
    found.push({ at, distance });
    found.sort((a, b) => a.distance - b.distance);
    if (found.length > most) found.pop();
  }
  return found.map(({ at }) => at);
}

/** Texts of the nearest inputs that a sentence does not describe. */
export function counterexamples(
  { prior: { task }, inside, outside }: Evidence,
  isTrue: IsTrue,
  most: number,
): SentenceFigures['counterexamples'] {
  const [within, without] = [isTrue(inside), isTrue(outside)];
  const texts = (set: InputSet, test: (at: number) => boolean): string[] => [
    ...new Set(nearestOf(set, test, most).map((at) => task.decode(set.idsOf(at)))),
  ];
  return { inside: texts(inside, (at) => !within(at)), outside: texts(outside, without) };
}
