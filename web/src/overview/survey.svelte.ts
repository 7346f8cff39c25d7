/**
 * The overview of one input: cells as they come.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { OverviewCell, OverviewEvent, OverviewRequest } from '../../../src/server/contract/index.js';
import { isAbort, sayProblem } from '../manners/problems.js';

/** The axes of an overview. */
export type Plan = Extract<OverviewEvent, { event: 'plan' }>['data'];

/** An overview that runs or ran. */
export interface Survey {
  readonly plan: Plan | null;
  /** By `site position`. */
  readonly cells: ReadonlyMap<string, OverviewCell>;
  readonly working: boolean;
  readonly waiting: string;
  readonly problem: string;
  /** Begins, unless the same was asked before. @param again begins anyhow */
  start(request: OverviewRequest, again?: boolean): void;
  stop(): void;
}

/** How a cell is found. */
export const cellKey = (site: string, position: number): string => `${site} ${position}`;

/** Makes it; nothing is asked before `start`. */
export function createSurvey(client: Client): Survey {
  let plan = $state.raw<Plan | null>(null);
  let cells = $state.raw<ReadonlyMap<string, OverviewCell>>(new Map());
  let working = $state(false);
  let waiting = $state('');
  let problem = $state('');
  let asked = '';
  /** What the cells answer: the same question gives the same ones, so they stay while it is asked again. */
  let answered = '';
  let controller: AbortController | null = null;

  async function follow(request: OverviewRequest, own: AbortController): Promise<void> {
    try {
      for await (const { event, data } of client.overview(request, own.signal)) {
        if (own !== controller) return;
        switch (event) {
          case 'queued':
            waiting = data.preparing ?? (data.ahead > 0 ? `waiting, ${data.ahead} before` : '');
            break;
          case 'plan':
            [plan, waiting] = [data, ''];
            break;
          case 'cell':
            cells = new Map(cells).set(cellKey(data.site, data.position), data);
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
      [working, problem] = [true, ''];
      if (answered !== wanted || again) [answered, cells] = [wanted, new Map()];
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
