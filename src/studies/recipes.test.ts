import { tokenCount } from '../tasks/tokens.js';
import { describe, expect, it } from 'vitest';
import { InputError } from '../input-error.js';
import { decoderParameters } from '../models/decoder-config.js';
import { addition, counting, decoderPresets, decoderRecipe, modelPresets, modelRecipe } from './index.js';
import { tasks } from '../../test/fixtures/shipped-tasks.js';
import { decoderConfigFor, decoderRecipeSchema } from '../training/decoder-recipe.js';
import { modelRecipeSchema } from '../training/model-recipe.js';
import { probedModelConfig } from '../training/model-training.js';
import { namedPreset } from '../training/presets.js';

describe('the published recipe of a probed model', () => {
  it('is that of addition: AdamW at 1e-4, batch 512, 50 epochs, dropout 0.1, loss on every token', () => {
    const recipe = modelRecipe('addition', 'paper', 7);
    expect(recipe).toMatchObject({ task: 'addition', preset: 'paper', seed: 7 });
    expect(recipe).toMatchObject({ optimizer: 'adamw', batch: 512, dropout: 0.1, loss: 'every', trim: 0 });
    expect(recipe.clip).toBe(1);
    expect(recipe.schedule).toMatchObject({ kind: 'constant', peak: 1e-4, warmup: 0 });
    expect(recipe.schedule.steps).toBe(50 * Math.ceil(addition.data.splitSize.train / 512));
  });

  it('is that of counting: AdamW at 5e-4, batch 128, 100 epochs, no dropout, loss on the count', () => {
    const recipe = modelRecipe('counting', 'paper');
    expect(recipe).toMatchObject({ optimizer: 'adamw', batch: 128, dropout: 0, loss: 'determined', seed: 0 });
    expect(recipe.clip).toBe(1);
    expect(recipe.schedule).toMatchObject({ kind: 'constant', peak: 5e-4, warmup: 0 });
    expect(recipe.schedule.steps).toBe(100 * Math.ceil(counting.data.splitSize.train / 128));
    // The count is the one token that is determined.
    const ids = counting.encode('vvzccvczvvvzvcvc|v:8');
    expect(counting.answer.determined(ids)).toEqual([ids.length - 2]);
  });

  it('is of the published size', () => {
    expect(probedModelConfig(addition)).toMatchObject({
      n_layer: 2,
      n_head: 4,
      n_embd: 32,
      n_positions: 14,
      vocab_size: 15,
    });
    expect(probedModelConfig(counting)).toMatchObject({
      n_layer: 2,
      n_head: 1,
      n_embd: 64,
      n_positions: 33,
      vocab_size: 40,
    });
  });
});

describe('the published recipe of a decoder', () => {
  it.each([
    ['addition', 32, 0],
    ['counting', 64, 6],
  ] as const)('of %s has the numbers of the paper', (name, activationWidth, rebalance) => {
    const recipe = decoderRecipe(name, 'paper', 3);
    expect(recipe).toMatchObject({
      task: name,
      preset: 'paper',
      seed: 3,
      batch: 256,
      optimizer: 'adamw',
      weightDecay: 0.01,
      dropout: 0.1,
      clip: 1,
      bosShare: 0.01,
      rebalance,
      perInput: 1,
      trim: 0,
    });
    expect(recipe.schedule).toMatchObject({ kind: 'constant', peak: 1e-4, warmup: 0 });
    // 100 epochs of a million samples.
    expect(recipe.schedule.steps * recipe.batch).toBe(100 * 1_000_000);
    expect(recipe.architecture).toEqual({
      layers: 2,
      heads: 4,
      width: 256,
      inner: 1024,
      activation: 'gelu',
      conditioning: { kind: 'residual-mlp', blocks: 6, hidden: activationWidth },
      additive: false,
      form: 'plain',
    });
  });

  it.each(tasks)('makes the architecture of the paper for $name', (task) => {
    const { width } = task.model;
    const config = decoderConfigFor(task, decoderRecipe(task.name, 'paper'), width);
    expect(config).toMatchObject({
      vocabulary: tokenCount(task),
      places: task.maxLength - 1,
      activation_width: width,
      sites: task.sites,
    });
    const shapes = decoderParameters(config);
    // u = [z ; e_s] with an embedding of as many numbers as there are sites.
    const channel = width + task.sites.length;
    expect(shapes.get('condition.site.weight')?.shape).toEqual([task.sites.length, task.sites.length]);
    expect(shapes.get('condition.5.fc.weight')?.shape).toEqual([channel, width]);
    expect(shapes.get('condition.5.proj.weight')?.shape).toEqual([width, channel]);
    expect(shapes.has('condition.6.fc.weight')).toBe(false);
    expect(shapes.get('h.1.prefix.weight')?.shape).toEqual([channel, 256]);
    expect(shapes.get('wte.weight')?.shape).toEqual([tokenCount(task), 256]);
  });

  it.each(tasks)(
    'starts conditioning layers of $name as N(0, 0.02) with zero biases, ours as before',
    (task) => {
      const startOf = (preset: string) =>
        decoderParameters(decoderConfigFor(task, decoderRecipe(task.name, preset), task.model.width));
      const layers = (plans: ReturnType<typeof startOf>) =>
        [...plans].filter(([name]) => /^condition\.\d\.(fc|proj)|^condition\.add|\.prefix\./.test(name));
      const paper = layers(startOf('paper'));
      expect(paper).toHaveLength(2 * (6 * 2 + 2));
      for (const [name, { initial }] of paper)
        expect([name, initial]).toEqual([name, name.endsWith('.bias') ? 'zeros' : { normal: 0.02 }]);
      // What one command gives is what is shipped: this start must not change.
      const fast = layers(startOf('fast'));
      expect(fast).toHaveLength(2 * (3 * 2 + 1 + 2));
      const shapes = startOf('fast');
      for (const [name, { initial }] of fast) {
        const [rows = 0] = shapes.get(name.replace(/bias$/, 'weight'))?.shape ?? [];
        expect([name, initial]).toEqual([name, { uniform: 1 / Math.sqrt(rows) }]);
      }
    },
  );

  it.each(tasks)('has room for what is said in either form: $name', (task) => {
    const recipe = decoderRecipe(task.name, 'fast');
    const config = decoderConfigFor(task, recipe, task.model.width);
    expect(config.form).toBe('completion');
    expect(config.places).toBe(task.completion.maxFree - 1);
  });
});

