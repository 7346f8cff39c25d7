/**
 * A predicate measured on a preimage, and several of them together.
 * @module
 */
import { type FeatureValue, featureValue } from '../../tasks/feature.js';
import { type Evidence } from './evidence.js';
import { type InputSet, priorSet, shareIn } from './input-set.js';
import { type Predicate, type ValuesByName, holds } from './predicate.js';
import {
  type IsTrue,
  type SentenceFigures,
  controlFigures,
  countedIn,
  counterexamples,
  gained,
} from './sentence-figures.js';

/** Counterexamples of each kind. */
const shownExamples = 3;

/** A predicate’s figures, and where it is true among all inputs of the prior. */
export interface Measured {
  readonly figures: SentenceFigures;
  readonly truth: Uint8Array;
}

/** Measures a predicate. */
export function measurePredicate(predicate: Predicate, evidence: Evidence): Measured {
  const { prior, ids, inside, outside, kind, information, controls } = evidence;
  const queryValues = new Map<string, FeatureValue>(
    prior.tables.map(({ feature }) => [feature.name, featureValue(prior.task, feature, ids)]),
  );
  const query: ValuesByName = (name) => queryValues.get(name) ?? null;
  const everything = priorSet(prior);
  const truth = new Uint8Array(everything.count);
  for (let at = 0; at < truth.length; at++)
    if (holds(predicate, everything.valuesOf(at), query)) truth[at] = 1;
  const isTrue: IsTrue = ({ members, valuesOf }) =>
    members === undefined
      ? (at) => holds(predicate, valuesOf(at), query)
      : (at) => truth[members[at] ?? 0] === 1;
  const testInside = isTrue(inside);
  const counted = countedIn(inside, isTrue);
  const whole = truth.reduce((sum, one) => sum + one, 0);
  return {
    truth,
    figures: {
      own: holds(predicate, query, query),
      inside: shareIn(inside, testInside),
      counted,
      all: shareIn(everything, (at) => truth[at] === 1),
      outside: shareIn(outside, isTrue(outside)),
      ...gained(
        (level) => shareIn(inside, testInside, level),
        (level) => shareIn(everything, (at) => truth[at] === 1, level),
        information === null ? null : information.high,
      ),
      recall: kind === 'exact' && whole > 0 ? counted.true / whole : null,
      controls: controls.map((control) => controlFigures(control, isTrue)),
      counterexamples: counterexamples(evidence, isTrue, shownExamples),
    },
  };
}

/**
 * Bits that sentences account for together: the divergence of their joint truth inside from that of all inputs. Those that
 * are no truer inside than outside take no part.
 * @returns null where the preimage or the inputs are not known whole
 */
export function accountedTogether(
  { inside }: { readonly inside: InputSet },
  measured: readonly Measured[],
): number | null {
  const { members } = inside;
  if (members === undefined || members.length === 0) return null;
  const taking = measured.filter(({ figures }) => (figures.inside?.share ?? 0) > (figures.all?.share ?? 0));
  const inputs = taking[0]?.truth.length ?? 0;
  // Inputs fall into cells by which of the sentences are true of them; a cell is numbered when it is first met.
  let cells = new Int32Array(inputs);
  let count = 1;
  for (const { truth } of taking) {
    const numbers = new Map<number, number>();
    cells = cells.map((cell, at) => {
      const key = cell * 2 + (truth[at] ?? 0);
      const known = numbers.get(key) ?? numbers.size;
      numbers.set(key, known);
      return known;
    });
    count = numbers.size;
  }
  const [own, all] = [new Float64Array(count), new Float64Array(count)];
  for (const cell of cells) all[cell] = (all[cell] ?? 0) + 1;
  for (let at = 0; at < members.length; at++) {
    const cell = cells[members[at] ?? 0] ?? 0;
    own[cell] = (own[cell] ?? 0) + 1;
  }
  let bits = 0;
  own.forEach((hits, cell) => {
    const share = hits / members.length;
    if (share > 0) bits += share * Math.log2(share / ((all[cell] ?? 0) / inputs));
  });
  return taking.length === 0 ? 0 : Math.max(0, bits);
}
