/**
 * Differentiable graphs on ONNX Runtime: build, differentiate, print, encode, run. Nothing here knows of
 * language models or of interpretability.
 * @module
 */
export * from './shape.js';
export * from './graph.js';
export * from './gradients.js';
export * from './print.js';
export { encodeOnnx, opset } from './onnx/encode.js';
export {
  add,
  div,
  erf,
  exp,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  sign,
  sqrt,
  sub,
  tanh,
  type Operand,
} from './ops/elementwise.js';
export { argMax, argMin, cumSum, expand, reduceMax, reduceMin, reduceSum, reshape } from './ops/reduce.js';
export { reduceMean } from './ops/mean.js';
export { gemm, matmul, type MatmulOptions } from './ops/matmul.js';
export { cast, concat, slice, split, transpose } from './ops/layout.js';
export { gather, gatherElements, oneHot, scatterAdd } from './ops/lookup.js';
export { and, equal, greater, less, where } from './ops/compare.js';
export { layerNorm, logSoftmax, rmsNorm, rootMeanSquare, softmax, type LayerNorm } from './ops/normalize.js';
export { erfGelu, gelu, silu } from './ops/gelu.js';
export { dropout, hashBits } from './ops/dropout.js';
export { crossEntropy } from './ops/loss.js';
export { adamW, adamWScales, type AdamWOptions, type AdamWScales, type AdamWState } from './optim/adamw.js';
export { scheduled, type Schedule } from './optim/schedule.js';
export { clipByGlobalNorm } from './optim/clip.js';
export { compiled, type Compiled } from './runtime/compiled.js';
export {
  DeviceError,
  type Executable,
  type Runtime,
  type Session,
  type Tensors,
  checkFeeds,
  executable,
  floatsOf,
  outputOf,
} from './runtime/runtime.js';
export { muon, orthogonalize, type MuonOptions, type MuonState } from './optim/muon.js';
export {
  createTrainer,
  initialState,
  type OptimizerOptions,
  type Trainer,
  type TrainingSpec,
  type TrainingState,
} from './optim/trainer.js';
