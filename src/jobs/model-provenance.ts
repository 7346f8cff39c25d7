/**
 * What is known of a probed model's training. A figure is called held-out only where the inputs are known to be: the
 * directory says which task the model learned, by which recipe, and that of these very weights. Of any other checkpoint
 * the split into training and test inputs is ours, and it may have learned from either.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { readJson } from '../models/read-json.js';
import { type Directory } from '../models/weights/byte-source.js';

const schema = z.object({
  task: z.string(),
  hash: z.string(),
  recipe: z.object({ task: z.string(), seed: z.number() }),
});

/**
 * The task whose training split a model's directory says it learned from.
 * @param hash of the weights, see `fingerprint`
 * @returns null where there is no provenance, or it is that of other weights
 */
export async function trainedOn(directory: Directory, hash: string): Promise<string | null> {
  try {
    const { data } = schema.safeParse(await readJson(directory, 'provenance.json'));
    return data?.hash === hash && data.recipe.task === data.task ? data.task : null;
  } catch (error) {
    // Missing or damaged: a checkpoint need not say where it is from.
    if (error instanceof InputError) return null;
    throw error;
  }
}
