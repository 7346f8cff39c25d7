/**
 * The three pieces of work that are timed, each as the peer does it: a training step of the paper's decoder, a whole
 * query, and the collection of activations. Each gives a function that does it once more, warm.
 * @module
 */
import { type Runtime, createTrainer, sizeOf } from '../src/engine/index.js';
import { type Collected, createCollector, placesBeforeEos } from '../src/inversion/collect.js';
import { makeDecoder } from '../src/inversion/decoder.js';
import { createReader } from '../src/inversion/preimage.js';
import { modelFor } from '../src/jobs/shipped.js';
import { decoderParameters } from '../src/models/decoder-config.js';
import { type HookedModel } from '../src/models/hooked-model.js';
import { type ParameterSet } from '../src/models/weights/fingerprint.js';
import { randomFor } from '../src/random.js';
import { addition } from '../src/studies/index.js';
import { type DecoderRecipe, decoderConfigFor } from '../src/training/decoder-recipe.js';
import { planDecoderTraining } from '../src/training/decoder-training.js';
import { initializeParameters } from '../src/training/initialize.js';

/** Work made ready: `once` does it and resolves when it is done. */
export interface Prepared {
  once(): Promise<void>;
  dispose(): Promise<void>;
}

/** The shipped model of addition, which has the peer's size. */
export const additionModel = (): Promise<HookedModel> => modelFor(addition, undefined, 'transformerlens');

/** A training step, its data included: inputs drawn, run through the probed model, laid out. */
export async function trainingStep(
  runtime: Runtime,
  model: HookedModel,
  recipe: DecoderRecipe,
): Promise<Prepared> {
  const plan = await planDecoderTraining(runtime, model, addition, recipe);
  const trainer = createTrainer(runtime, plan.spec, plan.start());
  let step = 0;
  return {
    async once() {
      const { variant, feeds } = await plan.feeds(step);
      await trainer.step(feeds, variant);
      step += 1;
    },
    async dispose() {
      await trainer.dispose();
      await plan.dispose();
    },
  };
}

/** A query made ready, and the time to its first samples. */
export interface PreparedQuery extends Prepared {
  /** Seconds from the start of a warm query to its first 64 judged candidates. */
  firstSamples(): Promise<number>;
}

/**
 * A query of 1,024 candidates: sampled, judged, scored with the activation and with that of BOS. The decoder has the
 * recipe's architecture and random weights: what is timed does not depend on what it has learnt.
 */
export function query(runtime: Runtime, model: HookedModel, recipe: DecoderRecipe): PreparedQuery {
  const plans = decoderParameters(decoderConfigFor(addition, recipe, model.architecture.width));
  const statistics = new Map(
    [...plans]
      .filter(([, { initial }]) => initial === 'statistics')
      .map(([name, { shape }]) => [name, new Float32Array(sizeOf(shape)).fill(0.5)] as const),
  );
  const parameters: ParameterSet = new Map(
    [...initializeParameters(plans, randomFor(0, 'bench'), statistics)].map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data as Float32Array) },
    ]),
  );
  const config = decoderConfigFor(addition, recipe, model.architecture.width);
  const reader = createReader(runtime, model, makeDecoder('bench', config, parameters), addition);
  const random = randomFor(1, 'bench');
  const read = (onCandidates?: () => void): Promise<unknown> =>
    reader.read({
      ids: addition.sample(random, 'test'),
      site: 'a0.0',
      position: 8,
      seed: random.int(1000),
      ...(onCandidates === undefined ? {} : { onCandidates }),
    });
  return {
    async once() {
      await read();
    },
    async firstSamples() {
      const start = performance.now();
      let first = Infinity;
      await read(() => (first = Math.min(first, performance.now() - start)));
      return first / 1000;
    },
    dispose: () => reader.dispose(),
  };
}

/** Inputs whose activations are held at a time, as many as a decoder's training asks for at once. */
const inputsAtOnce = 2048;

/** Activations of 20,000 inputs at all 13 sites, a part at a time. */
export function collection(runtime: Runtime, model: HookedModel): Prepared {
  const collector = createCollector(runtime, model, addition.sites, placesBeforeEos(addition), addition.pad);
  const random = randomFor(3, 'bench');
  const inputs = Array.from({ length: 20_000 }, () => addition.sample(random, 'train'));
  let spent: Collected | undefined;
  return {
    async once() {
      for (let start = 0; start < inputs.length; start += inputsAtOnce)
        spent = await collector.collect(inputs.slice(start, start + inputsAtOnce), spent);
    },
    dispose: () => collector.dispose(),
  };
}
