/**
 * Batches drawn from a pool of activations: groups of samples of one site each.
 * @module
 */
import { type DecoderConfig } from '../models/decoder-config.js';
import { drawWeighted, randomFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type ActivationPool } from './activation-pool.js';
import { type DecoderBatch, saidBatch } from './decoder-data.js';
import { type DecoderRecipe } from './decoder-recipe.js';

/**
 * The batch of a step. It rests on the recipe's seed, the step and the weights alone.
 * @param group samples of one site that stand together; a batch is a multiple
 * @param siteWeights how often each site is drawn, in proportion
 * @returns feeds `z` `[batch, direction]`, whitened, `site` `[batch / group]`, and what is said
 */
export function drawPooledBatch(
  task: Task,
  config: DecoderConfig,
  recipe: DecoderRecipe,
  group: number,
  pool: ActivationPool,
  step: number,
  siteWeights: readonly number[],
): DecoderBatch {
  const random = randomFor(recipe.seed, 'pooled', step);
  const total = siteWeights.reduce((sum, weight) => sum + weight, 0);
  const groups = recipe.batch / group;
  const directions = pool.bos.length / config.sites.length;
  const site = new Int32Array(groups);
  const z = new Float32Array(recipe.batch * directions);
  const sequences: (readonly number[])[] = [];
  for (let at = 0; at < groups; at++) {
    const number = drawWeighted(random, siteWeights, total);
    site[at] = number;
    const { inputs, whitened } = pool.sites[number] ?? none;
    for (let i = 0; i < group; i++) {
      const sample = random.int(inputs.length);
      const [from, index] = random.next() < recipe.bosShare ? [pool.bos, number] : [whitened, sample];
      z.set(from.subarray(index * directions, (index + 1) * directions), sequences.length * directions);
      sequences.push(pool.sequences[inputs[sample] ?? 0] ?? []);
    }
  }
  const said = saidBatch(task, config, recipe, sequences);
  return {
    places: said.places,
    feeds: {
      z: { dtype: 'float32', shape: [recipe.batch, directions], data: z },
      site: { dtype: 'int32', shape: [groups], data: site },
      ...said.feeds,
    },
  };
}

const none = { inputs: new Int32Array(), whitened: new Float32Array() };
