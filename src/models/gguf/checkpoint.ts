/**
 * A GGUF file as the checkpoint directory that it was made of: a config, tensors and a tokenizer.
 * @module
 */
import { InputError } from '../../input-error.js';
import { type ByteSource } from '../weights/byte-source.js';
import { openGguf } from '../weights/gguf.js';
import { type TensorFile } from '../weights/tensor-file.js';
import { familyOf } from './families.js';
import { headValues, type HeadValues } from './head-values.js';
import { llama3Scaling } from './rope-factors.js';
import { huggingFaceTensors, ropeFactors } from './tensors.js';

/** What a GGUF file holds. */
export interface GgufCheckpoint {
  /** The `config.json` that it stands for, as transformers 4 spells it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tensors under Hugging Face's names; closing them closes the file. */
  readonly tensors: TensorFile;
  /** The named values in its head, for the tokenizer. */
  readonly values: HeadValues;
}

/**
 * Opens a GGUF file as a checkpoint. The source is closed with the tensors, and when opening fails.
 * @throws InputError for a damaged file and for an architecture that is not known
 */
export async function openGgufCheckpoint(source: ByteSource): Promise<GgufCheckpoint> {
  const file = await openGguf(source);
  try {
    const values = headValues(file);
    const family = familyOf(values);
    const [vocabulary] = file.tensors.get('token_embd.weight')?.shape ?? [];
    if (vocabulary === undefined) throw new InputError(`${file.name} has no tensor "token_embd.weight".`);
    const config = family.config(values, { vocabulary, has: (name) => file.tensors.has(name) });
    if (file.tensors.has(ropeFactors)) {
      const divisors = Array.from(await file.readFloat32(ropeFactors));
      if (divisors.some((divisor) => divisor !== 1)) {
        const scaling = llama3Scaling(divisors, Number(config['rope_theta']));
        if (scaling === null) {
          throw new InputError(
            `${file.name}: "${ropeFactors}" scales rotary positions in another way than Llama 3, which is not supported.`,
          );
        }
        config['rope_scaling'] = scaling;
      }
    }
    return { config, tensors: huggingFaceTensors(file, family, values), values };
  } catch (error) {
    await file.close();
    throw error;
  }
}
