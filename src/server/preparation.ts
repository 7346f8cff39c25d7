/**
 * Graphs compiled before anyone asks for them, while nobody waits: the first reading is then as quick as the next.
 * @module
 */
import { type Queue } from '../jobs/queue.js';
import { fullName } from '../models/hooks.js';
import { type WorkbenchThread } from './workbench/thread.js';

/** How far it has come. */
export interface Preparation {
  /** Prepares all sites of all cases that can be read; ends early when the signal is aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** Share of it that is done, 0 … 1. */
  done(): number;
  /** Whether a site can be read at once. */
  isReady(caseId: string, site: string): boolean;
  /** Notes that it can. */
  note(caseId: string, site: string): void;
}

/** Makes a preparation, which begins with `start`. */
export function createPreparation(workbench: WorkbenchThread, queue: Queue): Preparation {
  const ready = new Set<string>();
  const key = (caseId: string, site: string): string => `${caseId} ${fullName(site)}`;
  let [all, past] = [0, 0];
  return {
    async start(signal) {
      const { cases } = await workbench.call('cases', null, { signal });
      const wanted = cases
        .filter(({ unavailable }) => unavailable === null)
        .flatMap(({ id, sites }) => sites.map(({ site }) => ({ case: id, site })));
      all = wanted.length;
      for (const one of wanted) {
        if (!ready.has(key(one.case, one.site)))
          await queue.run(() => workbench.call('prepare', one, { signal }), { signal, idle: true });
        ready.add(key(one.case, one.site));
        past += 1;
      }
    },
    done: () => (all === 0 ? 0 : past / all),
    isReady: (caseId, site) => ready.has(key(caseId, site)),
    note: (caseId, site) => void ready.add(key(caseId, site)),
  };
}
