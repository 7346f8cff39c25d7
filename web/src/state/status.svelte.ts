/**
 * What the server is doing, polled while the page is visible.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { ServerStatus } from '../../../src/workbench/verbs/cases.js';

/** The server's state in words. */
export interface Status {
  /** Null when there is nothing to say. */
  readonly words: string | null;
  /** Starts polling; returns a function that stops it. */
  start(): () => void;
}

const everyMilliseconds = 2000;

/** Makes it; no request is sent before `start`. */
export function createStatus(client: Client): Status {
  let known = $state.raw<ServerStatus | null>(null);
  const words = $derived.by(() => {
    if (known === null) return null;
    const { prepared, working, waiting } = known;
    if (waiting > 0) return `Server at work, ${waiting} waiting`;
    if (prepared < 1) return `Preparing models, ${Math.floor(prepared * 100)}%`;
    return working > 0 ? 'Server at work' : null;
  });
  return {
    get words() {
      return words;
    },
    start() {
      let timer: ReturnType<typeof setTimeout>;
      let ended = false;
      const ask = async (): Promise<void> => {
        if (!document.hidden) known = await client.status().catch(() => null);
        if (!ended) timer = setTimeout(() => void ask(), everyMilliseconds);
      };
      void ask();
      return () => {
        ended = true;
        clearTimeout(timer);
      };
    },
  };
}
