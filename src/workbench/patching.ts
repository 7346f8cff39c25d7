/**
 * What sweeps and patches of chosen sites have in common: effects as they are sent, positions, and how a record begins.
 * @module
 */
import { z } from 'zod';
import {
  type Circumstances,
  type Estimate,
  type Metric,
  type SoFar,
  type SweepPosition,
  modelText,
  nameOf,
  patchingThreads,
} from '../causal/index.js';
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, cacheNames } from '../models/hooked-model.js';
import { resolvePosition } from '../tasks/positions.js';
import { type Task } from '../tasks/task.js';
import { type Bench } from './bench.js';
import { type LoadedCase } from './case-study.js';
import { count } from './fields.js';
import { limits } from './limits.js';
import { type Contrasted } from './verbs/contrast.js';

/** Contrasts that are drawn; the first is the one that `/api/contrast` shows. */
export const contrasts = z.number().int().min(1).max(limits.contrasts).default(1);

/** Figures that effects are to be compared with. `whole` is the effect of exchanging everything; null where it is 0. */
export const baselinesSchema = z.object({
  n: count,
  unit: z.string(),
  clean: z.number(),
  cleanStandardError: z.number().nullable(),
  contrast: z.number(),
  contrastStandardError: z.number().nullable(),
  whole: z.number().nullable(),
});
export type Baselines = z.infer<typeof baselinesSchema>;

/** An effect: in the metric's unit, and as a share of the whole effect. */
export const effectFields = {
  effect: z.number(),
  standardError: z.number().nullable(),
  share: z.number().nullable(),
  shareStandardError: z.number().nullable(),
  /** Share of the runs in which any logit changed, 0 … 1: at 0 the patch changed nothing. */
  changed: z.number(),
};

/** Every hook of a model at which something can be exchanged. */
export const hooksOf = (model: HookedModel): string[] =>
  cacheNames(model).filter((name) => name !== 'logits');

/** What a model is patched on: one thread for a small one. */
export const runtimeFor = ({ runtime, oneThread }: Bench, model: HookedModel): Runtime =>
  patchingThreads(model) === 1 ? oneThread : runtime;

/** How a record begins. */
export const circumstances = (
  { task, model }: LoadedCase,
  { input, contrast, contrasts }: { input: string; contrast: string | null; contrasts: number },
  about: string,
): Circumstances => ({
  experiment: contrast === null ? input : `${input} against ${contrast}`,
  task: task.name,
  about,
  seed: null,
  contrasts,
  heldOut: false,
  model: modelText(model),
});

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Baselines of a metric. */
export function baselinesOf(metric: Metric, clean: Estimate, contrast: Estimate): Baselines {
  const whole = metric.effect(clean.mean, contrast.mean);
  return {
    n: clean.n,
    unit: metric.unit,
    clean: clean.mean,
    cleanStandardError: finite(clean.standardError),
    contrast: contrast.mean,
    contrastStandardError: finite(contrast.standardError),
    whole: whole === 0 ? null : finite(whole),
  };
}

/** An effect as it is sent. */
export function effectOf({ effect, changed }: SoFar['set'], { whole }: Baselines) {
  const standardError = finite(effect.standardError);
  return {
    effect: effect.mean,
    standardError,
    share: whole === null ? null : effect.mean / whole,
    shareStandardError: whole === null || standardError === null ? null : standardError / Math.abs(whole),
    changed,
  };
}

/** A position that the input and its contrasts have. @throws InputError where it is not, or lies behind the prediction */
export function alignedAt(
  task: Task,
  { ids, cases, aligned }: Contrasted,
  spec: string | number,
): SweepPosition {
  const at = resolvePosition(task, ids, spec);
  const found = aligned.find(({ positions }) => positions[0] === at);
  if (found !== undefined) return found;
  const name = nameOf(task, ids, at);
  const [head] = cases;
  const answerAt = head?.answerAt ?? 1;
  throw new InputError(
    at >= answerAt
      ? `${name} stands behind ${nameOf(task, ids, answerAt - 1)}, where ${nameOf(task, ids, answerAt)} is predicted: ` +
          `patch one of ${aligned.map((position) => position.name).join(', ')}, or predict a later place.`
      : `${name} of ${task.decode(ids)} has no counterpart in ${task.decode(head?.contrast ?? [])}: the two do not align there.`,
  );
}
