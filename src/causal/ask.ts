/**
 * Patching questions as people ask them, answered as plain data: a named experiment or a specification, one step after
 * another in both orders, in chosen sets, or swept over sites and positions.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, cacheNames, isLarge } from '../models/hooked-model.js';
import { distinctSites, headOf, modelHooks, shortName } from '../models/hooks.js';
import { type Task } from '../tasks/task.js';
import { type Experiment, drawCases } from './experiment.js';
import { type AblationCheck, runAblation } from './ablation-check.js';
import { contrastsPerInput, experimentSteps } from './run-experiment.js';
import { sweepHeads } from './head-sweep.js';
import { type MetricName, metrics } from './metric.js';
import { patchInOrders, singleSteps } from './orders.js';
import { type PatchCase, type PatchQuestion, patch, resolveHook } from './patch.js';
import {
  type AblationRecord,
  type Circumstances,
  type OrderRecord,
  type SetsRecord,
  type SweepRecord,
  ablationRecord,
  modelText,
  orderRecords,
  setsRecord,
  sweepRecord,
} from './records.js';
import {
  type Specification,
  sharedPlaces,
  specifiedCases,
  specifiedPosition,
  specifiedSets,
} from './specification.js';
import { crossed, sweep, targetLabel } from './sweep.js';

/** Any answer; see {@link ask} for when it is which. */
export type PatchAnswer = readonly OrderRecord[] | SetsRecord | SweepRecord | AblationRecord;

/** A question. */
export interface Ask {
  readonly source:
    { readonly experiment: Experiment } | { readonly specification: Specification; readonly name: string };
  /** Every site at every position by itself, instead of one after another. */
  readonly sweep?: boolean;
  /** Sites and positions other than the experiment's or the specification's, every one with every other. */
  readonly sites?: readonly string[];
  readonly positions?: readonly (string | number)[];
  /** Of a named experiment: held-out inputs at the most, contrasts of each, and what decides both. */
  readonly inputs: number;
  readonly contrasts?: number;
  readonly seed: number;
  /** The specification's, else the logit difference. */
  readonly metric?: MetricName;
  readonly onProgress?: (done: number, all: number) => void;
  /** Stops between two runs. */
  readonly signal?: AbortSignal;
}

/** Sites of a sweep where none are named: the residual stream, what heads and MLPs write, and the embeddings. */
export function sweptSites({ architecture }: HookedModel): string[] {
  const positions = architecture.names.positions === null ? [] : [modelHooks.posEmbed];
  return [modelHooks.embed, ...positions, ...distinctSites(architecture)];
}

/**
 * Answers a question about a task's model: a sweep's map, a specification's sets, else both orders.
 * @throws InputError for a site, position, contrast or set that cannot be taken
 */
export async function ask(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  question: Ask,
): Promise<PatchAnswer> {
  const { source } = question;
  const specification = 'specification' in source ? source.specification : null;
  const each = 'experiment' in source ? (question.contrasts ?? contrastsPerInput) : 1;
  const cases =
    'experiment' in source
      ? drawCases(source.experiment, question.inputs, question.seed, each)
      : specifiedCases(task, source.specification);
  const circumstances: Circumstances = {
    experiment: 'experiment' in source ? source.experiment.name : source.name,
    task: task.name,
    about: 'experiment' in source ? aboutText(source.experiment) : 'inputs and contrasts as given',
    seed: 'experiment' in source ? question.seed : null,
    contrasts: each,
    heldOut: model.trainedOn === task.name,
    model: modelText(model),
  };
  const common: Omit<PatchQuestion, 'targets' | 'sets'> = {
    cases,
    pad: task.pad,
    each,
    metric: metrics[question.metric ?? specification?.metric ?? 'logit-difference'],
    ...(question.onProgress === undefined ? {} : { onProgress: question.onProgress }),
    ...(question.signal === undefined ? {} : { signal: question.signal }),
  };
  const accepted = cacheNames(model).filter((name) => name !== 'logits');
  const map = 'experiment' in source ? source.experiment.map : undefined;
  const named = question.sites ?? specification?.sites ?? map?.sites;
  const at =
    question.positions ??
    specification?.positions ??
    (map === undefined || map.places.length === 0 ? undefined : map.places);
  const sites = (named ?? sweptSites(model)).map((name) => resolveHook(name, accepted));
  const positions = at?.map((spec) => specifiedPosition(task, cases, spec)) ?? sharedPlaces(task, cases);
  if (positions.length === 0)
    throw new InputError('The inputs have no named place in common: name positions.');
  if (question.sweep === true || map !== undefined) {
    const heads = sites.every((site) => headOf(site) !== null);
    // A run of a small model is over before a graph for all heads of each length is made.
    const run = heads && isLarge(model) ? sweepHeads : sweep;
    return sweepRecord(circumstances, await run(runtime, model, { ...common, sites, positions }));
  }
  if ('experiment' in source && named === undefined && at === undefined) {
    const { targets, steps } = experimentSteps(source.experiment, cases);
    return orderRecords(circumstances, await patchInOrders(runtime, model, { ...common, targets }, steps));
  }
  const targets =
    specification?.targets === undefined || question.sites !== undefined || question.positions !== undefined
      ? crossed(sites, positions)
      : specification.targets.map(({ site, position }) => ({
          site,
          label: targetLabel(shortName(resolveHook(site, accepted)), String(position)),
          ...whereOf(task, cases, position),
        }));
  if (specification?.sets !== undefined) {
    const sets = specifiedSets(specification.sets, targets);
    return setsRecord(circumstances, await patch(runtime, model, { ...common, targets, sets }), targets);
  }
  return orderRecords(
    circumstances,
    await patchInOrders(runtime, model, { ...common, targets }, singleSteps({ targets })),
  );
}

function whereOf(
  task: Task,
  cases: readonly PatchCase[],
  position: string | number,
): { positions: readonly number[]; sources?: readonly number[] } {
  const { positions, sources } = specifiedPosition(task, cases, position);
  return { positions, ...(sources === undefined ? {} : { sources }) };
}

/** An ablation check as plain data. @param inputs held-out inputs at the most */
export async function askAblation(
  runtime: Runtime,
  model: HookedModel,
  check: AblationCheck,
  inputs: number,
  seed: number,
): Promise<AblationRecord> {
  const { name, task, about, site, place } = check;
  const circumstances = {
    experiment: name,
    task: task.name,
    about,
    seed,
    contrasts: 0,
    heldOut: model.trainedOn === task.name,
    model: modelText(model),
  };
  return ablationRecord(circumstances, await runAblation(runtime, model, check, inputs, seed), site, place);
}

/** What an experiment changes and under which conditions, in one line. */
export function aboutText({ about, inputs, contrasts }: Experiment): string {
  const conditions = [
    ...(inputs === '' ? [] : [`inputs: ${inputs}`]),
    ...(contrasts === '' ? [] : [`contrasts: ${contrasts}`]),
  ];
  return [about, ...conditions].join('; ');
}
