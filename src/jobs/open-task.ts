/**
 * A task and the model that it is asked of, by what a person calls them.
 * @module
 */
import { InputError, suggest } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { modelOf } from '../models/load-model.js';
import { type Processing } from '../models/processing.js';
import { taskNamed, taskNames } from '../studies/index.js';
import { type Task, fewerFillers } from '../tasks/index.js';
import { withEpsilons } from './epsilon-file.js';
import { hubSettings } from './hub/settings.js';
import { openDirectory } from './files.js';
import { templateHash, trainedOn } from './model-provenance.js';
import { type FoundModel, findModel, openFound } from './open-model.js';
import { modelFor, shippedModel } from './shipped.js';
import { boundTask, isTemplateFile, openTemplate, shippedTemplates } from './templates.js';

/** What a person names. */
export interface TaskChoice {
  /** A study, a shipped template, or the path of a template file. */
  readonly task: string;
  /** Directory, `.gguf` file or name on the hub; the shipped model unless given. */
  readonly model?: string;
  /** How weights are processed; of language models not at all unless given. */
  readonly processing?: Processing;
  /** Token before texts. */
  readonly bos?: string;
  /** Of a template: the most fillers of a list, so that its exact sets take less time; all of them unless given. */
  readonly fillers?: number;
  /** An input whose fillers are among the fewer ones. */
  readonly input?: string;
  readonly offline?: boolean;
  readonly onFile?: (file: string, done: number, all: number) => void;
}

/** Whether a name is of a task with a folder of its own, not of a template. */
export const isStudy = (name: string): boolean => taskNames.includes(name);

/** A task whose model has not been read yet. */
export interface OpenedTask {
  readonly task: Task;
  /** Reads the model. @throws InputError for one that is damaged or does not fit */
  model(): Promise<HookedModel>;
  /** Reads the model and gives the task with what is known of this model: the ε of its sites and places. */
  whole(): Promise<{ readonly task: Task; readonly model: HookedModel }>;
}

/** Every task that can be called by a name. */
export const namedTasks = async (): Promise<string[]> => [...taskNames, ...(await shippedTemplates())];

/** @throws InputError for what is neither the name of a task nor that of a template's file */
export async function expectTask(name: string): Promise<void> {
  const known = await namedTasks();
  if (isTemplateFile(name) || known.includes(name)) return;
  throw new InputError(
    `Unknown task ${JSON.stringify(name)}.${suggest(name, known)} Tasks: ${known.join(', ')}, or a .yaml or .json file of your own.`,
  );
}

/**
 * @throws InputError for an unknown task, a template that is wrong, and a model that does not fit
 * @example const { task, model } = await openTask({ task: 'ioi', model: 'openai-community/gpt2' })
 */
export async function openTask(choice: TaskChoice): Promise<OpenedTask> {
  const { task: name, model: called, processing } = choice;
  if (taskNames.includes(name)) {
    const task = taskNamed(name);
    const model = () => modelFor(task, called, processing ?? 'transformerlens');
    return { task, model, whole: async () => ({ task, model: await model() }) };
  }
  await expectTask(name);
  const template = await openTemplate(name);
  const found =
    called === undefined
      ? await shippedModelOf(template.name)
      : await findModel(called, {
          hub: hubSettings(process.env, choice.offline === true),
          ...(choice.onFile === undefined ? {} : { onFile: choice.onFile }),
        });
  const { tokenizer, architecture, tensors } = await openFound(found);
  await tensors.close();
  const used = choice.fillers === undefined ? template : fewerFillers(template, choice.fillers, choice.input);
  const task = boundTask(used, { name: found.name, architecture }, tokenizer, choice.bos);
  async function model(): Promise<HookedModel> {
    const checkpoint = await openFound(found);
    try {
      const read = await modelOf(checkpoint, processing ?? 'none');
      if (found.source === 'file') return read;
      const directory = await openDirectory(found.path);
      const learned = await trainedOn(directory, read.hash, await templateHash(template));
      return learned === null ? read : { ...read, trainedOn: learned };
    } finally {
      await checkpoint.tensors.close();
    }
  }
  return {
    task,
    model,
    async whole() {
      const read = await model();
      return { task: await withEpsilons(task, template, name, read), model: read };
    },
  };
}

/** The model that is shipped for a template, by the template's name. @throws InputError where there is none */
async function shippedModelOf(task: string): Promise<FoundModel> {
  const path = await shippedModel(task);
  if (path !== null) return { name: `shipped ${task} model`, path, source: 'directory' };
  throw new InputError(
    `No model is shipped for ${task}: give one with --model, such as openai-community/gpt2 or a .gguf file.`,
  );
}
