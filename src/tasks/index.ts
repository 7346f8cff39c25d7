/**
 * What a task is, and what every task shares: features, named places, the split of its data. The tasks themselves are
 * in `inversionview/studies`.
 * @module
 */
export { type Random, randomFor, seededRandom } from '../random.js';
export { awayFromBos } from './attended-positions.js';
export { type CapableTask, type Capability, capability } from './capabilities.js';
export { type EpsilonSource, type Threshold, thresholdAt } from './epsilon.js';
export { type Feature, type FeatureValue, featuresOf, readFeatures } from './feature.js';
export { type HeldTask, heldTask, isHeld } from './held-task.js';
export { placeName, resolvePosition } from './positions.js';
export { type SplitData, splitData } from './split-data.js';
export { idsOfTokens, tokenCount, tokenOf, tokensOf } from './tokens.js';
export type {
  Answer,
  AttendedPositions,
  ChosenThreshold,
  Completion,
  Distribution,
  Enumeration,
  Origin,
  PairedPlace,
  Pairing,
  Place,
  Redraw,
  SaidStep,
  SamplingRound,
  Split,
  Task,
  TaskData,
  Variation,
  Varying,
} from './task.js';
export { fewerFillers } from './template/fewer-fillers.js';
export { answersOf } from './template/answer-tokens.js';
export { type AskedTexts, type TextChoice, askedTexts } from './template/asked-texts.js';
export { textIdentity } from './template/identity.js';
export type { TemplateContrasts } from './template/contrasts.js';
export type { TaskLanguage } from './template/inputs.js';
export type { Template } from './template/template.js';
export { type ReadBeside, readTemplate } from './template/template-file.js';
export { type TemplateTask, isTemplateTask, templateTask } from './template/template-task.js';
export { hasAnswer } from './template/template.js';
export { textsOf } from './template/texts.js';
export { wordsOfTexts } from './template/words.js';
