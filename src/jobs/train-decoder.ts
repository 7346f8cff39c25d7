/**
 * The job that trains a decoder on a probed model and writes its directory.
 * @module
 */
import { type Runtime, type TrainingState } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { makeDecoder } from '../inversion/decoder.js';
import { type Provenance, decoderFiles } from '../inversion/decoder-files.js';
import { type SiteRate, averageRate, inPreimageRates } from '../inversion/evaluate.js';
import { type HookedModel, isLarge } from '../models/hooked-model.js';
import { shortName } from '../models/hooks.js';
import { type ParameterSet } from '../models/weights/fingerprint.js';
import { taskNamed } from '../studies/index.js';
import { type Task, isTemplateTask } from '../tasks/index.js';
import { type DecoderRecipe, decoderRecipeSchema } from '../training/decoder-recipe.js';
import { type PlannedDecoderTraining, planDecoderTraining } from '../training/decoder-training.js';
import { trainingDraws } from '../training/evaluation-draws.js';
import { decoderCard } from './cards.js';
import { portableName } from './open-model.js';
import { poolStore } from './pool-store.js';
import { type Checkpoint, checkedRecipe, expectFitting, recipeOf, writeResults } from './run-directory.js';
import { type ProbedModel, createRunDirectory, expectNewRun, takeUp } from './run-start.js';
import { parametersOf, throughFloat16 } from './train-model.js';
import { type Progress, trainingLoop } from './training-loop.js';
import { versions } from './versions.js';

/** Held-out queries a site of the last evaluation, whose figures go into the card; fewer where each is a run of a large model. */
const [finalQueries, finalQueriesOfLarge] = [400, 128];
/** The ε at which a decoder of texts is measured besides the task's own. */
const textThresholds = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5];
/** Seed of the queries that are asked while a decoder trains; `evaluate` asks others. */
const evaluationSeed = 1_000_003;

