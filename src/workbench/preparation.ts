/**
 * Sites whose graphs are compiled, of those that are to be before anyone asks: the first reading is then as quick as the
 * next.
 * @module
 */
import { fullName } from '../models/hooks.js';

/** How far it has come. */
export interface Preparation {
  /** Sites of cases that are prepared at the start, and how many of them have been. */
  all: number;
  done: number;
  /** Whether a site can be read at once. */
  isReady(caseId: string, site: string): boolean;
  /** Notes that it can. */
  note(caseId: string, site: string): void;
}

/** Nothing is prepared yet. */
export function createPreparation(): Preparation {
  const ready = new Set<string>();
  const key = (caseId: string, site: string): string => `${caseId} ${fullName(site)}`;
  return {
    all: 0,
    done: 0,
    isReady: (caseId, site) => ready.has(key(caseId, site)),
    note: (caseId, site) => void ready.add(key(caseId, site)),
  };
}
