/**
 * Named experiments and attribution of one case, with their figures.
 * @module
 */
import { type z } from 'zod';
import {
  type OrderRecord,
  type PatchAnswer,
  ask,
  askAttribution,
  askAblation,
  normalizedSweep,
  planAttribution,
  resolveHook,
} from '../../causal/index.js';
import { experimentNamed, experimentsOf, ablationNamed } from '../../studies/index.js';
import { type Runtime } from '../../engine/index.js';
import { InputError } from '../../input-error.js';
import {
  type Theme,
  type Figure,
  attributionFigure,
  figureSvg,
  incrementsFigure,
  sweepFigure,
  themes,
} from '../../report/plots/index.js';
import {
  type AttributionEvent,
  type AttributionRequest,
  type ExperimentEvent,
  type ExperimentList,
  type ExperimentRequest,
  type sweepFigureRequestSchema,
  attributionRequestSchema,
  experimentRequestSchema,
} from '../contract/index.js';
import { type Probed, type Telling, hooksOf } from './patching.js';

/** The recipes of a task. */
export function listExperiments({ task }: Probed): ExperimentList {
  const experiments = experimentsOf(task.name);
  const note =
    experiments.length > 0
      ? null
      : `There are no named experiments of ${task.name}: mark tokens of an input and sweep, or give a question to inversionview patch --file.`;
  return { experiments, note };
}

/** Throws what an experiment would throw before it runs. @throws InputError */
export function checkExperiment({ task, model }: Probed, request: ExperimentRequest): void {
  const { experiment } = experimentRequestSchema.parse(request);
  const { note } = listExperiments({ task, model });
  if (note !== null) throw new InputError(note);
  const hooks = hooksOf(model);
  const check = ablationNamed(experiment, task.name);
  if (check !== null) resolveHook(check.site, hooks);
  else for (const { site } of experimentNamed(experiment, task.name).steps.flat()) resolveHook(site, hooks);
}

/** Runs a named experiment in both orders, or the "+" check. */
export async function streamExperiment(
  runtime: Runtime,
  { task, model }: Probed,
  request: ExperimentRequest,
  { emit, signal }: Telling<ExperimentEvent>,
): Promise<void> {
  const started = performance.now();
  const { experiment, inputs, contrasts, metric, seed } = experimentRequestSchema.parse(request);
  const check = ablationNamed(experiment, task.name);
  if (check !== null) {
    const record = await askAblation(runtime, model, check, inputs, seed);
    emit({ event: 'ablation', data: { record } });
  } else {
    const answer = await ask(runtime, model, task, {
      source: { experiment: experimentNamed(experiment, task.name) },
      inputs,
      contrasts,
      seed,
      metric,
      signal,
      onProgress: (done, all) => emit({ event: 'progress', data: { what: 'patched runs', done, all } }),
    });
    if (!isOrders(answer)) throw new TypeError('an experiment has two orders');
    emit({
      event: 'orders',
      data: { records: answer, figure: bothSchemes((theme) => incrementsFigure(answer, theme)) },
    });
  }
  emit({ event: 'done', data: { milliseconds: Math.round(performance.now() - started) } });
}

/** Both orders, and not a sweep or chosen sets. */
const isOrders = (answer: PatchAnswer): answer is readonly OrderRecord[] => Array.isArray(answer);

function attributionOf(request: AttributionRequest) {
  const { case: _case, ...rest } = attributionRequestSchema.parse(request);
  return { ...rest, inputs: 1, seed: 1, sites: null };
}

/** Throws what an attribution would throw. @throws InputError */
export function checkAttribution({ task, model }: Probed, request: AttributionRequest): void {
  planAttribution(task, model, attributionOf(request));
}

/** Takes the logits at one position of an input apart. */
export async function streamAttribution(
  runtime: Runtime,
  { task, model }: Probed,
  request: AttributionRequest,
  { emit }: Telling<AttributionEvent>,
): Promise<void> {
  const started = performance.now();
  const record = await askAttribution(runtime, model, task, attributionOf(request));
  const figure = bothSchemes((theme) => attributionFigure(record, theme));
  emit({ event: 'result', data: { record, figure } });
  emit({ event: 'done', data: { milliseconds: Math.round(performance.now() - started) } });
}

const bothSchemes = (draw: (theme: Theme) => Figure): { light: string; dark: string } => ({
  light: figureSvg(draw(themes.light), { theme: themes.light }),
  dark: figureSvg(draw(themes.dark), { theme: themes.dark }),
});

/** The picture of a sweep. @throws InputError where shares are asked for and there are none */
export function sweepPicture({
  record,
  normalized,
  scheme,
}: z.output<typeof sweepFigureRequestSchema>): string {
  const theme = themes[scheme];
  return figureSvg(sweepFigure(normalized ? normalizedSweep(record) : record, theme), { theme });
}
