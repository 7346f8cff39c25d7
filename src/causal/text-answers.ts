/**
 * How a language model answers the texts of a template: whether the answer's first token comes out on top, and by how
 * much its logit is above that of the contrast answer.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { randomFor } from '../random.js';
import { type Share, shareOf } from '../share.js';
import { type TemplateTask } from '../tasks/index.js';
import { type Estimate, estimate } from './estimate.js';
import { createPatcher } from './patcher.js';

/** Texts of a run. */
const [fewRows, manyRows] = [16, 128];

/** How texts were answered. */
export interface TextAnswers {
  /** Texts whose answer has the highest logit of all tokens. */
  readonly top: Share;
  /** Logit of the answer less that of the contrast answer; null for a template without one. */
  readonly difference: (Estimate & { readonly above: Share }) | null;
}

/**
 * Asks texts of the test split, each once.
 * @param count how many; fewer where there are not as many different ones
 * @throws InputError for a template without an answer
 */
export async function answerTexts(
  runtime: Runtime,
  model: HookedModel,
  task: TemplateTask,
  count: number,
  seed: number,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<TextAnswers> {
  if (task.answer === undefined) throw new InputError(`${task.name} has no answer: its template says none.`);
  const drawn = Array.from({ length: count }, (_, at) => task.sample(randomFor(seed, 'answers', at), 'test'));
  const inputs = [...new Map(drawn.map((ids) => [ids.join(), ids])).values()];
  const batch = isLarge(model) ? fewRows : manyRows;
  const patcher = createPatcher(runtime, model, { sites: [], places: task.maxLength, pad: task.pad, batch });
  const answerAt = (ids: readonly number[]): number => task.answer?.determined(ids)[0] ?? 1;
  let right = 0;
  const differences: number[] = [];
  try {
    for (let start = 0; start < inputs.length; start += batch) {
      const part = inputs.slice(start, start + batch);
      const reads = part.map((ids) => [answerAt(ids) - 1]);
      const { logits, vocabulary } = await patcher.record({ inputs: part, reads });
      part.forEach((ids, row) => {
        const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
        const answer = own[ids[answerAt(ids)] ?? 0] ?? NaN;
        if (own.every((logit) => logit <= answer)) right++;
        const against = task.contrastAnswer(ids);
        if (against !== null) differences.push(answer - (own[against] ?? NaN));
      });
      onProgress(start + part.length, inputs.length);
    }
  } finally {
    await patcher.dispose();
  }
  return {
    top: shareOf(right, inputs.length),
    difference:
      differences.length === 0
        ? null
        : {
            ...estimate(differences),
            above: shareOf(differences.filter((value) => value > 0).length, differences.length),
          },
  };
}
