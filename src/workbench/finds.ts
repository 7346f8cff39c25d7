/**
 * What searches of a case found, so that what an activation tells is said of the samples on screen, and ε and metric move
 * without a new search.
 * @module
 */
import { type Candidate } from '../inversion/view.js';
import { type OpenCase } from './open-cases.js';

/** Which activation was searched for. */
export interface Sought {
  readonly ids: readonly number[];
  /** Full hook name. */
  readonly site: string;
  readonly position: number;
  readonly seed: number;
}

/** Finds of the last searches. */
export interface Finds {
  /** Candidates so far, of a search that was stopped too; null where there was none. */
  of(sought: Sought): readonly Candidate[] | null;
  /** A list for a new search, to which its candidates are added as they come. */
  begin(sought: Sought): Candidate[];
}

/** Searches whose finds are kept: some thousand inputs each. */
const mostSearches = 8;

function createFinds(): Finds {
  const found = new Map<string, Candidate[]>();
  const key = ({ ids, site, position, seed }: Sought): string => JSON.stringify([ids, site, position, seed]);
  return {
    of: (sought) => found.get(key(sought)) ?? null,
    begin(sought) {
      const list: Candidate[] = [];
      found.delete(key(sought));
      found.set(key(sought), list);
      for (const old of [...found.keys()].slice(0, -mostSearches)) found.delete(old);
      return list;
    },
  };
}

/** The finds of a case. */
export const findsOf = (own: OpenCase): Finds => own.part(createFinds, undefined);
