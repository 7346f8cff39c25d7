/**
 * GPT-2 from and to a Hugging Face checkpoint directory.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Gpt2Config, gpt2ParameterShapes, readGpt2Config } from './gpt2-config.js';
import { type HookedModel, hookedModel } from './hooked-model.js';
import { type Processing, processWeights } from './processing.js';
import { readJson } from './read-json.js';
import { type Directory } from './weights/byte-source.js';
import { type ParameterSet } from './weights/fingerprint.js';
import { openWeights } from './weights/open-weights.js';
import { encodeSafetensors } from './weights/safetensors-encode.js';
import { type TensorFile } from './weights/tensor-file.js';

/** Buffers that older versions of transformers stored with the weights: masks, not parameters. */
const isBuffer = (name: string): boolean =>
  /\.attn\.(masked_)?bias$/.test(name) && !/c_attn|c_proj/.test(name);

const prefix = 'transformer.';
const head = 'lm_head.weight';

/**
 * Reads a checkpoint directory: `config.json` and the weights, in whichever form they are there.
 * @param processing how weights are to be run; recorded in the model
 * @throws InputError when a file is missing or damaged, or config and weights disagree
 */
export async function loadGpt2(directory: Directory, processing: Processing): Promise<HookedModel> {
  const config = readGpt2Config(await readJson(directory, 'config.json'), `${directory.name}/config.json`);
  const weights = await openWeights(directory);
  try {
    const raw = await readParameters(directory.name, config, weights);
    const parameters = processing === 'transformerlens' ? processWeights(config, raw) : raw;
    return await hookedModel(directory.name, config, raw, parameters, processing);
  } finally {
    await weights.close();
  }
}

async function readParameters(where: string, config: Gpt2Config, weights: TensorFile): Promise<ParameterSet> {
  const shapes = gpt2ParameterShapes(config);
  const stored = new Map<string, string>();
  for (const name of weights.tensors.keys()) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (isBuffer(bare)) continue;
    if (!shapes.has(bare) && bare !== head) {
      throw new InputError(
        `${where}: the weights hold "${name}", which a GPT-2 of this config does not have`,
      );
    }
    const other = stored.get(bare);
    if (other !== undefined) throw new InputError(`${where}: the weights hold both "${other}" and "${name}"`);
    stored.set(bare, name);
  }
  const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, shape] of shapes) {
    const own = stored.get(name);
    const info = own === undefined ? undefined : weights.tensors.get(own);
    if (own === undefined || info === undefined) {
      throw new InputError(`${where}: config.json asks for "${name}", which the weights do not hold`);
    }
    if (info.shape.join() !== shape.join()) {
      throw new InputError(
        `${where}: "${name}" is [${info.shape.join(', ')}] in the weights and [${shape.join(', ')}] by config.json`,
      );
    }
    parameters.set(name, { shape, data: await weights.readFloat32(own) });
  }
  const copy = stored.get(head);
  if (config.tie_word_embeddings && copy !== undefined) {
    expectTied(where, parameters.get('wte.weight')?.data, await weights.readFloat32(copy));
  }
  return parameters;
}

/** Hugging Face would pass a different head over in silence; whoever trained it would get figures of another model. */
function expectTied(where: string, embedding: Float32Array | undefined, copy: Float32Array): void {
  if (embedding?.length === copy.length && copy.every((value, at) => value === embedding[at])) return;
  throw new InputError(
    `${where}: "${head}" differs from "wte.weight", which config.json ties it to; ` +
      'a model with an unembedding of its own says "tie_word_embeddings": false',
  );
}

/** The files of a checkpoint directory, float32. @param raw parameters before any processing */
export function gpt2Files(
  config: Gpt2Config,
  raw: ParameterSet,
  metadata: Readonly<Record<string, string>> = {},
): Map<string, Uint8Array> {
  const tensors = [...raw].map(([name, { shape, data }]) => ({
    name: name === head ? name : prefix + name,
    dtype: 'F32' as const,
    shape,
    data,
  }));
  return new Map([
    ['config.json', new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
    ['model.safetensors', encodeSafetensors(tensors, { format: 'pt', ...metadata })],
  ]);
}
