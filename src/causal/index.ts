/**
 * Causal checks: what an activation holds is used, or it is not. Activation patching in general and as named
 * experiments, sweeps, mean ablation, and direct logit attribution.
 * @example
 * // experimentNamed is of inversionview/studies.
 * const experiment = experimentNamed('A1-from-F1S1', 'addition');
 * const result = await runExperiment(runtime, model, experiment, { inputs: 1000, seed: 1 });
 * result.orders.forward.map(({ step, increment }) => `${step.label} ${increment.mean}`);
 * @module
 */
export { type AblationQuestion, type AblationRead, type AblationResult, ablate } from './ablation.js';
export { type Ask, type PatchAnswer, aboutText, ask, askAblation, sweptSites } from './ask.js';
export {
  type AttributionAsk,
  askAttribution,
  planAttribution,
  tokenNamed,
  usualAmong,
} from './ask-attribution.js';
export {
  type Attribution,
  type AttributionQuestion,
  type MeanAttribution,
  attributableSites,
  attribute,
  meanAttribution,
  writingSites,
} from './attribution.js';
export {
  type ExtremeShares,
  type ExtremesQuestion,
  type TokenValues,
  extremes,
  shareAmongExtremes,
} from './extremes.js';
export {
  type Change,
  type ContrastQuestion,
  alignedPositions,
  contrastsOf,
  determinedIn,
  isDrawable,
  nameOf,
} from './contrast.js';
export { type AnswerReads, answerReads } from './answer-reads.js';
export {
  type Inserter,
  type InsertionOptions,
  type InsertionQuery,
  type Insertions,
  createInserter,
} from './insertion.js';
export { type Estimate, estimate, pairedDifference } from './estimate.js';
export { type AblationCheck, runAblation } from './ablation-check.js';
export { type Experiment, type NamedTarget, drawCases, heldOut, targetAt } from './experiment.js';
export {
  type ExperimentOptions,
  contrastsPerInput,
  experimentSteps,
  runExperiment,
} from './run-experiment.js';
export { type Metric, type MetricName, divergence, metricNamed, metricNames, metrics } from './metric.js';
export {
  type CumulativeResult,
  type Increment,
  type Order,
  type Step,
  orders,
  patchInOrders,
  singleSteps,
} from './orders.js';
export {
  type PatchCase,
  type PatchQuestion,
  type PatchResult,
  type SetResult,
  type SoFar,
  type Target,
  againstOf,
  patch,
  resolveHook,
} from './patch.js';
export { pairedPlaces } from './pairs.js';
export { patchingThreads } from './patcher.js';
export {
  type Prompt,
  type PromptAttributionQuestion,
  type PromptPatchQuestion,
  attributePrompt,
  patchPrompts,
  positionLabel,
  promptPosition,
  promptSites,
} from './prompts.js';
export * from './records.js';
export { redrawExperiment, templateExperiments } from './template-experiments.js';
export {
  type Specification,
  parseSpecification,
  sharedPlaces,
  specifiedCases,
  specifiedPosition,
  specifiedSets,
} from './specification.js';
export {
  type SweepCell,
  type SweepPosition,
  type SweepQuestion,
  type SweepResult,
  crossed,
  sweep,
  targetLabel,
} from './sweep.js';
