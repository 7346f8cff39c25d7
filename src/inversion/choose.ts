/**
 * Which of the judged candidates a person is shown.
 * @module
 */
import { type Random } from '../random.js';

/** Share of the shown that are inside where there are enough of both: the middle of the published 60–80%. */
const insideShare = 0.7;

/**
 * Draws `count` of the distinct candidates, about 70% of them inside where possible, sorted by distance.
 * @param candidates judged candidates
 * @param key equal for equal inputs; the first of equals stands for all
 */
export function chooseShown<T extends { readonly distance: number; readonly inside: boolean }>(
  candidates: readonly T[],
  key: (candidate: T) => string,
  count: number,
  random: Random,
): T[] {
  const first = new Map<string, T>();
  for (const candidate of candidates) {
    const own = key(candidate);
    if (!first.has(own)) first.set(own, candidate);
  }
  const distinct = [...first.values()];
  const inside = draw(
    distinct.filter((candidate) => candidate.inside),
    random,
  );
  const outside = draw(
    distinct.filter((candidate) => !candidate.inside),
    random,
  );
  const wanted = Math.max(Math.round(count * insideShare), count - outside.length);
  const shownInside = inside.slice(0, wanted);
  const shown = [...shownInside, ...outside.slice(0, count - shownInside.length)];
  return shown.sort((a, b) => a.distance - b.distance);
}

/** The list in random order. */
function draw<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
