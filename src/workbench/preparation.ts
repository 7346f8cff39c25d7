/**
 * Graphs compiled before anyone asks for them, while nobody waits: the first reading is then as quick as the next.
 * @module
 */
import { fullName } from '../models/hooks.js';

/** How far it has come. */
export interface Preparation {
  /** Prepares these sites of cases, one after another. */
  start(
    wanted: readonly { readonly case: string; readonly site: string }[],
    prepare: (caseId: string, site: string) => Promise<void>,
  ): Promise<void>;
  /** Share of it that is done, 0 … 1. */
  done(): number;
  /** Whether a site can be read at once. */
  isReady(caseId: string, site: string): boolean;
  /** Notes that it can. */
  note(caseId: string, site: string): void;
}

/** Makes a preparation, which begins with `start`. */
export function createPreparation(): Preparation {
  const ready = new Set<string>();
  const key = (caseId: string, site: string): string => `${caseId} ${fullName(site)}`;
  let [all, past] = [0, 0];
  return {
    async start(wanted, prepare) {
      all = wanted.length;
      for (const { case: id, site } of wanted) {
        if (!ready.has(key(id, site))) await prepare(id, site);
        ready.add(key(id, site));
        past += 1;
      }
    },
    done: () => (all === 0 ? 0 : past / all),
    isReady: (caseId, site) => ready.has(key(caseId, site)),
    note: (caseId, site) => void ready.add(key(caseId, site)),
  };
}
