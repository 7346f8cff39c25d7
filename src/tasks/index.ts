/**
 * What a task is, and what every task shares: features, named places, the split of its data. The tasks themselves are
 * in `inversionview/studies`.
 * @module
 */
export { type Random, randomFor, seededRandom } from '../random.js';
export { type Feature, type FeatureValue, featuresOf, readFeatures } from './feature.js';
export { placeName, resolvePosition } from './positions.js';
export { type SplitData, splitData } from './split-data.js';
export type {
  Completion,
  Enumeration,
  Origin,
  Place,
  Redraw,
  SaidStep,
  SamplingRound,
  Split,
  Task,
  TaskData,
} from './task.js';
