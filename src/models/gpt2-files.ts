/**
 * A GPT-2 that was trained here, as the files of a Hugging Face checkpoint directory.
 * @module
 */
import { readArchitecture } from './families/index.js';
import { type ParameterSet } from './weights/fingerprint.js';
import { encodeFloat16 } from './weights/float16.js';
import { encodeSafetensors } from './weights/safetensors-encode.js';

/**
 * The files of a checkpoint directory.
 * @param config the content of `config.json`
 * @param raw parameters before any processing
 */
export function gpt2Files(
  config: Readonly<Record<string, unknown>>,
  raw: ParameterSet,
  metadata: Readonly<Record<string, string>> = {},
  dtype: 'F16' | 'F32' = 'F32',
): Map<string, Uint8Array> {
  const { prefix, unembed } = readArchitecture(config).names;
  const tensors = [...raw].map(([own, { shape, data }]) => {
    const name = own === unembed ? own : prefix + own;
    return dtype === 'F16' ? { name, dtype, shape, data: encodeFloat16(data) } : { name, dtype, shape, data };
  });
  return new Map([
    ['config.json', new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
    ['model.safetensors', encodeSafetensors(tensors, { format: 'pt', ...metadata })],
  ]);
}
