/**
 * What a probed model is trained on: a study, whose tokens are its own, or a template, whose texts give the vocabulary.
 * @module
 */
import { answerTexts } from '../causal/text-answers.js';
import { type Runtime, constant } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { readArchitecture } from '../models/families/index.js';
import { hookedModel } from '../models/hooked-model.js';
import { tokenizerFromJson } from '../models/tokenizers/tokenizer-json.js';
import { wordLevelTokenizer, wordsOf } from '../models/tokenizers/word-level.js';
import { type ParameterSet } from '../models/weights/fingerprint.js';
import { quote } from '../printable.js';
import { taskNamed } from '../studies/index.js';
import { type Task, type Template, hasAnswer, templateTask, textsOf, wordsOfTexts } from '../tasks/index.js';
import { modelAccuracy } from '../training/accuracy.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { probedModelConfig } from '../training/model-training.js';
import { templateHash } from './model-provenance.js';
import { languageOf, openTemplate, shippedTemplates, sitesFor } from './templates.js';

/** What is measured of a model. */
export interface ModelFigures {
  /** Share of held-out inputs whose answer is the most likely one, 0 … 1. */
  readonly accuracy: number;
  /** Of texts with an answer to hold theirs against: mean difference of the logits. */
  readonly difference?: number;
  readonly standardError?: number;
  /** Share of these whose difference is above 0. */
  readonly above?: number;
}

/** What a model is trained on. */
export interface ModelSubject {
  /** Says how large its model is. */
  readonly task: Task;
  /** Files that belong beside the weights. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** How the weights are stored. */
  readonly dtype: 'F32' | 'F16';
  /** Held-out inputs of an evaluation on the way, and of the last one. */
  readonly inputs: readonly [onTheWay: number, atTheEnd: number];
  /** Measures a model by its parameters over so many held-out inputs, or as many as there are. */
  measure(
    runtime: Runtime,
    parameters: ParameterSet,
    inputs: number,
  ): Promise<{ readonly figures: ModelFigures; readonly inputs: number }>;
}

/**
 * The subject of a recipe.
 * @param template of a training on a file of one's own; by the recipe's name unless given
 * @throws InputError for a task or template that cannot be trained on, and for a template that is not the recipe's
 */
export async function modelSubject(recipe: ModelRecipe, template?: Template): Promise<ModelSubject> {
  const { task: name, size, template: hash } = recipe;
  if (size === undefined) return studySubject(name);
  const own = template ?? (await templateCalled(name));
  if (own.name !== name || (await templateHash(own)) !== hash)
    throw new InputError(
      `The training was begun on other texts than those of the template ${own.name} as it stands: begin a new one.`,
    );
  return templateSubject(own, size);
}

async function templateCalled(name: string): Promise<Template> {
  if ((await shippedTemplates()).includes(name)) return openTemplate(name);
  throw new InputError(
    `The training is on a template of your own, ${quote(name)}: name its file beside --resume.`,
  );
}

function studySubject(name: string): ModelSubject {
  const task = taskNamed(name);
  return {
    task,
    files: new Map(),
    dtype: 'F32',
    inputs: [2000, 20_000],
    async measure(runtime, parameters, inputs) {
      const values = new Map(
        [...parameters].map(([own, { shape, data }]) => [own, constant({ dtype: 'float32', shape, data })]),
      );
      const architecture = readArchitecture(probedModelConfig(task));
      const accuracy = await modelAccuracy(
        runtime,
        architecture,
        (own) => values.get(own) ?? null,
        task,
        inputs,
      );
      return { figures: { accuracy }, inputs };
    },
  };
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

/**
 * A template with a vocabulary of the words that its texts use, and a model of a size of its own.
 * @throws InputError for a template without an answer, with fillers held out, or with too many words
 */
export function templateSubject(template: Template, model: NonNullable<ModelRecipe['size']>): ModelSubject {
  const { name } = template;
  if (!hasAnswer(template))
    throw new InputError(
      `${name} has no answer that a model could be measured by: give its template one, such as answer: ' {slot}'.`,
    );
  if (template.split.by !== null)
    throw new InputError(
      `${name} holds out fillers (split.by: ${template.split.by.join(', ')}), which a model of its words would never see: hold out texts, with split.test alone.`,
    );
  const { tokenizer, config } = wordLevelTokenizer(wordsOfTexts(textsOf(template), wordsOf));
  const language = languageOf(
    `a model of the words of ${name}`,
    tokenizerFromJson(tokenizer, config),
    undefined,
  );
  const task = {
    ...templateTask(template, language, sitesFor(template, { ...model, parallel: false })),
    model,
  };
  const architecture = readArchitecture(probedModelConfig(task));
  return {
    task,
    files: new Map([
      ['tokenizer.json', json(tokenizer)],
      ['tokenizer_config.json', json({ ...config, model_max_length: task.maxLength })],
    ]),
    dtype: 'F16',
    inputs: [500, 4000],
    async measure(runtime, parameters, inputs) {
      const own = await hookedModel(name, '', { architecture, parameters }, 'none');
      const { top, difference } = await answerTexts(runtime, own, task, inputs, 1);
      const held =
        difference === null
          ? {}
          : {
              difference: difference.mean,
              standardError: difference.standardError,
              above: difference.above.share,
            };
      return { figures: { accuracy: top.share, ...held }, inputs: top.n };
    },
  };
}
