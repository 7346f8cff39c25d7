/**
 * The method: collect activations, sample a decoder, judge with the probed model, read the ε-preimage.
 * @module
 */
export { type Collected, type Collector, activationAt, createCollector } from './collect.js';
export { type Decoder, inputOf, makeDecoder, sequenceOf } from './decoder.js';
export {
  type LoadedDecoder,
  type Provenance,
  decoderFiles,
  expectTrainedOn,
  loadDecoder,
} from './decoder-files.js';
export {
  type EvaluateOptions,
  type EvaluationDraws,
  type SiteRate,
  averageRate,
  inPreimageRates,
  joinRates,
} from './evaluate.js';
export { type Judge, type Verdict, createJudge } from './judge.js';
export { type Colours } from './colours.js';
export { type Metric, distances, metrics } from './metrics.js';
export { type Preimage, type Query, type Reader, createReader } from './preimage.js';
export { type OwnSample, type Reading, type Sample, parseReading, readingSchema } from './reading.js';
export { type RoundChoice, roundsFor } from './rounds.js';
export { type SampleRequest, type Sampler, createSampler } from './sampler.js';
export { type Scorer, createScorer } from './score.js';
export { type Candidate, type Judged, type JudgedInput, type View } from './view.js';
export { type ExactPreimages, type ExactSet, openExactPreimages } from './enumerate/exact.js';
export { type ActivationStore } from './enumerate/saved-activations.js';
export { type StrataSet, strataPreimage } from './enumerate/strata.js';
