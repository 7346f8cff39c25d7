/**
 * Running a named patching experiment.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { type HookedModel } from '../models/hooked-model.js';
import { type Metric, metrics } from './metric.js';
import { type CumulativeResult, type Step, patchInOrders } from './orders.js';
import { type PatchCase, type Target } from './patch.js';
import { drawCases, type Experiment, targetAt } from './experiment.js';

/** Contrasts of each input unless given. */
export const contrastsPerInput = 4;

/** How an experiment is run. */
export interface ExperimentOptions {
  /** Inputs that take part, at the most. */
  readonly inputs: number;
  /** Decides which inputs, and their contrasts. */
  readonly seed: number;
  /**
   * Contrasts drawn for each input, {@link contrastsPerInput} unless given. Most of the spread of an effect comes from
   * the contrast and not from the input, so several make the figures sharper than as many more inputs would.
   */
  readonly contrasts?: number;
  /** The logit difference unless given. */
  readonly metric?: Metric;
  readonly batch?: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** The targets of an experiment over its cases, and its steps. */
export function experimentSteps(
  { task, steps }: Experiment,
  cases: readonly PatchCase[],
): { targets: Target[]; steps: Step[] } {
  const targets: Target[] = [];
  const numbered = steps.map((step): Step => {
    const own = step.map((named) => targets.push(targetAt(task, cases, named)) - 1);
    return { label: own.map((index) => targets[index]?.label ?? '').join(' + '), targets: own };
  });
  return { targets, steps: numbered };
}

/**
 * Runs an experiment in both orders.
 * @example await runExperiment(runtime, model, experimentNamed('flip', 'counting'), { inputs: 5000, seed: 1 })
 */
export async function runExperiment(
  runtime: Runtime,
  model: HookedModel,
  experiment: Experiment,
  {
    inputs,
    seed,
    contrasts = contrastsPerInput,
    metric = metrics['logit-difference'],
    ...options
  }: ExperimentOptions,
): Promise<CumulativeResult> {
  const cases = drawCases(experiment, inputs, seed, contrasts);
  const { targets, steps } = experimentSteps(experiment, cases);
  const question = { cases, pad: experiment.task.pad, targets, metric, each: contrasts, ...options };
  return patchInOrders(runtime, model, question, steps);
}
