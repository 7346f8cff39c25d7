import { describe, expect, it } from 'vitest';
import { noFiles } from '../../test/fixtures/random-templates.js';
import { InputError } from '../input-error.js';
import { tokenizerFromJson } from '../models/tokenizers/tokenizer-json.js';
import { modelRecipe } from '../studies/index.js';
import { type Template, isTemplateTask, readTemplate } from '../tasks/index.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { probedModelConfig } from '../training/model-training.js';
import { textModelSettings } from '../training/text-settings.js';
import { templateHash } from './model-provenance.js';
import { modelSubject, templateSubject } from './model-subject.js';
import { openTemplate } from './templates.js';

const size = { layers: 2, heads: 2, width: 8 };
const people = {
  name: 'people',
  patterns: ['{A} met {B}. Then {A} saw'],
  slots: { A: ['Ann', 'Bo', 'Jean-Luc'], B: { 'same-as': 'A' } },
  constraints: ['A != B'],
  answer: ' {B}',
};
const templateOf = (changes: object = {}): Promise<Template> =>
  readTemplate(JSON.stringify({ ...people, ...changes }), 'people.json', noFiles);
const recipeOf = async (template: Template): Promise<ModelRecipe> => {
  const { fast } = textModelSettings;
  if (fast === undefined) throw new Error('no preset');
  return {
    ...fast,
    task: template.name,
    preset: 'fast',
    seed: 0,
    size,
    template: await templateHash(template),
  };
};
async function refused(promise: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(promise).rejects.toThrow(InputError);
  await expect(promise).rejects.toThrow(message);
}

describe('a template that a model is trained on', () => {
  it('has the words of its texts as tokens, and files that say so', async () => {
    const { task, files, dtype } = templateSubject(await templateOf(), size);
    const text = 'Jean-Luc met Ann. Then Jean-Luc saw Ann';
    const ids = task.encode(text);
    expect(task.decode(ids)).toBe(text);
    expect(task.check(ids)).toBeNull();
    expect([task.bos, task.eos, task.pad, dtype]).toEqual([0, 0, 0, 'F16']);
    expect(probedModelConfig(task)).toMatchObject({
      n_layer: 2,
      n_head: 2,
      n_embd: 8,
      n_positions: ids.length + 4,
      vocab_size: task.tokenizer.vocabulary.length,
      bos_token_id: 0,
    });
    const read = (file: string): unknown => JSON.parse(new TextDecoder().decode(files.get(file)));
    const tokenizer = tokenizerFromJson(read('tokenizer.json'), read('tokenizer_config.json'));
    expect(tokenizer.encode(text, { bos: 0 })).toEqual(ids.slice(0, -1));
    expect(read('tokenizer_config.json')).toMatchObject({ model_max_length: task.maxLength });
  });

  it('has names that are one token each, in the shipped template ioi', async () => {
    const { task } = templateSubject(await openTemplate('ioi'), size);
    if (!isTemplateTask(task)) throw new Error('no template');
    for (const slot of task.texts.template.slots.values())
      for (const { text } of slot.kind === 'fillers' ? slot.fillers : [])
        expect(task.tokenizer.encode(` ${text}`), text).toHaveLength(1);
    expect(task.tokenizer.vocabulary.length).toBeLessThan(400);
  });

  it('names a word that it does not have', async () => {
    const { task } = templateSubject(await templateOf(), size);
    expect(() => task.encode('Ann met Zoe. Then Ann saw')).toThrow(
      /^a model of the words of people has no token for a part of "Ann met Zoe\. Then Ann saw": "Zoe"\.$/,
    );
  });

  it('needs an answer, and holds out texts, not fillers', async () => {
    const without = await templateOf({ answer: undefined });
    expect(() => templateSubject(without, size)).toThrow(
      /^people has no answer that a model could be measured by: give its template one, such as answer: ' \{slot\}'\.$/,
    );
    const parted = await templateOf({ split: { test: 0.3, by: ['A', 'B'] } });
    expect(() => templateSubject(parted, size)).toThrow(
      /^people holds out fillers \(split\.by: A, B\), which a model of its words would never see: /,
    );
    const many = await templateOf({ slots: { ...people.slots, A: { range: [1, 10_000] } }, constraints: [] });
    expect(() => templateSubject(many, size)).toThrow(/^people uses more than 10000 words, /);
  });
});

describe('the subject of a recipe', () => {
  it('is a study, or a template as the recipe was made for', async () => {
    const study = await modelSubject(modelRecipe('addition'));
    expect([study.task.name, study.dtype, [...study.files]]).toEqual(['addition', 'F32', []]);
    const own = await templateOf();
    expect((await modelSubject(await recipeOf(own), own)).task.name).toBe('people');
    // A shipped one is found by its name.
    expect((await modelSubject(await recipeOf(await openTemplate('ioi')))).task.name).toBe('ioi');
  });

  it('is refused where the texts are others by now, or their file is not named', async () => {
    const own = await templateOf();
    const recipe = await recipeOf(own);
    const others = await templateOf({ patterns: ['{A} met {B}. Soon {A} saw'] });
    await refused(
      modelSubject(recipe, others),
      /^The training was begun on other texts than those of the template people as it stands: begin a new one\.$/,
    );
    await refused(
      modelSubject(recipe),
      /^The training is on a template of your own, "people": name its file beside --resume\.$/,
    );
    await refused(modelSubject({ ...modelRecipe('addition'), task: 'additon' }), /^Unknown task "additon"\./);
  });
});
