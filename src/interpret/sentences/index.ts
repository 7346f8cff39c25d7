/**
 * Sentences about what an activation holds, from anyone: read as predicates of the task’s features or put to a language
 * model input by input, and measured on the preimage, outside it, and on controls.
 * @example
 * const evidence = await exactEvidence(runtime, model, prior, exact, { ids, z, seed: 1, epsilon: 0.1, metric: 'euclidean', onlyAt: null });
 * const { judgements } = await judgeSentences(readSentences('F1 = 8 and S1 = 1', 'mine.txt'), evidence, null);
 * @module
 */
export { type AskedBatch, type Asking, type AskingOptions, measureByAsking } from './ask-inputs.js';
export {
  type ControlEvidence,
  type Evidence,
  type EvidenceQuery,
  decoderEvidence,
  exactEvidence,
  searchEvidence,
} from './evidence.js';
export { type InputSet, type KnownShare } from './input-set.js';
export {
  type JudgedQuery,
  type JudgedSentence,
  type Judgement,
  type MeanFigures,
  type SentencesRecord,
  judgeSentences,
  meanFigures,
} from './judge-sentences.js';
export { type Measured, accountedTogether, measurePredicate } from './measure-predicate.js';
export { type Predicate, holds, predicateText } from './predicate.js';
export { readPredicate } from './read-predicate.js';
export {
  type ControlFigures,
  type Counted,
  type Ranged,
  type SentenceFigures,
  bitsAccounted,
} from './sentence-figures.js';
export { type Sentence, readSentences } from './sentence-file.js';
export { type NamedFeature, type Vocabulary, vocabularyOf } from './vocabulary.js';
