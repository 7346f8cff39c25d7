/**
 * The progress of the guided reading.
 * @module
 */
import type { Settings } from '../state/settings.svelte.js';
import { sayProblem } from '../problems.js';
import type { Workbench } from '../state/workbench.svelte.js';
import { guided, type Step, steps } from './steps.js';

/** The guided reading. */
export interface Guide {
  readonly step: Step | null;
  readonly at: number;
  readonly of: number;
  readonly problem: string;
  begin(): Promise<void>;
  next(): void;
  back(): void;
  end(): void;
  /** Whether what the step asks for is done; false where it asks for nothing. */
  isDone(): boolean;
}

/** Makes it; nothing is shown before `begin`. */
export function createGuide(bench: Workbench, settings: Settings): Guide {
  let at = $state<number | null>(null);
  let problem = $state('');
  const step = $derived(at === null ? null : (steps[at] ?? null));

  const end = (): void => {
    at = null;
    settings.guided = true;
  };
  function next(): void {
    if (at === null) return;
    if (step?.done?.(bench) === false) step.act?.(bench);
    if (at + 1 < steps.length) at++;
    else end();
  }
  return {
    get step() {
      return step;
    },
    get at() {
      return at ?? 0;
    },
    of: steps.length,
    get problem() {
      return problem;
    },
    async begin() {
      at = 0;
      problem = '';
      bench.view = 'read';
      const { choice, run } = bench.live;
      run.reset();
      Object.assign(choice.asking, {
        site: null,
        position: null,
        temperature: null,
        noise: null,
        candidates: null,
        seed: 1,
      });
      Object.assign(choice.view, { epsilon: null, metric: null, colours: true });
      try {
        if (choice.asking.case !== guided.case) await bench.chooseCase(guided.case);
        await bench.type(guided.input, true);
      } catch (error) {
        problem = sayProblem(error);
      }
    },
    next,
    back() {
      if (at !== null && at > 0) at--;
    },
    end,
    isDone: () => step?.done?.(bench) === true,
  };
}
