/**
 * Inputs that were judged, as they are sent.
 * @module
 */
import { type Colours } from '../inversion/colours.js';
import { type Verdict } from '../inversion/judge.js';
import { type JudgedInput } from '../inversion/view.js';
import { type Task } from '../tasks/task.js';
import { tokensOf } from '../tasks/tokens.js';

/** An input that was judged. @param places names of the query's places */
export function inputOf(task: Task, places: readonly string[], { ids, valid, verdicts }: JudgedInput) {
  const own = new Map(task.places(ids).map(({ name, index }) => [name, index]));
  return {
    tokens: tokensOf(task, ids),
    text: task.decode(ids),
    valid,
    fault: valid ? null : task.check(ids),
    annotation: task.annotate(ids),
    places: places.map((name) => own.get(name) ?? -1),
    euclidean: verdictOf(verdicts.euclidean),
    cosine: verdictOf(verdicts.cosine),
  };
}

/** Colours as they are sent. */
export const sent = ({
  tokenDelta,
  follows,
}: Colours): { tokenDelta: (number | null)[]; follows: number[] } => ({
  tokenDelta: tokenDelta.map((delta) => (delta === null ? null : rounded(delta))),
  follows: [...follows],
});

const verdictOf = ({ distance, position, distances }: Verdict) => ({
  distance: exact(distance),
  position,
  distances: Array.from(distances, rounded),
});

/** A float32 in as few digits as tell it from all others: what is inside ε must not depend on how it was sent. */
export const exact = (value: number): number => Number(value.toPrecision(9));

/** Four digits, for what is only viewed. */
export const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;
