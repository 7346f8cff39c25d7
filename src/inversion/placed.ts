/**
 * Where an input has the place that another one is asked about. No library is loaded by this file, so that a page may use
 * it too.
 * @module
 */

/** Names of a query's named places, in order. */
export interface PlacesOfQuery {
  readonly places?: readonly string[] | undefined;
}

/** For each of those places the index of the token that has it in some input, −1 where none has. */
export interface PlacesOfSample {
  readonly places?: readonly number[] | undefined;
}

/**
 * The index of a place in a sample; null where the sample has no such place.
 * @param place a name, or an index of a place without one
 */
export function indexOfPlace(query: PlacesOfQuery, sample: PlacesOfSample, place: string): number | null {
  const named = query.places?.indexOf(place) ?? -1;
  const index = named < 0 ? (/^\d+$/.test(place) ? Number(place) : -1) : (sample.places?.[named] ?? -1);
  return index < 0 ? null : index;
}
