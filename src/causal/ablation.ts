/**
 * Mean ablation: one site at one position is replaced by its mean over the data. What an activation tells of the
 * single input is gone, what all inputs share stays. Where the logits hardly move, nothing of that input was needed.
 * @module
 */
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type HookedModel, cacheNames } from '../models/hooked-model.js';
import { type Estimate, estimate } from './estimate.js';
import { divergence } from './metric.js';
import { resolveHook } from './patch.js';
import { type Block, type Move, batchFor, createPatcher, isMovable } from './patcher.js';

/** What is replaced, over which inputs, and where the logits are compared. */
export interface AblationQuestion {
  /** Token ids from BOS on. */
  readonly inputs: readonly (readonly number[])[];
  readonly pad: number;
  readonly site: string;
  /** Index into each input. */
  readonly positions: readonly number[];
  /** Names of the places at which logits are read, and their index in each input. */
  readonly reads: readonly { readonly name: string; readonly positions: readonly number[] }[];
  readonly batch?: number;
}

/** What the ablation did to the prediction at one place. */
export interface AblationRead {
  readonly place: string;
  /** `KL(clean ‖ ablated)` in nats. */
  readonly kl: Estimate;
  /** By how much the logit of the clean run's most likely token fell. */
  readonly logitLoss: Estimate;
  /** The same as a share of that logit. */
  readonly relativeLogitLoss: Estimate;
}

/** The answer. */
export interface AblationResult {
  readonly n: number;
  readonly reads: readonly AblationRead[];
}

/**
 * Replaces a site at one position by its mean over the inputs.
 * @throws InputError for no inputs, an unknown site, or one whose activation belongs to a pair of places
 */
export async function ablate(
  runtime: Runtime,
  model: HookedModel,
  question: AblationQuestion,
): Promise<AblationResult> {
  const { inputs, positions, reads } = question;
  if (inputs.length === 0) throw new InputError('There is nothing to replace: no input is left.');
  const site = resolveHook(
    question.site,
    cacheNames(model).filter((name) => name !== 'logits'),
  );
  if (!isMovable(site)) throw new InputError(`${site} has no mean over inputs: its rows count places.`);
  const places = inputs.reduce((most, ids) => Math.max(most, ids.length), 0);
  const patcher = createPatcher(runtime, model, {
    sites: [site],
    places,
    pad: question.pad,
    reads: reads.length,
    batch: question.batch ?? batchFor(model, 1, places, inputs.length),
  });
  const blocks: { start: number; block: Block }[] = [];
  for (let start = 0; start < inputs.length; start += patcher.batch) {
    const part = inputs.slice(start, start + patcher.batch);
    const at = part.map((_, row) => reads.map((read) => read.positions[start + row] ?? 0));
    blocks.push({ start, block: { inputs: part, reads: at } });
  }
  const figures = reads.map(() => ({
    kl: new Float64Array(inputs.length),
    loss: new Float64Array(inputs.length),
    relative: new Float64Array(inputs.length),
  }));
  try {
    const clean: Float32Array[] = [];
    let shape: readonly number[] = [];
    let sum = new Float64Array();
    for (const { start, block } of blocks) {
      const { logits, recording } = await patcher.record(block);
      clean.push(logits);
      const recorded = recording.get(site);
      if (recorded === undefined) continue;
      shape = recorded.shape;
      const size = recorded.data.length / (shape[0] ?? 1) / (shape[1] ?? 1);
      if (sum.length === 0) sum = new Float64Array(size);
      block.inputs.forEach((_, row) => {
        const from = (row * (shape[1] ?? 0) + (positions[start + row] ?? 0)) * size;
        for (let i = 0; i < size; i++) sum[i] = (sum[i] ?? 0) + Number(recorded.data[from + i]);
      });
    }
    const mean = Float32Array.from(sum, (value) => value / inputs.length);
    const everywhere = new Float32Array(shape.reduce((product, length) => product * length, 1));
    for (let from = 0; from < everywhere.length; from += mean.length) everywhere.set(mean, from);
    const recording = new Map([[site, { dtype: 'float32' as const, shape, data: everywhere }]]);
    for (const [index, { start, block }] of blocks.entries()) {
      const moves = block.inputs.map((_, row): Move => {
        const at = positions[start + row] ?? 0;
        return { row, from: at, to: at };
      });
      const { logits, vocabulary } = await patcher.run(block, recording, [new Map([[site, moves]])]);
      block.inputs.forEach((_, row) => {
        reads.forEach((__, read) => {
          const from = (row * reads.length + read) * vocabulary;
          const before = (clean[index] ?? logits).subarray(from, from + vocabulary);
          const after = logits.subarray(from, from + vocabulary);
          const likeliest = before.indexOf(Math.max(...before));
          const loss = (before[likeliest] ?? NaN) - (after[likeliest] ?? NaN);
          const own = figures[read];
          if (own === undefined) return;
          own.kl[start + row] = divergence(before, after);
          own.loss[start + row] = loss;
          own.relative[start + row] = loss / (before[likeliest] ?? NaN);
        });
      });
    }
  } finally {
    await patcher.dispose();
  }
  return {
    n: inputs.length,
    reads: reads.map(({ name }, read) => ({
      place: name,
      kl: estimate(figures[read]?.kl ?? []),
      logitLoss: estimate(figures[read]?.loss ?? []),
      relativeLogitLoss: estimate(figures[read]?.relative ?? []),
    })),
  };
}
