/**
 * The job that trains a probed model and writes it as a Hugging Face checkpoint directory.
 * @module
 */
import { type Runtime, type TrainingState } from '../engine/index.js';
import { gpt2Files } from '../models/gpt2-files.js';
import { type ParameterSet, fingerprint } from '../models/weights/fingerprint.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { type Template } from '../tasks/index.js';
import { type ModelRecipe, modelRecipeSchema } from '../training/model-recipe.js';
import { planModelTraining, probedModelConfig } from '../training/model-training.js';
import { modelCard } from './cards.js';
import { type ModelSubject, modelSubject } from './model-subject.js';
import { type Checkpoint, checkedRecipe, expectFitting, recipeOf, writeResults } from './run-directory.js';
import { createRunDirectory, takeUp } from './run-start.js';
import { type Progress, trainingLoop } from './training-loop.js';
import { versions } from './versions.js';

/** What the job is given. */
export interface TrainModelJob {
  readonly directory: string;
  /** Of a new training; absent when one is taken up again. */
  readonly recipe?: ModelRecipe;
  /** Of a training on a template: the template, where it is not a shipped one of the recipe's name. */
  readonly template?: Template;
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

/** Parameters as float16 keeps them. */
export const throughFloat16 = (parameters: ParameterSet): ParameterSet =>
  new Map(
    [...parameters].map(([name, { shape, data }]) => [
      name,
      { shape, data: decodeFloat16(encodeFloat16(data)) },
    ]),
  );

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
      const subject = await modelSubject(recipe, job.template);
      const start = freshly(recipe, subject);
      if (run.checkpoint !== null) expectFitting(run.checkpoint, start.state, directory);
      return await train(runtime, job, recipe, subject, run.checkpoint ?? start);
    } finally {
      await run.release();
    }
  }
  const recipe = checkedRecipe(modelRecipeSchema, job.recipe);
  const subject = await modelSubject(recipe, job.template);
  const start = freshly(recipe, subject);
  const hold = await createRunDirectory(directory, recipe);
  try {
    return await train(runtime, job, recipe, subject, start);
  } finally {
    await hold.release();
  }
}

/** Where a recipe's training starts. */
const freshly = (recipe: ModelRecipe, { task }: ModelSubject): Checkpoint => ({
  kind: 'model',
  recipe,
  state: planModelTraining(task, recipe).start(),
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
  { task, files, dtype, inputs, measure }: ModelSubject,
  from: Checkpoint,
): Promise<boolean> {
  const { directory } = job;
  const [onTheWay, atTheEnd] = inputs;
  job.onBegin?.();
  const result = await trainingLoop(runtime, {
    ...job,
    from,
    plan: planModelTraining(task, recipe),
    siteWeights: () => [],
    evaluate: async (state) => {
      const { figures } = await measure(runtime, parametersOf(state), onTheWay);
      return { ...figures };
    },
  });
  if (!result.finished) return false;
  const trained = parametersOf(result.state);
  // What is stored is what is measured.
  const parameters = dtype === 'F16' ? throughFloat16(trained) : trained;
  const measured = await measure(runtime, parameters, atTheEnd);
  const summary = {
    task: task.name,
    hash: await fingerprint(parameters),
    recipe,
    steps: result.state.step,
    seconds: Math.round(result.seconds),
    versions: versions(runtime),
    figures: { ...measured.figures, inputs: measured.inputs },
  };
  await writeResults(
    directory,
    new Map([
      ...files,
      ...gpt2Files(probedModelConfig(task), parameters, { hash: summary.hash }, dtype),
      ['provenance.json', new TextEncoder().encode(`${JSON.stringify(summary, null, 2)}\n`)],
      ['README.md', new TextEncoder().encode(modelCard(task, summary))],
    ]),
    result.history,
  );
  return true;
}
