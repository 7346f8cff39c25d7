/**
 * The "+" check: does addition keep anything of an input at its plus sign? The residual stream there, after layer 0, is
 * replaced by its mean over the data, and the predictions of the answer's tokens are compared.
 * @module
 */
import { type Runtime } from '../../engine/index.js';
import { type HookedModel } from '../../models/hooked-model.js';
import { addition } from '../../tasks/addition.js';
import { ablate, type AblationResult } from '../ablation.js';
import { placeIn, heldOut } from './experiment.js';

/** Its name beside the patching experiments. */
export const plusCheck = {
  name: 'plus',
  task: addition,
  about: 'x0.post at + replaced by its mean; KL and logit loss where the answer is predicted',
  site: 'x0.post',
  place: '+',
  reads: ['=', 'A1', 'A2', 'A3'],
} as const;

/** Runs the check over held-out inputs. */
export function checkPlus(
  runtime: Runtime,
  model: HookedModel,
  most: number,
  seed: number,
): Promise<AblationResult> {
  const inputs = heldOut(addition, seed, most);
  const at = (name: string): number[] => inputs.map((ids) => placeIn(addition, ids, name));
  return ablate(runtime, model, {
    inputs,
    pad: addition.pad,
    site: plusCheck.site,
    positions: at(plusCheck.place),
    reads: plusCheck.reads.map((name) => ({ name, positions: at(name) })),
  });
}
