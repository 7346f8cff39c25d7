/**
 * A model of a checkpoint, whatever family it is of and whatever form it comes in.
 * @module
 */
import { InputError } from '../input-error.js';
import { quote } from '../printable.js';
import { type Architecture, parameterTest, parametersOf } from './architecture.js';
import { type Family } from './families/index.js';
import { firstNotFinite } from './finite.js';
import { type HookedModel, hookedModel } from './hooked-model.js';
import { type Checkpoint, openCheckpointDirectory } from './open-checkpoint.js';
import { type Processing, processWeights } from './processing.js';
import { storedNames } from './stored-names.js';
import { type Directory } from './weights/byte-source.js';
import { type Fingerprint, type ParameterSet, createFingerprint } from './weights/fingerprint.js';
import { type TensorFile } from './weights/tensor-file.js';

/**
 * Loads the model in a directory: `config.json` and the weights, in whichever form they are there.
 * @param processing how weights are to be run; recorded in the model
 * @throws InputError when a file is missing or damaged, config and weights disagree, or processing leaves float32
 */
export async function loadModel(directory: Directory, processing: Processing): Promise<HookedModel> {
  const checkpoint = await openCheckpointDirectory(directory);
  try {
    return await modelOf(checkpoint, processing);
  } finally {
    await checkpoint.tensors.close();
  }
}

/**
 * The model of an opened checkpoint, which stays open.
 * @throws InputError as {@link loadModel} does
 */
export async function modelOf(
  { name, family, architecture, tensors }: Checkpoint,
  processing: Processing,
): Promise<HookedModel> {
  const whole = createFingerprint();
  const raw = await readParameters(name, family, architecture, tensors, whole);
  if (processing === 'none') {
    // What is read is finite: who reads it sees to that.
    return hookedModel(name, await whole.result(), { architecture, parameters: raw }, processing);
  }
  const run = processWeights(architecture, raw);
  expectFiniteParameters(name, run.parameters);
  return hookedModel(name, await whole.result(), run, processing);
}

async function readParameters(
  where: string,
  family: Family,
  architecture: Architecture,
  weights: TensorFile,
  whole: Fingerprint,
): Promise<ParameterSet> {
  const { names, tied } = architecture;
  const { embed, unembed, prefix } = names;
  const stored = storedNames(where, [...weights.tensors.keys()], {
    what: family.what,
    prefix,
    unembed,
    has: parameterTest(architecture),
  });
  const copy = stored.get(unembed);
  const tiedCopy = tied ? copy : undefined;
  // Writers of shared tensors store them under one name, which may be the unembedding's.
  const sameAs = tiedCopy !== undefined && !stored.has(embed) ? tiedCopy : null;
  if (sameAs !== null) stored.set(embed, sameAs);
  // All is compared before anything is read.
  const plan = new Map<string, { readonly own: string; readonly shape: readonly number[] }>();
  for (const [name, shape] of parametersOf(architecture)) {
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
    const parameter = { shape, data: await weights.readFloat32(own) };
    await whole.add(name, parameter);
    parameters.set(name, parameter);
  }
  if (tiedCopy !== undefined && sameAs === null) {
    expectTied(where, architecture, parameters.get(embed)?.data, await weights.readFloat32(tiedCopy));
  }
  return parameters;
}

/** What is computed of finite weights may be beyond float32: a gain times the weight after it. */
function expectFiniteParameters(where: string, parameters: ParameterSet): void {
  for (const [name, { data }] of parameters) {
    const at = firstNotFinite(data);
    if (at < 0) continue;
    throw new InputError(
      `${where}: "${name}" is not finite after weight processing (${data[at] ?? NaN} at element ${at}): ` +
        'the weights are too large for LayerNorm to be folded into them; --processing none runs them as they are',
    );
  }
}

/** Hugging Face would pass a different head over in silence; whoever trained it would get figures of another model. */
function expectTied(
  where: string,
  { names }: Architecture,
  embedding: Float32Array | undefined,
  copy: Float32Array,
): void {
  if (embedding?.length === copy.length && copy.every((value, at) => value === embedding[at])) return;
  throw new InputError(
    `${where}: ${quote(names.unembed)} differs from ${quote(names.embed)}, which config.json ties it to; ` +
      'a model with an unembedding of its own says "tie_word_embeddings": false',
  );
}
