/**
 * GPT-2 from and to a Hugging Face checkpoint directory.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Gpt2Config, gpt2Parameters, gpt2ParameterTest, readGpt2Config } from './gpt2-config.js';
import { type HookedModel, hookedModel } from './hooked-model.js';
import { type Processing, processWeights } from './processing.js';
import { readJson } from './read-json.js';
import { head, storedNames } from './stored-names.js';
import { type Directory } from './weights/byte-source.js';
import { type ParameterSet } from './weights/fingerprint.js';
import { openWeights } from './weights/open-weights.js';
import { encodeSafetensors } from './weights/safetensors-encode.js';
import { type TensorFile } from './weights/tensor-file.js';

/** Buffers that older versions of transformers stored with the weights: masks, not parameters. */
const isBuffer = (name: string): boolean =>
  /\.attn\.(masked_)?bias$/.test(name) && !/c_attn|c_proj/.test(name);

const prefix = 'transformer.';
const embedding = 'wte.weight';

/**
 * Reads a checkpoint directory: `config.json` and the weights, in whichever form they are there.
 * @param processing how weights are to be run; recorded in the model
 * @throws InputError when a file is missing or damaged, config and weights disagree, or processing leaves float32
 */
export async function loadGpt2(directory: Directory, processing: Processing): Promise<HookedModel> {
  const config = readGpt2Config(await readJson(directory, 'config.json'), `${directory.name}/config.json`);
  const weights = await openWeights(directory, isBuffer);
  try {
    const raw = await readParameters(directory.name, config, weights);
    const parameters = processing === 'transformerlens' ? processWeights(config, raw) : raw;
    expectFiniteParameters(directory.name, parameters);
    return await hookedModel(directory.name, config, raw, parameters, processing);
  } finally {
    await weights.close();
  }
}

async function readParameters(where: string, config: Gpt2Config, weights: TensorFile): Promise<ParameterSet> {
  const names = [...weights.tensors.keys()];
  const stored = storedNames(where, names, gpt2ParameterTest(config));
  const copy = stored.get(head);
  const tied = config.tie_word_embeddings && copy !== undefined;
  // Writers of shared tensors store them under one name, which may be the unembedding's.
  const sameAs = tied && !stored.has(embedding) ? copy : null;
  if (sameAs !== null) stored.set(embedding, sameAs);
  // All is compared before anything is read.
  const plan = new Map<string, { readonly own: string; readonly shape: readonly number[] }>();
  for (const [name, shape] of gpt2Parameters(config)) {
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
    plan.set(name, { own, shape });
  }
  const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, { own, shape }] of plan) {
    parameters.set(name, { shape, data: await weights.readFloat32(own) });
  }
  if (tied && sameAs === null) {
    expectTied(where, parameters.get(embedding)?.data, await weights.readFloat32(copy));
  }
  return parameters;
}

/** What is computed of finite weights may be beyond float32: a gain times the weight after it. */
function expectFiniteParameters(where: string, parameters: ParameterSet): void {
  for (const [name, { data }] of parameters) {
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) continue;
    throw new InputError(
      `${where}: "${name}" is not finite after weight processing (${data[wrong] ?? NaN} at element ${wrong}): ` +
        'the weights are too large for LayerNorm to be folded into them; --processing none runs them as they are',
    );
  }
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
