import { describe, expect, it } from 'vitest';
import { float64Gpt2 } from '../../test/fixtures/float64-gpt2.js';
import { at, crossEntropy } from '../../test/fixtures/float64.js';
import { smallWeights } from '../../test/fixtures/small-gpt2.js';
import { type Tensor, type Value, floatsOf, graph, input } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Task } from '../tasks/index.js';
import { addition, counting, modelRecipe } from '../studies/index.js';
import { batchReader } from './batches.js';
import { type ModelRecipe } from './model-recipe.js';
import { planModelTraining, probedModelConfig } from './model-training.js';

const runtime = nodeRuntime({ threads: 1 });
const recipeOf = (task: Task, changes: Partial<ModelRecipe>): ModelRecipe => ({
  ...modelRecipe(task.name, 'fast', 5),
  batch: 3,
  dropout: 0,
  ...changes,
});

/** The loss that a training is fed at a step, with given weights. */
async function lossAt(task: Task, recipe: ModelRecipe, step: number): Promise<number> {
  const plan = planModelTraining(task, recipe);
  const { variant, feeds } = await plan.feeds(step);
  const weights = smallWeights(probedModelConfig(task));
  const made = new Map<string, Value>();
  const parameter = (name: string): Value => {
    const value = made.get(name) ?? input(name, 'float32', weights.get(name)?.shape ?? []);
    made.set(name, value);
    return value;
  };
  const executable = await runtime.compile(graph({ loss: plan.spec.loss(parameter, variant).loss }));
  const given = Object.fromEntries(
    [...weights].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { dtype: 'float32', shape, data },
    ]),
  );
  const known = new Set(executable.graph.inputs.map(({ node }) => node.name));
  const inputs = Object.fromEntries(
    Object.entries({ ...given, ...feeds }).filter(([name]) => known.has(name)),
  );
  const loss = at(floatsOf(await executable.run(inputs), 'loss'), 0);
  await executable.dispose();
  return loss;
}

/** The same by definition: mean over counted tokens, sequence by sequence, in float64. */
function definedLoss(
  task: Task,
  recipe: ModelRecipe,
  step: number,
  counted: (ids: readonly number[]) => number[],
): number {
  const { sequences } = batchReader({ task, seed: recipe.seed, size: recipe.batch, trim: recipe.trim })(step);
  const config = probedModelConfig(task);
  const weights = smallWeights(config);
  let [sum, total] = [0, 0];
  for (const ids of sequences) {
    const { logits } = float64Gpt2(config, weights, ids.slice(0, -1));
    for (const place of counted(ids)) {
      const row = logits.subarray((place - 1) * config.vocab_size, place * config.vocab_size);
      sum += crossEntropy(row, config.vocab_size, [at(ids, place)], [1]);
      total += 1;
    }
  }
  return sum / total;
}

const everyToken = (ids: readonly number[]): number[] => ids.map((_, place) => place).slice(1);

describe('the loss of a probed model', () => {
  it.each([
    { name: 'every token', task: addition, changes: { loss: 'every' } },
    { name: 'every token, trimmed', task: counting, changes: { loss: 'every', trim: 4 } },
    { name: 'the answer', task: addition, changes: { loss: 'determined' } },
    { name: 'the count', task: counting, changes: { loss: 'determined' } },
    { name: 'the count, trimmed', task: counting, changes: { loss: 'determined', trim: 4 } },
    { name: 'the count, read alone', task: counting, changes: { loss: 'single', trim: 4 } },
    { name: 'the count, read alone, untrimmed', task: counting, changes: { loss: 'single', trim: 0 } },
  ] as const)('is the mean cross-entropy over $name', async ({ task, changes }) => {
    const recipe = recipeOf(task, changes);
    const counted =
      changes.loss === 'every' ? everyToken : (ids: readonly number[]) => [...task.answer.determined(ids)];
    const wanted = definedLoss(task, recipe, 21, counted);
    expect(Math.abs((await lossAt(task, recipe, 21)) / wanted - 1)).toBeLessThan(1e-5);
  });

  it('cannot be read at one place where there are several answers', async () => {
    await expect(async () =>
      planModelTraining(addition, recipeOf(addition, { loss: 'single' })).feeds(0),
    ).rejects.toThrow(/addition: an input has not one answer token/);
  });
});

describe('a planned training', () => {
  it('clips gradients as its recipe says', () => {
    expect(planModelTraining(addition, modelRecipe('addition', 'paper')).spec.optimizer.clip).toBe(1);
    expect(planModelTraining(addition, modelRecipe('addition', 'fast')).spec.optimizer).not.toHaveProperty(
      'clip',
    );
  });

  it('feeds a step the same whenever it is asked, and dropout a seed of its own', async () => {
    const recipe = recipeOf(addition, { dropout: 0.1 });
    const plan = planModelTraining(addition, recipe);
    const again = planModelTraining(addition, recipe);
    const seeds: number[] = [];
    for (const step of [40, 3, 4, 40]) {
      const fed = await plan.feeds(step);
      expect(fed).toEqual(await again.feeds(step));
      seeds.push(Number(fed.feeds['seed']?.data[0]));
    }
    expect(new Set(seeds).size).toBe(3);
    expect(seeds[0]).toBe(seeds[3]);
    expect((await planModelTraining(addition, recipeOf(addition, {})).feeds(0)).feeds).not.toHaveProperty(
      'seed',
    );
  });

  it('starts from the seed', () => {
    const start = (seed: number) => planModelTraining(addition, recipeOf(addition, { seed })).start();
    expect(start(1)).toEqual(start(1));
    expect(start(1).parameters).not.toEqual(start(2).parameters);
    expect(start(1).step).toBe(0);
    for (const { data } of start(1).moments.values())
      expect(new Set(data as Float32Array)).toEqual(new Set([0]));
  });

  it('leaves biases and norms out of the decay; muon takes the matrices inside blocks', () => {
    const { spec, start } = planModelTraining(counting, recipeOf(counting, { optimizer: 'muon' }));
    const names = [...start().parameters.keys()];
    const kept = names.filter((name) => spec.optimizer.decays?.(name) === false);
    expect(kept.every((name) => name.endsWith('.bias') || /ln_(1|2|f)\.weight$/.test(name))).toBe(true);
    expect(kept).toHaveLength(names.filter((name) => name.endsWith('.bias')).length + 5);
    expect(names.filter((name) => spec.optimizer.muon?.(name))).toEqual(
      [0, 1].flatMap((layer) =>
        ['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'].map((part) => `h.${layer}.${part}.weight`),
      ),
    );
    const plain = planModelTraining(counting, recipeOf(counting, { optimizer: 'adamw' }));
    expect(plain.spec.optimizer.muon).toBeUndefined();
  });
});
