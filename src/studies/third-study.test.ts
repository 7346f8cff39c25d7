/**
 * A study that is in no list: everything that takes a task takes one with no capability but those it names, and says in a
 * sentence what is missing.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { probedModel, smallDecoder } from '../../test/fixtures/task-models.js';
import { contrastsOf } from '../causal/contrast.js';
import { heldOut } from '../causal/experiment.js';
import { nodeRuntime } from '../engine/runtime/node.js';
import { InputError } from '../input-error.js';
import { createPrior } from '../interpret/prior.js';
import { createReader } from '../inversion/preimage.js';
import { expectEnumerable } from '../inversion/enumerate/activations.js';
import { characterTokenizer } from '../models/tokenizers/character.js';
import { type Random } from '../random.js';
import { type CapableTask, type Task, capability, resolvePosition } from '../tasks/index.js';
import { planDecoderTraining } from '../training/decoder-training.js';
import { planModelTraining } from '../training/model-training.js';
import { decoderRecipe, modelRecipe } from './index.js';
import { type Study } from './study.js';

const tokenizer = characterTokenizer(Array.from('abBEP'), ['B', 'E', 'P']);
const [BOS, EOS, PAD] = [2, 3, 4];
const encode = (text: string): number[] => [BOS, ...tokenizer.encode(text), EOS];
const draw = (random: Random): number[] =>
  encode(Array.from({ length: 4 }, () => 'ab'[random.int(2)]).join(''));

/** A bare corpus: words of four letters, nothing said about them. */
const words: Task = {
  name: 'words',
  about: 'Words of four letters, a and b.',
  tokenizer,
  bos: BOS,
  eos: EOS,
  pad: PAD,
  maxLength: 6,
  sites: ['blocks.0.hook_resid_post'],
  epsilon: 0.1,
  metric: 'euclidean',
  rounds: [{ temperature: 1, noise: 0, candidates: 8 }],
  encode,
  decode: (ids) => tokenizer.decode(ids),
  check: (ids) => (ids.length === 6 ? null : 'has not four letters'),
  places: () => [{ name: 'last', index: 4 }],
  positions: () => [1, 2, 3, 4],
  sample: draw,
  draw: (random) => tokenizer.decode(draw(random)),
  annotate: () => ({}),
  features: [],
};
const sized: Task = { ...words, model: { layers: 1, heads: 1, width: 4 } };
const study: Study = {
  task: sized,
  summary: words.about,
  example: 'abba',
  experiments: [],
  ablations: [],
  recipes: {
    model: { fast: { ...modelRecipe('addition'), loss: 'every', batch: 8 } },
    decoder: { fast: { ...decoderRecipe('addition'), batch: 8, perInput: 1 } },
  },
  viewer: null,
};

const runtime = nodeRuntime({ threads: 1 });

describe('a study of a bare corpus', () => {
  const settings = study.recipes.decoder['fast'];
  const plain = { task: 'words', preset: 'fast', seed: 1 } as const;

  it('is read, with a decoder of whole inputs', async () => {
    const model = await probedModel(sized);
    const decoder = smallDecoder(sized, { form: 'plain' });
    const reader = createReader(runtime, model, decoder, words);
    afterAll(() => reader.dispose());
    const ids = words.encode('abba');
    const position = resolvePosition(words, ids, 'last');
    const { reading } = await reader.read({ ids, site: words.sites[0] ?? '', position, seed: 1 });
    expect(reading).toMatchObject({ task: 'words', candidates: 8, query: { tokens: [...'BabbaE'] } });
  });

  it('trains a model and a decoder of whole inputs', async () => {
    if (settings === undefined) throw new Error('no settings');
    const model = study.recipes.model['fast'];
    if (model === undefined) throw new Error('no settings');
    expect(planModelTraining(sized, { ...plain, ...model }).start().parameters.size).toBeGreaterThan(0);
    const architecture = { ...settings.architecture, form: 'plain' as const };
    const recipe = { ...plain, ...settings, architecture };
    const plan = await planDecoderTraining(runtime, await probedModel(sized), sized, recipe);
    afterAll(() => plan.dispose());
    expect((await plan.feeds(0)).feeds['ids']?.shape[0]).toBe(8);
  });

  it.each<[string, () => unknown, string]>([
    ['exact preimages', () => expectEnumerable(words), 'Only its decoder can find preimages'],
    ['bits', () => createPrior(words), 'how likely an input is'],
    ['experiments', () => heldOut(words, 1, 1), 'which inputs it has, by number'],
    [
      'contrasts',
      () =>
        contrastsOf(words, words.encode('abba'), {
          changes: [{ at: 1, token: null }],
          text: null,
          answer: null,
          differs: true,
          seed: 1,
          count: 1,
        }),
      'which tokens of an input are its answer',
    ],
    [
      'a decoder of free tokens',
      () => smallDecoder(words),
      'which tokens of an input follow from the others',
    ],
    [
      'a model of its own',
      () => planModelTraining(words, { ...plain, ...modelRecipe('addition') }),
      'how large its model is',
    ],
  ])('says what %s would need', (_, call, missing) => {
    expect(call).toThrow(InputError);
    expect(call).toThrow(missing);
  });
});

it('a capability that is there is given as it is', () => {
  const all: CapableTask['answer'] = { determined: () => [4] };
  expect(capability({ ...words, answer: all }, 'answer', 'This')).toBe(all);
  expect(() => capability(words, 'answer', 'This')).toThrow(
    'This needs a task that says which tokens of an input are its answer; words does not.',
  );
});
