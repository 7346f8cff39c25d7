/**
 * What an activation tells: bits, features, words; how complete the samples are; an explanation by a language model.
 * @example
 * const interpreter = createInterpreter(runtime, model, decoder, addition);
 * const { estimate, features, readout } = await interpreter.interpret({ ids, site, z, seed: 1 });
 * @module
 */
export { type AttentionQuestion, type AttentionRecord, type AttentionRow, attentionOf } from './attention.js';
export { type ByClasses, exactnessByClasses, interpretByClasses } from './by-classes.js';
export {
  type Completeness,
  type CompletenessOptions,
  type Scoring,
  completeness,
  startCompleteness,
} from './completeness.js';
export {
  type SweepOptions,
  type SweptQuery,
  drawSites,
  sweepCompleteness,
  sweptQueries,
} from './completeness-sweep.js';
export { type Condition, conditionOf } from './condition.js';
export { entropy, histogram } from './entropy.js';
export {
  type CurvePoint,
  type CurveQuery,
  type EpsilonCurve,
  type Plateau,
  curveEpsilons,
  epsilonCurve,
  plateausOf,
} from './epsilon-curve.js';
export { type ControlView, decoderControls, searchControls } from './controls.js';
export {
  type HeadShare,
  type HeadSharesQuestion,
  headShares,
  proximityShares,
  upperHalf,
} from './head-shares.js';
export { type HeadInputs, type HeadMeasure, type HeadsRecord, headsAt, headsOf } from './heads-of-task.js';
export { randomOfNorm } from './control-activations.js';
export { type ExactControlView, exactControls } from './exact-controls.js';
export { type UsedReadingOptions, usedOfReading } from './used-reading.js';
export { type ExactEffects, type UsedExactQuery, exactEffects, usedExactly } from './used-exact.js';
export { curveKls, usualMaxKl } from './used.js';
export { type Estimate, estimateBits, fewestEffective } from './estimate.js';
export { type AskOptions, type Attempt, EndpointError, type LanguageModel, type Message } from './ask.js';
export { type Explanation, explain, explanationSchema, parseExplanation } from './explain.js';
export {
  type ExplainedQuery,
  type ShownSample,
  distinctlySeen,
  explainPrompt,
  seenText,
} from './explain-prompt.js';
export { type FeatureBits, featureBits } from './feature-bits.js';
export {
  type GatherQuery,
  type InterpretQuery,
  type Interpretation,
  type Interpreter,
  type InterpreterOptions,
  type PoolQuery,
  createInterpreter,
} from './interpreter.js';
export { type Mean, type QueryBits, type SiteBits, siteBits } from './mutual-information.js';
export { type Prior, createPrior } from './prior.js';
export { type ProfileQuestion, type ProfileRecord, type ProfileValue, profileOf } from './profile.js';
export {
  type DrawnQuery,
  type Found,
  type Nearness,
  type Pool,
  type ProposalPlan,
  type Proposed,
  type Proposer,
  createProposer,
  defaultPlan,
} from './proposal.js';
export { type PlacedInput, activationsOf, drawQueries } from './queries.js';
export { type FeatureReadout, readout } from './readout.js';
export { type CalibrationBin, type SamplerFigures, samplerFigures } from './recall.js';
export * from './records.js';
export { type WeightedSample, exactSample, weightedSample } from './sample.js';
export {
  type AskedActivation,
  type SiteMapQuestion,
  type SiteMeter,
  type MeasuredBits,
  mapSites,
} from './site-map.js';
export { createTreeScorer } from './tree-scorer.js';
export * from './sentences/index.js';
