/**
 * Transformers with hooks, decoders, weights and tokenizers.
 * @module
 */
export { InputError } from '../input-error.js';
export * from './hooks.js';
export { type Architecture, parameterShapes } from './architecture.js';
export { type Family, families, readArchitecture } from './families/index.js';
export { type Intervention } from './hook-points.js';
export { unembed } from './layers.js';
export { type Run, type RunOptions as TransformerOptions, transformer } from './transformer.js';
export {
  type HookedModel,
  type RunOptions,
  cacheNames,
  hookedModel,
  questionGraph,
  runWithCache,
} from './hooked-model.js';
export { gpt2Files } from './gpt2-files.js';
export { loadModel, modelOf } from './load-model.js';
export { type Processing, processWeights } from './processing.js';
export {
  type Conditioning,
  type DecoderConfig,
  decoderParameters,
  readDecoderConfig,
} from './decoder-config.js';
export { condition, decode, decoderLogits, prefix } from './decoder.js';
export { padded } from './padding.js';
export { type Checkpoint, openCheckpointDirectory, openCheckpointFile } from './open-checkpoint.js';
export { chooseBos } from './tokenizers/bos.js';
export { characterTokenizer } from './tokenizers/character.js';
export { tokenizerFromJson } from './tokenizers/tokenizer-json.js';
export { openTokenizer } from './tokenizers/open-tokenizer.js';
export { type NamedBos, type TextTokenizer } from './tokenizers/text-tokenizer.js';
export { type Tokenizer } from './tokenizers/tokenizer.js';
export { type ByteSource, type Directory, memoryDirectory } from './weights/byte-source.js';
export { type ParameterSet, fingerprint } from './weights/fingerprint.js';
export { type GgufFile, type GgufTensor, openGguf } from './weights/gguf.js';
export { openWeights } from './weights/open-weights.js';
export { encodeSafetensors, openSafetensors } from './weights/safetensors.js';
export { openPytorchBin } from './weights/pytorch-bin.js';
export { type TensorFile, type TensorInfo, type WeightDType } from './weights/tensor-file.js';
