/**
 * One heavy job at a time: the others wait in the order they came, know how many are before them, and can leave.
 * @module
 */

/** Thrown to who comes when too many are waiting. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

/** How a job waits. */
export interface Waiting {
  /** Leaves the line, or is handed to the work to stop it. */
  readonly signal?: AbortSignal;
  /** Called with how many jobs are before this one: at once, whenever it changes, and 0 when it is its turn. */
  readonly onAhead?: (ahead: number) => void;
  /** Works only when nobody else is waiting. */
  readonly idle?: boolean;
}

/** A line of jobs. */
export interface Queue {
  /**
   * Does work when its turn comes.
   * @throws QueueFullError when too many are waiting; the signal's reason when it left the line
   */
  run<T>(work: () => Promise<T>, waiting?: Waiting): Promise<T>;
  /** @throws QueueFullError when too many are waiting */
  expectRoom(): void;
  /** Jobs at work, 0 or 1. */
  working(): number;
  /** Jobs that wait, idle ones left out. */
  waiting(): number;
}

interface Job {
  readonly idle: boolean;
  start(): Promise<void>;
  notify(ahead: number): void;
}

/** Makes a queue. @param most jobs that may wait */
export function createQueue(most: number): Queue {
  const line: Job[] = [];
  let working: Job | null = null;

  const waiting = (): number => line.filter(({ idle }) => !idle).length;
  const notify = (): void => {
    const before = working === null ? 0 : 1;
    line.filter(({ idle }) => !idle).forEach((job, at) => job.notify(at + before));
  };
  const next = (): void => {
    if (working !== null) return;
    const at = line.findIndex(({ idle }) => !idle);
    const [job] = line.splice(Math.max(0, at), 1);
    if (job === undefined) return;
    working = job;
    job.notify(0);
    notify();
    void job.start().finally(() => {
      working = null;
      next();
    });
  };

  const expectRoom = (): void => {
    if (waiting() >= most)
      throw new QueueFullError(`${most} requests are waiting already: try again in a moment.`);
  };

  return {
    run<T>(work: () => Promise<T>, { signal, onAhead, idle = false }: Waiting = {}): Promise<T> {
      signal?.throwIfAborted();
      if (!idle) expectRoom();
      return new Promise<T>((resolve, reject) => {
        let reported = -1;
        const leave = (): void => {
          const at = line.indexOf(job);
          if (at < 0) return;
          line.splice(at, 1);
          notify();
          reject(signal?.reason as Error);
        };
        const job: Job = {
          idle,
          start() {
            signal?.removeEventListener('abort', leave);
            return Promise.resolve().then(work).then(resolve, reject);
          },
          notify(ahead) {
            if (ahead !== reported) onAhead?.(ahead);
            reported = ahead;
          },
        };
        signal?.addEventListener('abort', leave);
        line.push(job);
        next();
        notify();
      });
    },
    expectRoom,
    working: () => (working === null ? 0 : 1),
    waiting,
  };
}
