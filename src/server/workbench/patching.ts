/**
 * Patching from a reading: sweeps, and chosen sites over many contrasts.
 * @module
 */
import { tokenOf } from '../../tasks/tokens.js';
import {
  type Circumstances,
  type Estimate,
  type Metric,
  type PatchQuestion,
  type SoFar,
  type SweepPosition,
  type SweepRecord,
  crossed,
  metrics,
  modelText,
  nameOf,
  patch,
  resolveHook,
  setsRecord,
  sweep,
  sweepRecord,
  sweptSites,
} from '../../causal/index.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import { type HookedModel, cacheNames } from '../../models/hooked-model.js';
import { shortName } from '../../models/hooks.js';
import { placeName, resolvePosition } from '../../tasks/positions.js';
import { type Task } from '../../tasks/task.js';
import {
  type Baselines,
  type PatchEvent,
  type PatchRequest,
  type SweepEvent,
  type SweepPlan,
  type SweepRequest,
  patchRequestSchema,
  sweepRequestSchema,
} from '../contract/index.js';
import { type Contrasted, contrastedFor } from './contrasts.js';

/** What is patched. */
export interface Probed {
  readonly task: Task;
  readonly model: HookedModel;
}

/** Some sites of a sweep. */
export type SweepTurn = SweepRequest & {
  readonly sites: readonly string[];
  /** Index of the first of them in the plan. */
  readonly first: number;
};

/** How work tells what it finds, and is stopped. */
export interface Telling<E> {
  readonly emit: (event: E) => void;
  readonly signal: AbortSignal;
}

/** Every hook of a model at which something can be exchanged. */
export const hooksOf = (model: HookedModel): string[] =>
  cacheNames(model).filter((name) => name !== 'logits');

/** A sweep's axes and contrasts. @throws InputError */
function swept({ task, model }: Probed, request: SweepRequest) {
  const { sites, positions, contrasts, ...contrasted } = sweepRequestSchema.parse(request);
  const own = contrastedFor(task, contrasted, contrasts);
  const hooks = hooksOf(model);
  return {
    ...own,
    sites: (sites ?? sweptSites(model)).map((site) => resolveHook(site, hooks)),
    positions: positions?.map((position) => alignedAt(task, own, position)) ?? own.aligned,
    metric: metrics[contrasted.metric],
  };
}

/** The axes of a sweep. */
export function planSweep(probed: Probed, request: SweepRequest): SweepPlan {
  const { task } = probed;
  const { ids, cases, sites, positions } = swept(probed, request);
  if (positions.length === 0) {
    throw new InputError(
      'The two inputs have no position in common before the prediction: take another contrast.',
    );
  }
  return {
    sites: sites.map((site) => ({ site, short: shortName(site) })),
    positions: positions.map(({ positions: [position = 0] }) => ({
      position,
      place: placeName(task, ids, position),
      token: tokenOf(task, ids[position] ?? task.pad),
    })),
    contrasts: cases.length,
  };
}

/** Patches the sites of a turn at all positions, telling each cell. */
export async function streamSweep(
  runtime: Runtime,
  probed: Probed,
  { first, ...request }: SweepTurn,
  { emit, signal }: Telling<SweepEvent>,
): Promise<SweepRecord> {
  const { cases, sites, positions, metric, about } = swept(probed, request);
  const told = ({ index, set, clean, contrast }: SoFar): void => {
    const baselines = baselinesOf(metric, clean, contrast);
    emit({
      event: 'cell',
      data: {
        site: first + Math.floor(index / positions.length),
        position: index % positions.length,
        ...effectOf(set, baselines),
        baselines,
      },
    });
  };
  const question = { ...common(probed, cases, metric, signal), sites, positions, onSet: told };
  return sweepRecord(circumstances(probed, request, about), await sweep(runtime, probed.model, question));
}

const common = (
  { task }: Probed,
  cases: PatchQuestion['cases'],
  metric: Metric,
  signal: AbortSignal,
): Pick<PatchQuestion, 'cases' | 'pad' | 'metric' | 'signal'> => ({ cases, pad: task.pad, metric, signal });

const circumstances = (
  { task, model }: Probed,
  { input, contrast = null, contrasts = 1 }: SweepRequest | PatchRequest,
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

function baselinesOf(metric: Metric, clean: Estimate, contrast: Estimate): Baselines {
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

function effectOf({ effect, changed }: SoFar['set'], { whole }: Baselines) {
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
function alignedAt(task: Task, { ids, cases, aligned }: Contrasted, spec: string | number): SweepPosition {
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

/** What chosen sites are patched in. @throws InputError */
export function planPatch({ task, model }: Probed, request: PatchRequest) {
  const { sites, position, contrasts, ...contrasted } = patchRequestSchema.parse(request);
  const own = contrastedFor(task, contrasted, contrasts);
  const hooks = hooksOf(model);
  const distinct = [...new Set(sites.map((site) => resolveHook(site, hooks)))];
  return {
    ...own,
    sites: distinct,
    targets: crossed(distinct, [alignedAt(task, own, position)]),
    metric: metrics[contrasted.metric],
  };
}

/** Patches chosen sites, each by itself and all together. */
export async function streamPatch(
  runtime: Runtime,
  probed: Probed,
  request: PatchRequest,
  { emit, signal }: Telling<PatchEvent>,
): Promise<void> {
  const started = performance.now();
  const { cases, sites, targets, metric, about } = planPatch(probed, request);
  const each = targets.map((_, index) => [index]);
  const sets = each.length > 1 ? [...each, each.flat()] : each;
  const result = await patch(runtime, probed.model, {
    ...common(probed, cases, metric, signal),
    targets,
    sets,
    onProgress: (done, all) => emit({ event: 'progress', data: { what: 'patched runs', done, all } }),
  });
  const baselines = baselinesOf(metric, result.clean, result.contrast);
  const record = setsRecord(circumstances(probed, request, about), result, targets);
  emit({
    event: 'result',
    data: {
      record,
      baselines,
      sets: result.sets.map((set) => ({
        sites: set.targets.map((index) => shortName(sites[index] ?? '')),
        ...effectOf(set, baselines),
      })),
      distinct: new Set(cases.map(({ contrast }) => contrast.join())).size,
    },
  });
  emit({ event: 'done', data: { milliseconds: Math.round(performance.now() - started) } });
}
