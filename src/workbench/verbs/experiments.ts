/**
 * Named experiments of a task: cumulative patching in both orders, or a mean ablation, with their figures.
 * @module
 */
import { z } from 'zod';
import { type OrderRecord, type PatchAnswer, ask, askAblation, resolveHook } from '../../causal/index.js';
import { InputError } from '../../input-error.js';
import { incrementsFigure } from '../../report/plots/index.js';
import { ablationNamed, experimentNamed, experimentsOf } from '../../studies/index.js';
import { type Turns, benchVerb, caseStream } from '../bench.js';
import { type LoadedCase } from '../case-study.js';
import { caseIdSchema, jobEvents, progressEventSchema, seedSchema } from '../fields.js';
import { bothSchemes, figureSchema } from '../figures.js';
import { limits } from '../limits.js';
import { type OpenCase } from '../open-cases.js';
import { hooksOf, runtimeFor } from '../patching.js';
import { ablationRecordSchema, orderRecordSchema, patchMetricSchema } from '../patching-records.js';
import { type Emitted, type EventOf } from '../verb.js';

/** Answer of `GET /api/experiments`: the recipes of the case's task. */
const experimentListSchema = z.object({
  experiments: z.array(z.object({ name: z.string(), about: z.string(), sites: z.string() })),
  /** Said where there are none. */
  note: z.string().nullable(),
});
export type ExperimentList = z.infer<typeof experimentListSchema>;

/** Body of `POST /api/experiment`. */
const experimentRequestSchema = z.strictObject({
  case: caseIdSchema,
  experiment: z.string().max(100),
  /** Held-out inputs at the most. */
  inputs: z.number().int().min(2).max(limits.experimentInputs).default(1000),
  /** Contrasts of each. */
  contrasts: z.number().int().min(1).max(64).default(4),
  metric: patchMetricSchema.default('logit-difference'),
  seed: seedSchema.default(1),
});
export type ExperimentRequest = z.input<typeof experimentRequestSchema>;

/** Events of `POST /api/experiment` by name: both orders with their figure, or a mean ablation. */
export const experimentEventSchemas = {
  ...jobEvents,
  progress: progressEventSchema,
  orders: z.object({ records: z.array(orderRecordSchema).readonly(), figure: figureSchema }),
  ablation: z.object({ record: ablationRecordSchema }),
  done: z.object({ milliseconds: z.number() }),
};
export type ExperimentEvent = EventOf<typeof experimentEventSchemas>;

type ParsedExperiment = z.output<typeof experimentRequestSchema>;

/** The recipes of a task. */
function listExperiments({ task }: LoadedCase): ExperimentList {
  const experiments = experimentsOf(task.name);
  const note =
    experiments.length > 0
      ? null
      : `There are no named experiments of ${task.name}: mark tokens of an input and sweep, or give a question to inversionview patch --file.`;
  return { experiments, note };
}

/** What an experiment would throw before it runs. @throws InputError */
function expectRunnable(own: LoadedCase, { experiment }: ParsedExperiment): void {
  const { task, model } = own;
  const { note } = listExperiments(own);
  if (note !== null) throw new InputError(note);
  const hooks = hooksOf(model);
  const check = ablationNamed(experiment, task.name);
  const patched = check === null ? experimentNamed(experiment, task.name).steps.flat() : [check];
  for (const { site } of patched) resolveHook(site, hooks);
}

/** Runs a named experiment in both orders, or a mean ablation. */
async function runExperiment(
  own: OpenCase,
  request: ParsedExperiment,
  {
    bench,
    emit,
    signal,
  }: Pick<Turns<never, Emitted<typeof experimentEventSchemas>>, 'bench' | 'emit' | 'signal'>,
): Promise<void> {
  const started = performance.now();
  const { task, model } = own;
  const runtime = runtimeFor(bench, model);
  const { experiment, inputs, contrasts, metric, seed } = request;
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

/** See the module. */
export const experimentVerbs = {
  experiments: benchVerb({
    address: z.object({ case: caseIdSchema }),
    answer: experimentListSchema,
    run: ({ case: id }, { cases }) => cases.use(id, listExperiments),
  }),

  experiment: caseStream({
    body: experimentRequestSchema,
    events: experimentEventSchemas,
    plan: expectRunnable,
    run: (work, _, request) => work.turn((own) => runExperiment(own, request, work)),
  }),
};
