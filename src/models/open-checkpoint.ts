/**
 * A checkpoint, whatever form it comes in: a directory as Hugging Face lays it out, or a GGUF file.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Architecture } from './architecture.js';
import { type Family, familyOf, readArchitecture } from './families/index.js';
import { openGgufCheckpoint } from './gguf/checkpoint.js';
import { ggufTokenizer } from './gguf/tokenizer.js';
import { readJson } from './read-json.js';
import { openTokenizer } from './tokenizers/open-tokenizer.js';
import { type TextTokenizer } from './tokenizers/text-tokenizer.js';
import { type ByteSource, type Directory } from './weights/byte-source.js';
import { openWeights } from './weights/open-weights.js';
import { type TensorFile } from './weights/tensor-file.js';

/** What a model is made of. */
export interface Checkpoint {
  /** What to call it in a message. */
  readonly name: string;
  readonly form: 'directory' | 'gguf';
  /** The content of `config.json`, or what stands for it. */
  readonly config: unknown;
  readonly family: Family;
  readonly architecture: Architecture;
  /** Under Hugging Face's names; closing them closes the checkpoint. */
  readonly tensors: TensorFile;
  /** Null where there is none, or none that can be used. */
  readonly tokenizer: TextTokenizer | null;
  /** Why there is no tokenizer, as a sentence; null where there is one. A model runs without one, on ids. */
  readonly noTokenizer: string | null;
}

/**
 * Opens the checkpoint in a directory: `config.json`, the weights in whichever form they are there, and the tokenizer.
 * @throws InputError when config or weights are missing or damaged
 */
export async function openCheckpointDirectory(directory: Directory): Promise<Checkpoint> {
  const config = await readJson(directory, 'config.json');
  const described = describedBy(config, `${directory.name}/config.json`);
  const tensors = await openWeights(directory, described.family.isBuffer);
  const tokenizer = await tokenizerOr(directory.name, () => openTokenizer(directory));
  return { name: directory.name, form: 'directory', config, ...described, tensors, ...tokenizer };
}

/**
 * Opens a GGUF file as a checkpoint, which then owns the source.
 * @throws InputError when it is damaged, or of an architecture or an element type that is not supported
 */
export async function openCheckpointFile(source: ByteSource): Promise<Checkpoint> {
  const { config, tensors, values } = await openGgufCheckpoint(source);
  let described: ReturnType<typeof describedBy>;
  try {
    described = describedBy(config, source.name);
  } catch (error) {
    await tensors.close();
    throw error;
  }
  const tokenizer = await tokenizerOr(source.name, () => ggufTokenizer(values));
  return { name: source.name, form: 'gguf', config, ...described, tensors, ...tokenizer };
}

/** What a config says. @throws InputError for one that is not read */
const describedBy = (config: unknown, file: string): Pick<Checkpoint, 'family' | 'architecture'> => ({
  family: familyOf(config, file),
  architecture: readArchitecture(config, file),
});

/** A fault of the tokenizer is put by: a run on ids does without. */
async function tokenizerOr(
  name: string,
  open: () => TextTokenizer | null | Promise<TextTokenizer | null>,
): Promise<Pick<Checkpoint, 'tokenizer' | 'noTokenizer'>> {
  try {
    const tokenizer = await open();
    return { tokenizer, noTokenizer: tokenizer === null ? `${name} has no tokenizer.` : null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { tokenizer: null, noTokenizer: error.message };
  }
}
