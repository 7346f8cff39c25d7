/**
 * The trainings of the server: their list, and one that is watched while it runs. They go on without the page.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type { StartRequest, Training, TrainingDetail } from '../../../src/server/contract/index.js';
import { isAbort, sayProblem } from '../problems.js';

/** What the page knows of trainings. */
export interface Trainings {
  readonly list: readonly Training[] | null;
  /** The watched one. */
  readonly detail: TrainingDetail | null;
  readonly problem: string;
  /** Asks for the list. */
  load(): Promise<void>;
  /** Watches a training until it ends or the returned function is called. */
  watch(name: string): () => void;
  start(request: StartRequest): Promise<Training | null>;
  steer(name: string, what: 'pause' | 'resume' | 'stop'): Promise<void>;
}

/** Whether its process is at work. */
export const isRunning = ({ state }: Training): boolean =>
  state === 'starting' || state === 'running' || state === 'pausing';

const retryMilliseconds = 1500;

/** Makes it; nothing is asked before `load` or `watch`. */
export function createTrainings(client: Client): Trainings {
  let list = $state.raw<readonly Training[] | null>(null);
  let detail = $state.raw<TrainingDetail | null>(null);
  let problem = $state('');

  const put = (changed: Training): void => {
    list = (list ?? []).map((known) => (known.name === changed.name ? changed : known));
  };

  async function load(): Promise<void> {
    try {
      list = (await client.trainings()).trainings;
      problem = '';
    } catch (error) {
      problem = sayProblem(error);
    }
  }

  async function follow(name: string, signal: AbortSignal): Promise<void> {
    for await (const { event, data } of client.watchTraining(name, signal)) {
      if (signal.aborted) return;
      if (event === 'error') problem = data.message;
      else if (event === 'training') {
        detail = data;
        put(data);
      } else if (detail?.name === name) {
        detail = { ...detail, ...data.training, points: [...detail.points, ...data.points] };
        put(data.training);
      }
    }
  }

  return {
    get list() {
      return list;
    },
    get detail() {
      return detail;
    },
    get problem() {
      return problem;
    },
    load,
    watch(name) {
      const controller = new AbortController();
      const { signal } = controller;
      const watch = async (): Promise<void> => {
        // A server that is started again has the training still.
        while (!signal.aborted) {
          try {
            await follow(name, signal);
            problem = '';
            if (detail !== null && !isRunning(detail)) return;
          } catch (error) {
            if (isAbort(error)) return;
            problem = sayProblem(error);
          }
          await new Promise((resolve) => setTimeout(resolve, retryMilliseconds));
        }
      };
      if (detail?.name !== name) detail = null;
      void watch();
      return () => controller.abort();
    },
    async start(request) {
      try {
        const started = await client.startTraining(request);
        await load();
        return started;
      } catch (error) {
        problem = sayProblem(error);
        return null;
      }
    },
    async steer(name, what) {
      try {
        const changed = await client.steerTraining(name, what);
        put(changed);
        if (detail?.name === name) detail = { ...detail, ...changed };
        problem = '';
      } catch (error) {
        problem = sayProblem(error);
      }
    },
  };
}
