/**
 * The trainings of the server: their list, and one that is watched while it runs. They go on when the page is closed.
 * @module
 */
import type { Client } from '../../../src/server/client.js';
import type {
  StartRequest,
  Training,
  TrainingDetail,
  TrainingEvent,
} from '../../../src/workbench/verbs/trainings.js';
import { createFollow } from '../follow.svelte.js';
import { sayProblem } from '../problems.js';

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

/** Makes it; nothing is asked before `load` or `watch`. */
export function createTrainings(client: Client): Trainings {
  let list = $state.raw<readonly Training[] | null>(null);
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

  // A server that was restarted still has the training.
  const watching = createFollow<string, TrainingEvent, TrainingDetail | null>({
    name: 'The progress of the training',
    open: (name, signal) => client.watchTraining(name, signal),
    isLast: ({ event, data }) =>
      (event === 'training' && !isRunning(data)) || (event === 'points' && !isRunning(data.training)),
    empty: null,
    begin: (before, _same, name) => (before?.name === name ? before : null),
    retry: 1500,
    take(before, { event, data }) {
      if (event === 'error') return before;
      put(event === 'training' ? data : data.training);
      if (event === 'training') return data;
      return before && { ...before, ...data.training, points: [...before.points, ...data.points] };
    },
  });

  return {
    get list() {
      return list;
    },
    get detail() {
      return watching.answer;
    },
    get problem() {
      return problem || watching.problem;
    },
    load,
    watch(name) {
      watching.start(name, true);
      return () => watching.cancel();
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
        const detail = watching.answer;
        if (detail?.name === name) watching.show({ ...detail, ...changed }, name);
        problem = '';
      } catch (error) {
        problem = sayProblem(error);
      }
    },
  };
}
