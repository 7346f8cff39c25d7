/**
 * What a decoder is asked while it trains. Its in-preimage rates decide which sites are drawn more often, so these draws
 * are part of what a recipe and a seed give: one stream, inputs first, then positions, then the samples of site after
 * site. Evaluations apart from a training have a stream for each item instead, see `inversion/evaluate.ts`.
 * @module
 */
import { type EvaluationDraws } from '../inversion/evaluate.js';
import { randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';

/**
 * Makes them.
 * @param count queries, asked at every site
 * @param tokens drawn a sample
 */
export function trainingDraws(task: Task, seed: number, count: number, tokens: number): EvaluationDraws {
  const random = randomFor(seed, 'evaluate');
  const inputs = Array.from({ length: count }, () => task.sample(random, 'test'));
  return {
    queries: inputs.map((ids) => {
      const among = task.positions(ids);
      return { ids, position: among[random.int(among.length)] ?? 0 };
    }),
    uniforms: () => random.fill(new Float32Array(count * tokens)),
  };
}
