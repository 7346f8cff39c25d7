/**
 * A named mean ablation: does a model keep anything of an input at one place? What stands at a site there is replaced by
 * its mean over the data, and the predictions of some later tokens are compared.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Task } from '../tasks/task.js';
import { ablate, type AblationResult } from './ablation.js';
import { heldOut, placeIn } from './experiment.js';

/** A recipe, listed beside the patching experiments of its task. */
export interface AblationCheck {
  readonly name: string;
  readonly task: Task;
  /** One line: what is replaced, what is read. */
  readonly about: string;
  readonly site: string;
  readonly place: string;
  /** Places at which the prediction of the next token is compared. */
  readonly reads: readonly string[];
}

/** Runs a check over held-out inputs. @param most how many at the most */
export function runAblation(
  runtime: Runtime,
  model: HookedModel,
  { task, site, place, reads }: AblationCheck,
  most: number,
  seed: number,
): Promise<AblationResult> {
  const inputs = heldOut(task, seed, most);
  const at = (name: string): number[] => inputs.map((ids) => placeIn(task, ids, name));
  return ablate(runtime, model, {
    inputs,
    pad: task.pad,
    site,
    positions: at(place),
    reads: reads.map((name) => ({ name, positions: at(name) })),
  });
}
