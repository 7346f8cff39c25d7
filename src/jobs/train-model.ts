/**
 * The job that trains a probed model and writes it as a Hugging Face checkpoint directory.
 * @module
 */
import { type Runtime, type TrainingState, constant } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { readArchitecture } from '../models/families/index.js';
import { gpt2Files } from '../models/gpt2-files.js';
import { type ParameterSet, fingerprint } from '../models/weights/fingerprint.js';
import { taskNamed } from '../tasks/index.js';
import { modelAccuracy } from '../training/accuracy.js';
import { type ModelRecipe, modelRecipeSchema } from '../training/model-recipe.js';
import { planModelTraining, probedModelConfig } from '../training/model-training.js';
import { modelCard } from './cards.js';
import { removePartials } from './files.js';
import {
  type Checkpoint,
  checkedRecipe,
  createRunDirectory,
  expectFitting,
  loadCheckpoint,
  recipeOf,
  writeResults,
} from './run-directory.js';
import { type Progress, trainingLoop } from './training-loop.js';
import { versions } from './versions.js';

/** Held-out inputs of an evaluation on the way, and of the last one. */
const [evaluated, finallyEvaluated] = [2000, 20_000];

/** What the job is told. */
export interface TrainModelJob {
  readonly directory: string;
  /** Of a new training; absent when one is taken up again. */
  readonly recipe?: ModelRecipe;
  readonly evaluateEvery: number;
  readonly checkpointSeconds: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Trained parameters as they are outside a training. */
export function parametersOf(state: TrainingState): ParameterSet {
  return new Map(
    [...state.parameters].map(([name, { shape, data }]) => {
      if (!(data instanceof Float32Array)) throw new TypeError(`${name} is not float32`);
      return [name, { shape, data: data.slice() }];
    }),
  );
}

/** Trains, or goes on training, until the recipe's end or a stop. @returns whether it came to the end */
export async function trainModel(runtime: Runtime, job: TrainModelJob): Promise<boolean> {
  const { directory } = job;
  let from: Checkpoint;
  let recipe: ModelRecipe;
  if (job.recipe === undefined) {
    from = await loadCheckpoint(directory);
    if (from.kind !== 'model')
      throw new InputError(`${directory} is the training of a ${from.kind}: use train-${from.kind}.`);
    recipe = recipeOf(modelRecipeSchema, from, directory);
    expectFitting(from, planModelTraining(taskNamed(recipe.task), recipe).start(), directory);
    await removePartials(directory);
  } else {
    recipe = checkedRecipe(modelRecipeSchema, job.recipe);
    const state = planModelTraining(taskNamed(recipe.task), recipe).start();
    from = {
      kind: 'model',
      recipe,
      state,
      history: [],
      seconds: 0,
      pendingLoss: 0,
      siteWeights: [],
      modelHash: '',
      processing: 'none',
    };
    await createRunDirectory(directory, recipe);
  }
  const task = taskNamed(recipe.task);
  const config = probedModelConfig(task);
  const accuracy = (state: TrainingState, count: number): Promise<number> => {
    const values = new Map([...state.parameters].map(([name, tensor]) => [name, constant(tensor)]));
    return modelAccuracy(runtime, readArchitecture(config), (name) => values.get(name) ?? null, task, count);
  };
  const result = await trainingLoop(runtime, {
    ...job,
    from,
    plan: planModelTraining(task, recipe),
    siteWeights: () => [],
    evaluate: async (state) => ({ accuracy: await accuracy(state, evaluated) }),
  });
  if (!result.finished) return false;
  const parameters = parametersOf(result.state);
  const summary = {
    task: task.name,
    hash: await fingerprint(parameters),
    recipe,
    steps: result.state.step,
    seconds: Math.round(result.seconds),
    versions: versions(runtime),
    figures: { accuracy: await accuracy(result.state, finallyEvaluated), inputs: finallyEvaluated },
  };
  const files = gpt2Files(config, parameters, { hash: summary.hash });
  await writeResults(
    directory,
    new Map([
      ...files,
      ['provenance.json', new TextEncoder().encode(`${JSON.stringify(summary, null, 2)}\n`)],
      ['README.md', new TextEncoder().encode(modelCard(task, summary))],
    ]),
    result.history,
  );
  return true;
}
