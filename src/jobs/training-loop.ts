/**
 * The loop of a training: steps, evaluations, checkpoints, and a stop that loses nothing.
 * @module
 */
import { type Runtime, type TrainingState, createTrainer } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type PlannedTraining } from '../training/model-training.js';
import { type Checkpoint, type History, saveCheckpoint } from './run-directory.js';

/** What a training tells as it goes on. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  /** Seconds of work so far, those before a resume included. */
  readonly seconds: number;
  /** Set after an evaluation. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** How a training is run. */
export interface LoopOptions {
  readonly directory: string;
  readonly plan: PlannedTraining;
  readonly from: Checkpoint;
  /** Steps between evaluations. */
  readonly evaluateEvery: number;
  /** Seconds between checkpoints; one is also written after each evaluation and at a stop. */
  readonly checkpointSeconds: number;
  /** Measures the training where it stands, and may change how it goes on. */
  evaluate(state: TrainingState): Promise<Record<string, number>>;
  /** What else belongs into a checkpoint at this moment. */
  siteWeights(): readonly number[];
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** How a training ended, where it stands and what was measured. */
export interface LoopResult {
  readonly finished: boolean;
  readonly state: TrainingState;
  readonly history: History;
  readonly seconds: number;
}

/** Takes steps until the plan's end or a stop. */
export async function trainingLoop(runtime: Runtime, options: LoopOptions): Promise<LoopResult> {
  const { plan, from, directory, signal } = options;
  const trainer = createTrainer(runtime, plan.spec, from.state);
  const history: History = [...from.history];
  let pendingLoss = from.pendingLoss;
  const started = performance.now();
  const seconds = (): number => from.seconds + (performance.now() - started) / 1000;
  let saved = performance.now();
  const save = async (): Promise<void> => {
    const state = trainer.state();
    const siteWeights = options.siteWeights();
    await saveCheckpoint(directory, {
      ...from,
      state,
      history,
      seconds: seconds(),
      pendingLoss,
      siteWeights,
    });
    saved = performance.now();
  };
  try {
    let step = from.state.step;
    for (; step < plan.steps && signal?.aborted !== true;) {
      const { variant, feeds } = await plan.feeds(step);
      const { loss } = await trainer.step(feeds, variant);
      step += 1;
      // What is not a number stays so: nothing is saved over the last good checkpoint.
      if (!Number.isFinite(loss)) {
        throw new InputError(`The loss is ${loss} at step ${step}: start again with a lower learning rate.`);
      }
      pendingLoss += loss;
      const due = step % options.evaluateEvery === 0 || step === plan.steps;
      if (due) {
        const figures = await options.evaluate(trainer.state());
        const since = step - (history.at(-1)?.step ?? 0);
        const entry = { step, loss: pendingLoss / since, seconds: seconds(), figures };
        history.push(entry);
        pendingLoss = 0;
        await save();
        options.onProgress?.({ ...entry, steps: plan.steps });
      } else {
        options.onProgress?.({ step, steps: plan.steps, loss, seconds: seconds() });
        if (performance.now() - saved > options.checkpointSeconds * 1000) await save();
      }
      // Signals and timers are only handled between turns of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (step < plan.steps) await save();
    return { finished: step >= plan.steps, state: trainer.state(), history, seconds: seconds() };
  } finally {
    await trainer.dispose();
    await plan.dispose();
  }
}