describe('presets', () => {
  it.each(tasks)('of $name are all accepted by their schemas', ({ name }) => {
    expect(modelPresets(name)).toEqual(['paper', 'fast']);
    expect(decoderPresets(name)).toEqual(['paper', 'fast']);
    for (const preset of ['paper', 'fast']) {
      expect(modelRecipeSchema.parse(modelRecipe(name, preset, 5))).toEqual(modelRecipe(name, preset, 5));
      expect(decoderRecipeSchema.parse(decoderRecipe(name, preset, 5))).toEqual(
        decoderRecipe(name, preset, 5),
      );
    }
    expect(modelRecipe(name)).toEqual(modelRecipe(name, 'fast', 0));
    expect(decoderRecipe(name)).toEqual(decoderRecipe(name, 'fast', 0));
  });

  it('of a model trained before there was a choice of clipping go on without', () => {
    for (const { name } of tasks) {
      const { clip, ...old } = modelRecipe(name, 'fast', 3);
      expect(clip).toBeNull();
      expect(modelRecipeSchema.parse(old)).toEqual({ ...old, clip: null });
    }
  });

  it('that do not exist are refused with what there is', () => {
    for (const recipe of [modelRecipe, decoderRecipe]) {
      expect(() => recipe('addition', 'papr')).toThrow(InputError);
      expect(() => recipe('addition', 'papr')).toThrow(
        /^Unknown preset "papr"\. Did you mean "paper"\? Presets of addition: paper, fast\.$/,
      );
      expect(() => recipe('addition', 'toString')).toThrow(/^Unknown preset "toString"\. Presets/);
      expect(() => recipe('additon')).toThrow(InputError);
      expect(() => recipe('additon')).toThrow(
        /^Unknown task "additon"\. Did you mean "addition"\? Tasks: addition, counting\.$/,
      );
    }
    for (const presets of [modelPresets, decoderPresets]) {
      expect(presets('addition')).toEqual(['paper', 'fast']);
      expect(() => presets('additon')).toThrow(InputError);
    }
    expect(() => namedPreset({}, 'mine', 'fast')).toThrow('There is no recipe for the task "mine".');
  });

  it('that do not fit are refused by their schemas', () => {
    const refused = (changes: object): void => {
      expect(decoderRecipeSchema.safeParse({ ...decoderRecipe('addition'), ...changes }).success).toBe(false);
    };
    // Sites are weighed anew after an evaluation: inside a chunk that was drawn before, a resume would draw another.
    refused({ evaluateEvery: 100 });
    refused({ bosShare: 1.5 });
    refused({ seed: -1 });
    refused({ optimizer: 'sgd' });
    refused({ perInput: 0 });
    expect(modelRecipeSchema.safeParse({ ...modelRecipe('addition'), batch: 0 }).success).toBe(false);
    expect(modelRecipeSchema.safeParse({ ...modelRecipe('addition'), loss: 'none' }).success).toBe(false);
  });
});
