/**
 * The causal part of the workbench's interface.
 * @module
 */
import { patchingThreads } from '../../causal/index.js';
import { type Runtime } from '../../engine/index.js';
import { type HookedModel } from '../../models/hooked-model.js';
import {
  type AttributionEvent,
  type AttributionRequest,
  type Contrast,
  type ContrastRequest,
  type ExperimentEvent,
  type ExperimentList,
  type ExperimentRequest,
  type PatchEvent,
  type PatchRequest,
  type SweepEvent,
  type SweepFigureRequest,
  type SweepPlan,
  type SweepRequest,
  type SweptRecord,
  sweepFigureRequestSchema,
} from '../contract/index.js';
import { describeContrast } from './contrasts.js';
import {
  checkAttribution,
  checkExperiment,
  listExperiments,
  streamAttribution,
  streamExperiment,
  sweepPicture,
} from './experiments.js';
import {
  type Probed,
  type SweepTurn,
  type Telling,
  planPatch,
  planSweep,
  streamPatch,
  streamSweep,
} from './patching.js';

/** What can be asked; the `check` methods throw what the others would throw before they begin. */
export interface PatchingBench {
  contrast(request: ContrastRequest): Promise<Contrast>;
  experiments(caseId: string): Promise<ExperimentList>;
  planSweep(request: SweepRequest): Promise<SweepPlan>;
  /** Emits the cells of some sites, and answers with their part of the record. */
  sweep(turn: SweepTurn, call: Telling<SweepEvent>): Promise<SweptRecord>;
  /** The picture of a sweep as SVG. */
  sweepFigure(request: SweepFigureRequest): Promise<string>;
  checkPatch(request: PatchRequest): Promise<null>;
  patch(request: PatchRequest, call: Telling<PatchEvent>): Promise<null>;
  checkExperiment(request: ExperimentRequest): Promise<null>;
  experiment(request: ExperimentRequest, call: Telling<ExperimentEvent>): Promise<null>;
  checkAttribution(request: AttributionRequest): Promise<null>;
  attribution(request: AttributionRequest, call: Telling<AttributionEvent>): Promise<null>;
}

/** Runtimes by the threads that they give an operator. */
export interface Runtimes {
  readonly many: Runtime;
  readonly one: Runtime;
}

/**
 * Makes that part.
 * @param withProbed uses the task and the model of a case
 */
export function createPatchingBench(
  runtimes: Runtimes,
  withProbed: <R>(caseId: string, work: (own: Probed) => Promise<R>) => Promise<R>,
): PatchingBench {
  const runtimeFor = (model: HookedModel): Runtime =>
    patchingThreads(model) === 1 ? runtimes.one : runtimes.many;
  const check = <R extends { readonly case: string }>(
    request: R,
    test: (own: Probed, request: R) => unknown,
  ) =>
    withProbed(request.case, (own) => {
      test(own, request);
      return Promise.resolve(null);
    });
  const run = <R extends { readonly case: string }, E>(
    request: R,
    call: Telling<E>,
    work: (runtime: Runtime, own: Probed, request: R, call: Telling<E>) => Promise<void>,
  ) =>
    withProbed(request.case, async (own) => {
      await work(runtimeFor(own.model), own, request, call);
      return null;
    });
  return {
    contrast: (request) =>
      withProbed(request.case, ({ task }) => Promise.resolve(describeContrast(task, request))),
    experiments: (caseId) => withProbed(caseId, (own) => Promise.resolve(listExperiments(own))),
    planSweep: (request) => withProbed(request.case, (own) => Promise.resolve(planSweep(own, request))),
    sweep: (turn, call) =>
      withProbed(turn.case, (own) => streamSweep(runtimeFor(own.model), own, turn, call)),
    sweepFigure: (request) => Promise.resolve(sweepPicture(sweepFigureRequestSchema.parse(request))),
    checkPatch: (request) => check(request, planPatch),
    patch: (request, call) => run(request, call, streamPatch),
    checkExperiment: (request) => check(request, checkExperiment),
    experiment: (request, call) => run(request, call, streamExperiment),
    checkAttribution: (request) => check(request, checkAttribution),
    attribution: (request, call) => run(request, call, streamAttribution),
  };
}
