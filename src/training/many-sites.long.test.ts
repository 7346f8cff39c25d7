/**
 * A decoder of as many sites as GPT-2 small has, at its width: how large it is, and that a step costs what few sites cost.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallModel, smallWeights } from '../../test/fixtures/small-gpt2.js';
import { createTrainer } from '../engine/index.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { decoderParameters, isStatistic } from '../models/decoder-config.js';
import { headSites } from '../models/hooked-model.js';
import { blockHook } from '../models/hooks.js';
import { addition, decoderRecipe } from '../studies/index.js';
import { type Task } from '../tasks/task.js';
import { type PlannedDecoderTraining, planDecoderTraining } from './decoder-training.js';
import { type DecoderRecipe, decoderConfigFor } from './decoder-recipe.js';
import { probedModelConfig } from './model-training.js';

const layers = 12;
const task: Task = { ...addition, model: { layers, heads: 12, width: 768 } };
const config = probedModelConfig(task);
const runtime = nodeRuntime();
const recipe: DecoderRecipe = (() => {
  const fast = decoderRecipe('addition', 'fast', 1);
  const { conditioning } = fast.architecture;
  if (conditioning.kind !== 'site-projection') throw new Error('another conditioning');
  return {
    ...fast,
    batch: 128,
    architecture: { ...fast.architecture, conditioning: { ...conditioning, directions: 64 } },
  };
})();

describe('a decoder of 157 sites of width 768', () => {
  const model = smallModel(config, 'transformerlens', smallWeights(config, 1));
  let plan: PlannedDecoderTraining;
  beforeAll(async () => {
    const { architecture } = await model;
    const sites = [
      blockHook(0, 'residPre'),
      ...headSites(architecture),
      ...Array.from({ length: layers }, (_, layer) => blockHook(layer, 'mlpOut')),
    ];
    plan = await planDecoderTraining(runtime, await model, { ...task, sites }, recipe);
  });
  afterAll(() => plan.dispose());

  it('is a few numbers a site: 64 directions, and a map from them', () => {
    const sizes = [
      ...decoderParameters(decoderConfigFor({ ...task, sites: plan.config.sites }, recipe, 768)),
    ].map(([name, { shape }]) => [name, shape.reduce((product, length) => product * length, 1)] as const);
    const total = (wanted: (name: string) => boolean): number =>
      sizes.reduce((sum, [name, size]) => sum + (wanted(name) ? size : 0), 0);
    expect(plan.config.sites).toHaveLength(157);
    expect(total(isStatistic)).toBe(157 * 768 * (64 + 1));
    expect(total((name) => name.startsWith('condition.project'))).toBe(157 * 256 * (64 + 1));
  });

  it('steps, and its loss falls', async () => {
    const trainer = createTrainer(runtime, plan.spec, plan.start());
    afterAll(() => trainer.dispose());
    const losses: number[] = [];
    const started = performance.now();
    for (let step = 0; step < 16; step++) {
      const { variant, feeds } = await plan.feeds(step);
      losses.push((await trainer.step(feeds, variant)).loss);
    }
    console.log(`16 steps, collection included: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  });
});