/** What the job is given. */
export interface TrainDecoderJob {
  readonly directory: string;
  readonly model: HookedModel;
  /** The task, where it is not one that the recipe's name says. */
  readonly task?: Task;
  /** Of a new training; absent when one is taken up again. */
  readonly recipe?: DecoderRecipe;
  readonly checkpointSeconds: number;
  /** Called before the first step, once the directory is held. */
  readonly onBegin?: () => void;
  /** Called with the number of inputs whose activations have been collected for the training, and of all. */
  readonly onCollected?: (done: number, all: number) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

function expectSameModel({ hash, processing }: ProbedModel, model: HookedModel, directory: string): void {
  if (hash !== model.hash) {
    throw new InputError(
      `${directory} was trained on another model (${hash.slice(0, 12)}): give it with --model.`,
    );
  }
  if (processing !== model.processing) {
    throw new InputError(
      `${directory} was trained with --processing ${processing}, the model is run with ${model.processing}.`,
    );
  }
}

/**
 * Trains, or goes on training, until the recipe's end or a stop.
 * @returns whether it came to the end
 * @throws InputError when the directory cannot be taken, or another process trains there
 */
export async function trainDecoder(runtime: Runtime, job: TrainDecoderJob): Promise<boolean> {
  const { directory, model } = job;
  if (job.recipe === undefined) {
    const run = await takeUp(directory, 'decoder');
    try {
      const recipe = recipeOf(decoderRecipeSchema, run, directory);
      if (run.model !== null) expectSameModel(run.model, model, directory);
      const plan = await planDecoderTraining(runtime, model, taskOf(job, recipe), recipe);
      if (run.checkpoint !== null) expectFitting(run.checkpoint, plan.start(), directory);
      return await train(runtime, job, recipe, plan, run.checkpoint ?? freshly(recipe, plan, model));
    } finally {
      await run.release();
    }
  }
  const recipe = checkedRecipe(decoderRecipeSchema, job.recipe);
  await expectNewRun(directory);
  const plan = await planDecoderTraining(runtime, model, taskOf(job, recipe), recipe);
  const start = freshly(recipe, plan, model);
  const hold = await createRunDirectory(directory, recipe, {
    hash: model.hash,
    processing: model.processing,
  });
  try {
    return await train(runtime, job, recipe, plan, start);
  } finally {
    await hold.release();
  }
}

const taskOf = ({ task }: TrainDecoderJob, recipe: DecoderRecipe): Task => task ?? taskNamed(recipe.task);

/** Where a recipe's training starts. */
const freshly = (recipe: DecoderRecipe, plan: PlannedDecoderTraining, model: HookedModel): Checkpoint => ({
  kind: 'decoder',
  recipe,
  state: plan.start(),
  history: [],
  seconds: 0,
  pendingLoss: 0,
  siteWeights: plan.siteWeights,
  modelHash: model.hash,
  processing: model.processing,
});

async function train(
  runtime: Runtime,
  job: TrainDecoderJob,
  recipe: DecoderRecipe,
  plan: PlannedDecoderTraining,
  from: Checkpoint,
): Promise<boolean> {
  const { directory, model } = job;
  const task = taskOf(job, recipe);
  plan.siteWeights = from.siteWeights;
  const evaluate = async (
    parameters: ParameterSet,
    queries: number,
    thresholds: readonly number[] = [],
  ): Promise<SiteRate[]> => {
    const decoder = makeDecoder(directory, plan.config, parameters);
    return inPreimageRates(runtime, model, decoder, task, {
      queries,
      seed: evaluationSeed,
      ...(thresholds.length === 0 ? {} : { thresholds }),
      draws: (tokens) => trainingDraws(task, evaluationSeed, queries, tokens),
    });
  };
  job.onBegin?.();
  const store = poolStore(directory, plan.config.sites.length);
  const collecting = performance.now();
  try {
    const { onCollected, signal } = job;
    await plan.collect({
      store,
      ...(onCollected === undefined ? {} : { onCollected }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (job.signal?.aborted === true && error === job.signal.reason) return false;
    throw error;
  }
  const collected = (performance.now() - collecting) / 1000;
  const result = await trainingLoop(runtime, {
    ...job,
    plan,
    // What was stored before is read again in no time.
    from: { ...from, seconds: from.seconds + collected },
    evaluateEvery: recipe.evaluateEvery,
    siteWeights: () => plan.siteWeights,
    async evaluate(state) {
      const rates = await evaluate(withStatistics(state, plan), recipe.evaluateQueries);
      plan.rebalance(rates);
      const bySite = rates.map(({ site, rate }) => [shortName(site), rate] as const);
      return { rate: averageRate(rates), ...Object.fromEntries(bySite) };
    },
  });
  if (!result.finished) return false;

  // What is shipped is what is measured: the weights as float16 keeps them.
  const parameters = throughFloat16(withStatistics(result.state, plan));
  const queries = isLarge(model) ? finalQueriesOfLarge : finalQueries;
  // Of a template's texts ε is chosen by site, from the curve: see the card.
  const rates = await evaluate(parameters, queries, isTemplateTask(task) ? textThresholds : []);
  const provenance: Provenance = {
    task: task.name,
    model: { name: portableName(model.name), hash: model.hash, processing: model.processing },
    recipe,
    steps: result.state.step,
    seconds: Math.round(result.seconds),
    versions: versions(runtime),
    figures: { queries, average: averageRate(rates), sites: rates },
  };
  const files = decoderFiles(
    { config: plan.config, parameters },
    provenance,
    decoderCard(task, provenance, { heldOut: model.trainedOn === task.name }),
    'F16',
  );
  await writeResults(directory, files, result.history);
  await store.clear();
  return true;
}

function withStatistics(state: TrainingState, plan: PlannedDecoderTraining): ParameterSet {
  return parametersOf({ ...state, parameters: new Map([...state.parameters, ...plan.statistics]) });
}
