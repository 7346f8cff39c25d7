/**
 * What is known of a probed model's training. A figure is called held-out only where the inputs are known to be: the
 * directory says which task the model learned, by which recipe, and that of these very weights. Of any other checkpoint
 * the split into training and test inputs is ours, and it may have learned from either.
 * @module
 */
import { z } from 'zod';
import { InputError } from '../input-error.js';
import { digestOf } from '../inversion/enumerate/saved-activations.js';
import { readJson } from '../models/read-json.js';
import { type Directory } from '../models/weights/byte-source.js';
import { type Template, textIdentity } from '../tasks/index.js';

const schema = z.object({
  task: z.string(),
  hash: z.string(),
  recipe: z.object({ task: z.string(), seed: z.number(), template: z.string().optional() }),
});

/** SHA-256 of what decides a template's texts and their split, as recipes state it. */
export const templateHash = (template: Template): Promise<string> =>
  digestOf(new TextEncoder().encode(textIdentity(template)));

/**
 * The task whose training split a model's directory says it learned from.
 * @param hash of the weights, see `fingerprint`
 * @param template of a task of texts: its hash, as templates of one name may differ
 * @returns null where there is no provenance, or it is that of other weights or another template
 */
export async function trainedOn(
  directory: Directory,
  hash: string,
  template?: string,
): Promise<string | null> {
  try {
    const { data } = schema.safeParse(await readJson(directory, 'provenance.json'));
    return data?.hash === hash && data.recipe.task === data.task && data.recipe.template === template
      ? data.task
      : null;
  } catch (error) {
    // Missing or damaged: a checkpoint need not say where it is from.
    if (error instanceof InputError) return null;
    throw error;
  }
}
