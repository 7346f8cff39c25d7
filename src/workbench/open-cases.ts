/**
 * Cases that are open: loaded once, with what verbs made for them, until others push them out or their files change.
 * @module
 */
import { type z } from 'zod';
import { InputError } from '../input-error.js';
import { type Task } from '../tasks/task.js';
import {
  type Case,
  type LoadedCase,
  describeUnloaded,
  type directorySchema,
  type templateSchema,
} from './case-study.js';
import { createLeases } from './leases.js';

/** A model or decoder that a case can be made of. */
export type Directory = z.infer<typeof directorySchema>;

/** A template task that a case can be made of, with a language model. */
export type OfferedTask = z.infer<typeof templateSchema>;

/** Where cases come from. */
export interface Library {
  /** Ids of the cases with the shipped models. */
  shipped(): Promise<string[]>;
  /** Template tasks. @throws InputError for a file that is no template */
  templates(): Promise<OfferedTask[]>;
  /** What other cases can be made of. */
  directories(): Promise<Directory[]>;
  /** A word that changes whenever the files of a case do. @throws InputError for what is no id of a case */
  stamp(id: string): Promise<string>;
  /** @throws InputError when the model cannot be read; a decoder that cannot makes the case `unavailable` */
  load(id: string): Promise<LoadedCase>;
  /**
   * The task of a case as far as it is known without its model: null for a template, whose tokens are the model's.
   * @throws InputError for a form of id that there is not
   */
  taskOf(id: string): Task | null;
}

/** What was made for a case. */
type Parts = Map<unknown, { dispose?: () => Promise<void> }>;

/** A case that is open. */
export interface OpenCase extends LoadedCase {
  /** What a verb works with for as long as the case is open: made when it is first asked for, once by each maker. */
  part<T extends object, Needs>(make: (own: OpenCase, needs: Needs) => T, needs: Needs): T;
}

/** Cases that are open. */
export interface OpenCases {
  /** Works with a case, which stays open meanwhile. @throws InputError when there is none of this id */
  use<R>(id: string, work: (own: OpenCase) => Promise<R> | R): Promise<R>;
  /** What a case is; one whose model cannot be read is described too. */
  describe(id: string): Promise<Case>;
  /** Ids of those that are open. */
  ids(): string[];
  dispose(): Promise<void>;
}

/** Cases kept with their graphs: each holds some tens of megabytes. */
const mostCases = 4;

/** Opens cases of a library. */
export function createOpenCases(library: Library): OpenCases {
  const idOf = (key: string): string => key.slice(0, key.indexOf('\n'));
  const open = createLeases<{ readonly own: OpenCase; readonly parts: Parts }>(
    mostCases,
    async (key) => {
      const parts: Parts = new Map();
      const own: OpenCase = {
        ...(await library.load(idOf(key))),
        part<T extends object, Needs>(make: (own: OpenCase, needs: Needs) => T, needs: Needs): T {
          const known = (parts.get(make) as T | undefined) ?? make(own, needs);
          parts.set(make, known);
          return known;
        },
      };
      return { own, parts };
    },
    async ({ parts }) => {
      for (const part of parts.values()) await part.dispose?.();
    },
  );
  /** A case is loaded anew when its files have changed: a training writes where another one was. */
  const use: OpenCases['use'] = async (id, work) =>
    open.use(`${id}\n${await library.stamp(id)}`, async ({ own }) => work(own));
  return {
    use,
    async describe(id) {
      const task = library.taskOf(id);
      try {
        return await use(id, ({ described }) => described);
      } catch (error) {
        if (!(error instanceof InputError) || task === null) throw error;
        // A wrong ref is the fault of who asks; a model that cannot be read is a state of the case.
        await library.stamp(id);
        return describeUnloaded(id, task, error.message);
      }
    },
    ids: () => open.keys().map(idOf),
    dispose: () => open.clear(),
  };
}
