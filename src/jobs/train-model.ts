/**
 * The job that trains a probed model and writes it as a Hugging Face checkpoint directory.
 * @module
 */
import { type Runtime, type TrainingState, constant } from '../engine/index.js';
import { readArchitecture } from '../models/families/index.js';
import { gpt2Files } from '../models/gpt2-files.js';
import { type ParameterSet, fingerprint } from '../models/weights/fingerprint.js';
import { taskNamed } from '../studies/index.js';
import { modelAccuracy } from '../training/accuracy.js';
import { type ModelRecipe, modelRecipeSchema } from '../training/model-recipe.js';
import { planModelTraining, probedModelConfig } from '../training/model-training.js';
import { modelCard } from './cards.js';
import { type Checkpoint, checkedRecipe, expectFitting, recipeOf, writeResults } from './run-directory.js';
import { createRunDirectory, takeUp } from './run-start.js';
import { type Progress, trainingLoop } from './training-loop.js';
import { versions } from './versions.js';

/** Held-out inputs of an evaluation on the way, and of the last one. */
const [evaluated, finallyEvaluated] = [2000, 20_000];

/** What the job is given. */
export interface TrainModelJob {
  readonly directory: string;
  /** Of a new training; absent when one is taken up again. */
  readonly recipe?: ModelRecipe;
  readonly evaluateEvery: number;
  readonly checkpointSeconds: number;
  /** Called before the first step, once the directory is held. */
  readonly onBegin?: () => void;
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

/**
 * Trains, or goes on training, until the recipe's end or a stop.
 * @returns whether it came to the end
 * @throws InputError when the directory cannot be taken, or another process trains there
 */
export async function trainModel(runtime: Runtime, job: TrainModelJob): Promise<boolean> {
  const { directory } = job;
  if (job.recipe === undefined) {
    const run = await takeUp(directory, 'model');
    try {
      const recipe = recipeOf(modelRecipeSchema, run, directory);
      const start = freshly(recipe);
      if (run.checkpoint !== null) expectFitting(run.checkpoint, start.state, directory);
      return await train(runtime, job, recipe, run.checkpoint ?? start);
    } finally {
      await run.release();
    }
  }
  const recipe = checkedRecipe(modelRecipeSchema, job.recipe);
  const start = freshly(recipe);
  const hold = await createRunDirectory(directory, recipe);
  try {
    return await train(runtime, job, recipe, start);
  } finally {
    await hold.release();
  }
}

/** Where a recipe's training starts. */
const freshly = (recipe: ModelRecipe): Checkpoint => ({
  kind: 'model',
  recipe,
  state: planModelTraining(taskNamed(recipe.task), recipe).start(),
  history: [],
  seconds: 0,
  pendingLoss: 0,
  siteWeights: [],
  modelHash: '',
  processing: 'none',
});

async function train(
  runtime: Runtime,
  job: TrainModelJob,
  recipe: ModelRecipe,
  from: Checkpoint,
): Promise<boolean> {
  const { directory } = job;
  const task = taskNamed(recipe.task);
  const config = probedModelConfig(task);
  const accuracy = (state: TrainingState, count: number): Promise<number> => {
    const values = new Map([...state.parameters].map(([name, tensor]) => [name, constant(tensor)]));
    return modelAccuracy(runtime, readArchitecture(config), (name) => values.get(name) ?? null, task, count);
  };
  job.onBegin?.();
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
