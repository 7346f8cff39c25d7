/**
 * The overview of one input: cells as they come. One survey holds the quick draws of every cell, another their bits.
 * @module
 */
import type { OverviewPlan, Problem } from '../../../src/server/contract/index.js';
import { isAbort, sayProblem } from '../problems.js';

/** What a map's stream sends. */
export type MapEvent<Plan, Cell> =
  | {
      readonly event: 'queued';
      readonly data: { readonly ahead: number; readonly preparing: string | null };
    }
  | { readonly event: 'plan'; readonly data: Plan }
  | { readonly event: 'cell' | 'bits'; readonly data: Cell }
  | { readonly event: 'done'; readonly data: unknown }
  | { readonly event: 'error'; readonly data: Problem };

/** An overview that runs or ran. */
export interface Survey<Asked, Plan, Cell> {
  readonly plan: Plan | null;
  /** By `site position`. */
  readonly cells: ReadonlyMap<string, Cell>;
  /** Cells that have come since it began. */
  readonly done: number;
  readonly working: boolean;
  readonly waiting: string;
  readonly problem: string;
  /** Begins, unless the same was asked before. @param again begins anyhow */
  start(request: Asked, again?: boolean): void;
  stop(): void;
}

/** How a cell is found. */
export const cellKey = (site: string, position: number): string => `${site} ${position}`;

/**
 * Makes it; nothing is asked before `start`.
 * @param alike what two requests have in common whose cells may stand for each other until the new ones have come
 */
export function createSurvey<
  Asked,
  Plan extends OverviewPlan,
  Cell extends { readonly site: string; readonly position: number },
>(
  ask: (request: Asked, signal: AbortSignal) => AsyncIterable<MapEvent<Plan, Cell>>,
  alike: (request: Asked) => unknown = (request) => request,
): Survey<Asked, Plan, Cell> {
  let plan = $state.raw<Plan | null>(null);
  let cells = $state.raw<ReadonlyMap<string, Cell>>(new Map());
  let done = $state(0);
  let working = $state(false);
  let waiting = $state('');
  let problem = $state('');
  let asked = '';
  /** What the cells answer: the same question gives the same ones, so they stay while it is asked again. */
  let answered = '';
  let controller: AbortController | null = null;

  async function follow(request: Asked, own: AbortController): Promise<void> {
    try {
      for await (const { event, data } of ask(request, own.signal)) {
        if (own !== controller) return;
        switch (event) {
          case 'queued':
            waiting = data.preparing ?? (data.ahead > 0 ? `waiting, ${data.ahead} before` : '');
            break;
          case 'plan':
            [plan, waiting] = [data, ''];
            break;
          case 'cell':
          case 'bits':
            cells = new Map(cells).set(cellKey(data.site, data.position), data);
            done += 1;
            break;
          case 'done':
            break;
          case 'error':
            problem = data.message;
            asked = '';
        }
      }
    } catch (error) {
      if (own !== controller || isAbort(error)) return;
      problem = sayProblem(error);
      asked = '';
    } finally {
      if (own === controller) [working, waiting] = [false, ''];
    }
  }

  return {
    get plan() {
      return plan;
    },
    get cells() {
      return cells;
    },
    get done() {
      return done;
    },
    get working() {
      return working;
    },
    get waiting() {
      return waiting;
    },
    get problem() {
      return problem;
    },
    start(request, again = false) {
      const wanted = JSON.stringify(request);
      if (wanted === asked && !again) return;
      controller?.abort();
      asked = wanted;
      [working, problem, done] = [true, '', 0];
      const question = JSON.stringify(alike(request));
      if (answered !== question || again) [answered, cells] = [question, new Map()];
      controller = new AbortController();
      void follow(request, controller);
    },
    stop() {
      controller?.abort();
      controller = null;
      if (working) asked = '';
      working = false;
    },
  };
}
