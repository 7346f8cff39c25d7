/**
 * The progress of the guided reading.
 * @module
 */
import type { Settings } from '../state/settings.svelte.js';
import { sayProblem } from '../problems.js';
import type { Workbench } from '../state/workbench.svelte.js';
import { ioiTour } from './ioi-steps.js';
import { additionTour, type Step, type Tour } from './steps.js';

/** The first that the open case can be shown by. */
const tours: readonly Tour[] = [ioiTour, additionTour];

/** The guided reading. */
export interface Guide {
  readonly step: Step | null;
  /** What the step says. */
  readonly text: string;
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
  let tour = $state.raw<Tour>(additionTour);
  const step = $derived(at === null ? null : (tour.steps[at] ?? null));

  const end = (): void => {
    at = null;
    settings.guided = true;
  };
  function next(): void {
    if (at === null) return;
    if (step?.done?.(bench) === false) step.act?.(bench);
    if (at + 1 < tour.steps.length) at++;
    else end();
  }
  return {
    get step() {
      return step;
    },
    get at() {
      return at ?? 0;
    },
    get of() {
      return tour.steps.length;
    },
    get text() {
      if (step === null) return '';
      return typeof step.text === 'string' ? step.text : step.text(bench);
    },
    get problem() {
      return problem;
    },
    async begin() {
      const fitting = tours.find((one) => one.caseOf(bench) !== null) ?? additionTour;
      tour = fitting;
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
        const id = fitting.caseOf(bench);
        if (id !== null && choice.asking.case !== id) await bench.chooseCase(id);
        await bench.type(fitting.input, true);
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
