/**
 * What needs files: opening checkpoint directories, the shipped weights, and trainings that can be stopped and resumed.
 * For Node.
 * @example
 * import { decoderFor, modelFor } from 'inversionview/jobs';
 * const model = await modelFor(addition, undefined, 'transformerlens');
 * const decoder = await decoderFor(addition, undefined, model);
 * @module
 */
export { type OpenedTask, type TaskChoice, openTask } from './open-task.js';
export { boundTask, openTemplate } from './templates.js';
export { openDirectory, openFile, writeFileAtomic } from './files.js';
export { decoderFor, modelFor, shippedDirectory } from './shipped.js';
export { type TrainDecoderJob, trainDecoder } from './train-decoder.js';
export { type TrainModelJob, trainModel } from './train-model.js';
export { type Progress } from './training-loop.js';
