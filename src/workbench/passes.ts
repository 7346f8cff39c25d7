/**
 * Passes over all inputs of a task. They lie in the cache of files; the last one asked about is held in memory as well,
 * some 0.3 GB, so that the next question about the same site is answered at once.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type PassOptions } from '../inversion/enumerate/activations.js';
import { type ExactPreimages, openExactPreimages } from '../inversion/enumerate/exact.js';
import { type ActivationStore } from '../inversion/enumerate/saved-activations.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Task } from '../tasks/task.js';
import { createLeases } from './leases.js';

/** Of a task whose inputs differ from case to case, its data says which they are. */
const keyOf = ({ hash, processing }: HookedModel, { name, data }: Task, site: string): string =>
  [hash, processing, name, site, data?.identity ?? ''].join(' ');

/** Exact preimages by model and site. */
export interface Passes {
  /** Makes or takes up the pass of a site and works with it. */
  use<R>(
    model: HookedModel,
    task: Task,
    site: string,
    options: PassOptions,
    work: (exact: ExactPreimages) => Promise<R>,
  ): Promise<R>;
  dispose(): Promise<void>;
}

/**
 * Makes them.
 * @param store where passes are saved between runs; null saves none
 * @param report takes a line on what went wrong and is nobody's fault
 */
export function createPasses(
  runtime: Runtime,
  store: ActivationStore | null,
  report: (line: string) => void,
): Passes {
  const slots = createLeases<{ exact: ExactPreimages | null }>(
    1,
    () => Promise.resolve({ exact: null }),
    async ({ exact }) => exact?.dispose(),
  );
  return {
    use: (model, task, site, options, work) =>
      slots.use(keyOf(model, task, site), async (slot) => {
        slot.exact ??= await openExactPreimages(runtime, model, task, site, {
          ...options,
          ...(store === null ? {} : { store }),
          onNotSaved: (reason) => report(`A pass over all inputs was not kept: ${reason}`),
        });
        return work(slot.exact);
      }),
    dispose: () => slots.clear(),
  };
}
