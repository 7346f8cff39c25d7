/**
 * What an activation tells, asked for when the question has come to rest. The answer under another ε or metric takes the
 * place of the one before when it is there.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  InterpretEvent,
  InterpretRequest,
  ProgressEvent,
  ToldEvent,
} from '../../../src/server/contract/index.js';
import { isAbort, sayProblem } from '../problems.js';

/** An answer, or the way to it. */
export interface Telling {
  /** The last answer. */
  readonly told: ToldEvent | null;
  /** Whether it answers an earlier question. */
  readonly behind: boolean;
  readonly working: boolean;
  /** What is being done. */
  readonly words: string;
  readonly progress: ProgressEvent | null;
  readonly problem: string;
  /** Asks, unless the same was asked before; null asks nothing and forgets. */
  ask(request: InterpretRequest | null, again?: boolean): void;
  /** Stops the work; what has come stays. */
  stop(): void;
}

/** How long ε or the question rests before it is asked: who walks over sites is not held up. */
const restMilliseconds = 300;
/** Answers kept for who comes back. */
const mostKept = 40;
const kept = new Map<string, ToldEvent>();

/** Makes it; nothing is asked before `ask`. */
export function createTelling(client: Client): Telling {
  let told = $state.raw<ToldEvent | null>(null);
  let behind = $state(false);
  let working = $state(false);
  let words = $state('');
  let progress = $state.raw<ProgressEvent | null>(null);
  let problem = $state('');
  let asked = '';
  let controller: AbortController | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;

  function halt(): void {
    clearTimeout(resting);
    controller?.abort();
    controller = null;
    [working, words, progress] = [false, '', null];
  }

  function take({ event, data }: InterpretEvent): void {
    switch (event) {
      case 'queued':
        words = data.ahead > 0 ? `Waiting, ${data.ahead} before` : 'Measuring…';
        break;
      case 'progress':
        progress = data;
        words = data.done === data.all ? 'Measuring features…' : '';
        break;
      case 'told':
        [told, behind, working, words, progress] = [data, false, false, '', null];
        kept.set(asked, data);
        for (const old of [...kept.keys()].slice(0, -mostKept)) kept.delete(old);
        break;
      case 'error':
        problem = data.message;
        asked = '';
    }
  }

  async function follow(request: InterpretRequest, own: AbortController): Promise<void> {
    try {
      for await (const event of client.interpret(request, own.signal)) {
        if (own !== controller) return;
        take(event);
      }
      if (own === controller && behind && problem === '') problem = 'The answer broke off before its end.';
    } catch (error) {
      if (own !== controller || isAbort(error)) return;
      problem = sayProblem(error);
      asked = '';
    } finally {
      if (own === controller) [working, words, progress] = [false, '', null];
    }
  }

  return {
    get told() {
      return told;
    },
    get behind() {
      return behind;
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
    ask(request, again = false) {
      const wanted = request === null ? '' : JSON.stringify(request);
      if (wanted === asked && !again) return;
      halt();
      [asked, problem] = [wanted, ''];
      if (request === null) {
        [told, behind] = [null, false];
        return;
      }
      const known = kept.get(wanted);
      if (known !== undefined && !again) {
        [told, behind] = [known, false];
        return;
      }
      [behind, working] = [told !== null, true];
      resting = setTimeout(() => {
        controller = new AbortController();
        void follow(request, controller);
      }, restMilliseconds);
    },
    stop() {
      if (working) asked = '';
      halt();
    },
  };
}
