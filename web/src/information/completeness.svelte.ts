/**
 * A completeness scatter in the making, and the last one made.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { CompletenessRequest, ProgressEvent, ScatterEvent } from '../../../src/server/contract/index.js';
import { isAbort, sayProblem } from '../problems.js';

/** See the module. */
export interface Scattering {
  readonly scatter: ScatterEvent | null;
  /** The question that it answers, as text; empty without one. */
  readonly answered: string;
  readonly working: boolean;
  readonly words: string;
  readonly progress: ProgressEvent | null;
  readonly problem: string;
  start(request: CompletenessRequest): void;
  stop(): void;
}

/** Makes it; nothing is asked before `start`. */
export function createScattering(client: Client): Scattering {
  let scatter = $state.raw<ScatterEvent | null>(null);
  let answered = $state('');
  let working = $state(false);
  let words = $state('');
  let progress = $state.raw<ProgressEvent | null>(null);
  let problem = $state('');
  let controller: AbortController | null = null;

  async function follow(request: CompletenessRequest, own: AbortController): Promise<void> {
    try {
      for await (const { event, data } of client.completeness(request, own.signal)) {
        if (own !== controller) return;
        switch (event) {
          case 'queued':
            words = data.ahead > 0 ? `Waiting, ${data.ahead} before` : '';
            break;
          case 'progress':
            [progress, words] = [data, ''];
            break;
          case 'scatter':
            [scatter, answered] = [data, JSON.stringify(request)];
            break;
          case 'error':
            problem = data.message;
        }
      }
    } catch (error) {
      if (own === controller && !isAbort(error)) problem = sayProblem(error);
    } finally {
      if (own === controller) [working, words, progress] = [false, '', null];
    }
  }

  return {
    get scatter() {
      return scatter;
    },
    get answered() {
      return answered;
    },
    get working() {
      return working;
    },
    get words() {
      return words;
    },
    get progress() {
      return progress;
    },
    get problem() {
      return problem;
    },
    start(request) {
      controller?.abort();
      controller = new AbortController();
      [working, words, progress, problem] = [true, 'Going through the inputs…', null, ''];
      void follow(request, controller);
    },
    stop() {
      controller?.abort();
      controller = null;
      [working, words, progress] = [false, '', null];
    },
  };
}
