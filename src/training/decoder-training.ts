/**
 * Training a decoder on the activations of a probed model.
 * @module
 */
import {
  type Runtime,
  type Tensor,
  type TrainingSpec,
  crossEntropy,
  initialState,
  input,
  reshape,
} from '../engine/index.js';
import { createCollector, placesBeforeEos } from '../inversion/collect.js';
import { type SiteRate, averageRate } from '../inversion/evaluate.js';
import { type DecoderConfig, decoderParameters, isStatistic } from '../models/decoder-config.js';
import { decoderLogits } from '../models/decoder.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor, seedFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type DecoderBatch, batchesPerChunk, drawDecoderChunk } from './decoder-data.js';
import { type DecoderRecipe, decoderConfigFor } from './decoder-recipe.js';
import { initializeParameters } from './initialize.js';
import { type PlannedTraining } from './model-training.js';
import { measureSites } from './site-statistics.js';

/** A decoder's training: besides its steps, the weights with which sites are drawn. */
export interface PlannedDecoderTraining extends PlannedTraining {
  readonly config: DecoderConfig;
  /** Parameters that are not trained: the statistics of the activations. */
  readonly statistics: ReadonlyMap<string, Tensor>;
  /** How often each site is drawn, in proportion; part of a checkpoint. */
  siteWeights: readonly number[];
  /** Draws sites of a low rate more often from the next chunk on. */
  rebalance(rates: readonly SiteRate[]): void;
}

/** Plans the training of a decoder; runs the probed model once for the statistics of its activations. */
export async function planDecoderTraining(
  runtime: Runtime,
  model: HookedModel,
  task: Task,
  recipe: DecoderRecipe,
): Promise<PlannedDecoderTraining> {
  const config = decoderConfigFor(task, recipe, model.architecture.width);
  const collector = createCollector(runtime, model, config.sites, placesBeforeEos(task), task.pad);
  const random = randomFor(recipe.seed, 'parameters');
  const measured = await measureSites(runtime, task, config, collector, random);
  const all = initializeParameters(decoderParameters(config), random, measured);
  const trained = new Map([...all].filter(([name]) => !isStatistic(name)));
  const statistics = new Map([...all].filter(([name]) => isStatistic(name)));

  const { batch } = recipe;
  const spec: TrainingSpec = {
    optimizer: {
      schedule: recipe.schedule,
      weightDecay: recipe.weightDecay,
      ...(recipe.clip === null ? {} : { clip: recipe.clip }),
      decays: (name) => (trained.get(name)?.shape.length ?? 0) > 1,
      ...(recipe.optimizer === 'muon' ? { muon: (name: string) => isInnerMatrix(name) } : {}),
    },
    loss(parameter, variant) {
      const places = Number(variant);
      const z = input('z', 'float32', [batch, config.activation_width]);
      const site = input('site', 'int32', [batch]);
      const ids = input('ids', 'int32', [batch, places]);
      const targets = input('targets', 'int32', [batch * places]);
      const weights = input('weights', 'float32', [batch * places]);
      const noise = recipe.dropout > 0 ? { rate: recipe.dropout, seed: input('seed', 'uint32', []) } : null;
      const fixed = new Map(
        [...statistics].map(([name, tensor]) => [name, input(name, 'float32', tensor.shape)]),
      );
      const logits = decoderLogits(config, (name) => fixed.get(name) ?? parameter(name), z, site, ids, noise);
      return { loss: crossEntropy(reshape(logits, [batch * places, config.vocabulary]), targets, weights) };
    },
  };

  let held = -1;
  let chunk: DecoderBatch[] = [];
  const plan: PlannedDecoderTraining = {
    spec,
    config,
    statistics,
    steps: recipe.schedule.steps,
    siteWeights: config.sites.map(() => 1),
    start: () => initialState(trained, spec.optimizer),
    rebalance(rates) {
      const mean = averageRate(rates);
      const bySite = new Map(rates.map(({ site, rate }) => [site, rate]));
      plan.siteWeights = config.sites.map((site) =>
        Math.exp(recipe.rebalance * (mean - (bySite.get(site) ?? mean))),
      );
    },
    async feeds(step) {
      const wanted = Math.floor(step / batchesPerChunk);
      if (wanted !== held) {
        chunk = await drawDecoderChunk(task, config, recipe, collector, wanted, plan.siteWeights);
        held = wanted;
      }
      const drawn = chunk[step % batchesPerChunk];
      if (drawn === undefined) throw new Error(`no batch for step ${step}`);
      const feeds: Record<string, Tensor> = { ...drawn.feeds };
      for (const [name, tensor] of statistics) feeds[name] = tensor;
      if (recipe.dropout > 0) {
        const seed = seedFor(recipe.seed, 'dropout', step);
        feeds['seed'] = { dtype: 'uint32', shape: [], data: Uint32Array.of(seed) };
      }
      return { variant: String(drawn.places), feeds };
    },
    dispose: () => collector.dispose(),
  };
  return plan;
}

/** Matrices between layers: embeddings and per-site tables are looked up, not multiplied through. */
const isInnerMatrix = (name: string): boolean =>
  /^(h|condition)\.\d+\..*\.weight$/.test(name) && !/ln/.test(name);
