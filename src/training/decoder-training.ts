/**
 * Training a decoder on the activations of a probed model.
 * @module
 */
import {
  type Runtime,
  type Tensor,
  type TrainingSpec,
  type Value,
  crossEntropy,
  initialState,
  input,
  reshape,
} from '../engine/index.js';
import { createCollector, placesBeforeEos } from '../inversion/collect.js';
import { type SiteRate, averageRate } from '../inversion/evaluate.js';
import { type DecoderConfig, decoderParameters, isStatistic } from '../models/decoder-config.js';
import { type Parameters, condition, conditionWhitened, logitsUnder } from '../models/decoder.js';
import { InputError } from '../input-error.js';
import { type HookedModel } from '../models/hooked-model.js';
import { randomFor, seedFor } from '../random.js';
import { type Task } from '../tasks/task.js';
import { type ActivationPool, type PoolOptions, collectPool } from './activation-pool.js';
import { type DecoderBatch, batchesPerChunk, drawDecoderChunk } from './decoder-data.js';
import { type DecoderRecipe, decoderConfigFor } from './decoder-recipe.js';
import { initializeParameters } from './initialize.js';
import { type PlannedTraining } from './model-training.js';
import { type GroupedRecipe, drawGroupedChunk, drawPooledBatch } from './grouped-batches.js';
import { measureSites } from './site-statistics.js';
import { type Whitener, createWhitener, directionsOf } from './whitener.js';

/** A decoder's training: besides its steps, the weights with which sites are drawn. */
export interface PlannedDecoderTraining extends PlannedTraining {
  readonly config: DecoderConfig;
  /** Parameters that are not trained: the statistics of the activations. */
  readonly statistics: ReadonlyMap<string, Tensor>;
  /** How often each site is drawn, in proportion; part of a checkpoint. */
  siteWeights: readonly number[];
  /**
   * Collects the activations that batches are drawn from, where the recipe has a pool: before the first step.
   * @throws the signal's reason when it stops
   */
  collect(options: PoolOptions): Promise<void>;
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
  const directions = directionsOf(config);
  const grouped = groupedOf(recipe, directions);
  const random = randomFor(recipe.seed, 'parameters');
  const measured = await measureSites(runtime, task, config, collector, random);
  const all = initializeParameters(decoderParameters(config), random, measured);
  const trained = new Map([...all].filter(([name]) => !isStatistic(name)));
  const statistics = new Map([...all].filter(([name]) => isStatistic(name)));

  const { batch } = recipe;
  /** The graph of the conditioning: in groups, activations come whitened. */
  const conditioning = (parameter: Parameters): Value => {
    if (grouped !== null) {
      const z = input('z', 'float32', [batch, directions ?? 0]);
      return conditionWhitened(config, parameter, z, input('site', 'int32', [batch / grouped.group]));
    }
    const z = input('z', 'float32', [batch, config.activation_width]);
    const fixed = new Map(
      [...statistics].map(([name, tensor]) => [name, input(name, 'float32', tensor.shape)]),
    );
    const all: Parameters = (name) => fixed.get(name) ?? parameter(name);
    return condition(config, all, z, input('site', 'int32', [batch]));
  };
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
      const ids = input('ids', 'int32', [batch, places]);
      const targets = input('targets', 'int32', [batch * places]);
      const weights = input('weights', 'float32', [batch * places]);
      const noise = recipe.dropout > 0 ? { rate: recipe.dropout, seed: input('seed', 'uint32', []) } : null;
      const logits = logitsUnder(config, parameter, conditioning(parameter), ids, noise);
      return { loss: crossEntropy(reshape(logits, [batch * places, config.vocabulary]), targets, weights) };
    },
  };

  const whitener: Whitener | null =
    grouped === null || directions === null
      ? null
      : await createWhitener(runtime, config.activation_width, directions, statistics);
  let pool: ActivationPool | null = null;
  let held = -1;
  let chunk: DecoderBatch[] = [];
  async function drawn(step: number): Promise<DecoderBatch> {
    if (grouped?.pool !== undefined) {
      if (pool === null) throw new Error('a training draws from a pool that was not collected');
      return drawPooledBatch(task, config, grouped, pool, step, plan.siteWeights);
    }
    const wanted = Math.floor(step / batchesPerChunk);
    if (wanted !== held) {
      const own = [collector, wanted, plan.siteWeights] as const;
      chunk =
        grouped === null || whitener === null
          ? await drawDecoderChunk(task, config, recipe, ...own)
          : await drawGroupedChunk(task, config, grouped, whitener, ...own);
      held = wanted;
    }
    const batch = chunk[step % batchesPerChunk];
    if (batch === undefined) throw new Error(`no batch for step ${step}`);
    return batch;
  }
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
    async collect(options) {
      if (whitener !== null && recipe.pool !== undefined)
        pool = await collectPool(task, config, recipe, collector, whitener, options);
    },
    async feeds(step) {
      const { places, feeds: own } = await drawn(step);
      const feeds: Record<string, Tensor> = { ...own };
      if (grouped === null) for (const [name, tensor] of statistics) feeds[name] = tensor;
      if (recipe.dropout > 0) {
        const seed = seedFor(recipe.seed, 'dropout', step);
        feeds['seed'] = { dtype: 'uint32', shape: [], data: Uint32Array.of(seed) };
      }
      return { variant: String(places), feeds };
    },
    async dispose() {
      await collector.dispose();
      await whitener?.dispose();
    },
  };
  return plan;
}

/** Matrices between layers: embeddings and per-site tables are looked up, not multiplied through. */
const isInnerMatrix = (name: string): boolean =>
  /^(h|condition)\.\d+\..*\.weight$/.test(name) && !/ln/.test(name);

/**
 * The recipe with its groups; null where samples of all sites are mixed.
 * @throws InputError where a batch is not made of whole groups, or a decoder does not look at directions
 */
function groupedOf(recipe: DecoderRecipe, directions: number | null): GroupedRecipe | null {
  const { batch, group, pool, concealed, jitter } = recipe;
  if (group === undefined) {
    const without = Object.entries({ pool, concealed, jitter }).find(([, value]) => value !== undefined);
    if (without !== undefined) throw new InputError(`"${without[0]}" is of a recipe with a "group".`);
    return null;
  }
  if (directions === null)
    throw new InputError('Groups of one site are of decoders that look at the leading directions of a site.');
  if (batch % group !== 0)
    throw new InputError(
      `A batch of ${batch} is not made of groups of ${group}: take a multiple of ${group}.`,
    );
  return { ...recipe, group };
}
