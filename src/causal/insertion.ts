/**
 * What follows when an activation is put into a run of another input: activation patching of one place, with any number
 * of activations. It makes a second distance between activations: not how far apart they lie, but how differently the
 * model goes on with them.
 *
 * Whatever comes before the site is the same in all of these runs and is run once. What is measured are the logits at
 * the places that predict the answer, each against a run with the query's own activation in the same row of the same
 * graph: an activation that equals the query's has an effect of exactly 0.
 * @module
 */
import {
  type Graph,
  GraphError,
  type Runtime,
  constant,
  expand,
  floatsOf,
  gather,
  graph,
  input,
  reshape,
  where,
} from '../engine/index.js';
import { InputError } from '../input-error.js';
import { expectFinite } from '../models/finite.js';
import { type Intervention } from '../models/hook-points.js';
import { type HookedModel, isLarge, runWithCache } from '../models/hooked-model.js';
import { blockHook, vectorSites } from '../models/hooks.js';
import { logitsOf } from '../models/layers.js';
import { transformer } from '../models/transformer.js';
import { type AnswerReads } from './answer-reads.js';
import { divergence } from './metric.js';

/** Where activations are put. */
export interface InsertionQuery {
  /** Ids from BOS on. */
  readonly ids: readonly number[];
  /** Full name of a site that has a vector of the model's width at each position. */
  readonly site: string;
  readonly position: number;
  readonly reads: AnswerReads;
}

/** What activations did, in their order. */
export interface Insertions {
  /**
   * `KL(own ‖ other)` of the next-token distributions with the query's own and with the other activation, in nats, summed
   * over the places that are read.
   */
  readonly kl: Float64Array;
  /** Logit of the answer less that of the contrast answer; null where there is none. */
  readonly logitDifference: Float64Array | null;
}

/** How a long run is followed and stopped. */
export interface InsertionOptions {
  readonly onProgress?: (done: number, all: number) => void;
  /** Stops between batches. */
  readonly signal?: AbortSignal;
}

/** Puts activations into one run. */
export interface Inserter {
  /** The query's own activation. */
  readonly z: Float32Array;
  /** The logit difference with it; null where there is none. */
  readonly logitDifference: number | null;
  /** @param activations `[count · width]`, one after another. @throws InputError for logits that are not finite */
  insert(activations: Float32Array, options?: InsertionOptions): Promise<Insertions>;
  dispose(): Promise<void>;
}

/** Activations of a run. */
const [rowsOfLarge, rowsOfSmall] = [64, 256];

/**
 * Runs the query and makes an inserter.
 * @param most activations that will be put in at a time, so that no graph is larger than it must be
 * @throws InputError for a site that is no vector, and a position outside the input
 */
export async function createInserter(
  runtime: Runtime,
  model: HookedModel,
  { ids, site, position, reads: { positions, difference } }: InsertionQuery,
  most = Infinity,
): Promise<Inserter> {
  const { architecture } = model;
  const { width } = architecture;
  if (!vectorSites(architecture).includes(site))
    throw new InputError(`Activations can be put in at heads, MLPs and the residual stream, not at ${site}.`);
  const places = Math.max(position, ...positions) + 1;
  if (position < 0 || places > ids.length)
    throw new InputError(`Position ${places - 1} is outside the input's 0 … ${ids.length - 1}.`);
  const cut = cutOf(site, architecture.parallel);
  const outputs = await runWithCache(runtime, model, [ids.slice(0, places)], {
    names: [...new Set([cut, site])],
  });
  const before = floatsOf(outputs, cut);
  const z = floatsOf(outputs, site).slice(position * width, (position + 1) * width);
  const batch = Math.max(1, Math.min(most, isLarge(model) ? rowsOfLarge : rowsOfSmall));
  const executable = await runtime.compile(
    insertionGraph(model, { site, cut, ids: ids.slice(0, places), position, positions, batch, before }),
  );
  const run = async (rows: Float32Array): Promise<Float32Array> => {
    const fed = { z: { dtype: 'float32' as const, shape: [batch, width], data: rows } };
    const logits = floatsOf(await executable.run(fed), 'logits');
    expectFinite(logits, 'logits');
    return logits;
  };
  let own: Float32Array;
  try {
    const repeated = new Float32Array(batch * width);
    for (let row = 0; row < batch; row++) repeated.set(z, row * width);
    own = (await run(repeated)).slice();
  } catch (error) {
    await executable.dispose();
    throw error;
  }
  const vocabulary = own.length / (batch * positions.length);
  /** Logits of a row at a read place. */
  const at = (logits: Float32Array, row: number, read: number): Float32Array => {
    const start = (row * positions.length + read) * vocabulary;
    return logits.subarray(start, start + vocabulary);
  };
  const differenceOf = (logits: Float32Array, row: number): number =>
    difference === null
      ? NaN
      : (at(logits, row, 0)[difference.answer] ?? NaN) - (at(logits, row, 0)[difference.against] ?? NaN);
  return {
    z,
    logitDifference: difference === null ? null : differenceOf(own, 0),
    async insert(activations, { onProgress, signal } = {}) {
      const count = activations.length / width;
      if (!Number.isInteger(count))
        throw new GraphError(`insert: ${activations.length} numbers are no rows of ${width}`);
      const kl = new Float64Array(count);
      const differences = difference === null ? null : new Float64Array(count);
      const rows = new Float32Array(batch * width);
      for (let start = 0; start < count; start += batch) {
        signal?.throwIfAborted();
        const used = Math.min(batch, count - start);
        rows.set(activations.subarray(start * width, (start + used) * width));
        const logits = await run(rows);
        for (let row = 0; row < used; row++) {
          let sum = 0;
          for (let read = 0; read < positions.length; read++)
            sum += divergence(at(own, row, read), at(logits, row, read));
          // Rounding may leave a sum of nothing a little below 0.
          kl[start + row] = Math.max(0, sum);
          if (differences !== null) differences[start + row] = differenceOf(logits, row);
        }
        onProgress?.(start + used, count);
      }
      return { kl, logitDifference: differences };
    },
    dispose: () => executable.dispose(),
  };
}

/** The last value that all that follows rests on and that a site is part of or comes after. */
function cutOf(site: string, parallel: boolean): string {
  if (/\.hook_resid_(pre|mid|post)$/.test(site)) return site;
  const layer = Number(site.split('.')[1]);
  return blockHook(layer, site.endsWith('.hook_mlp_out') && !parallel ? 'residMid' : 'residPre');
}

interface Sizes {
  readonly site: string;
  readonly cut: string;
  readonly ids: readonly number[];
  readonly position: number;
  readonly positions: readonly number[];
  readonly batch: number;
  /** The query's activations at the cut, `[place · width]`. */
  readonly before: Float32Array;
}

/** The model from the cut on: input `z` `[batch, width]`, output `logits` `[batch · read, vocabulary]`. */
function insertionGraph(
  model: HookedModel,
  { site, cut, ids, position, positions, batch, before }: Sizes,
): Graph {
  const { architecture } = model;
  const { width } = architecture;
  const places = ids.length;
  const z = reshape(input('z', 'float32', [batch, width]), [batch, 1, width]);
  const marked = Uint8Array.from(ids, (_, at) => (at === position ? 1 : 0));
  const mask = constant({ dtype: 'bool', shape: [1, places, 1], data: marked });
  const exchanged: Intervention = (value) => where(mask, z, value);
  const fixed = constant({ dtype: 'float32', shape: [1, places, width], data: before });
  const interventions = new Map<string, Intervention>(
    cut === site
      ? [[site, () => exchanged(fixed)]]
      : [
          [cut, () => expand(fixed, [batch, places, width])],
          [site, exchanged],
        ],
  );
  const tokens = expand(constant({ dtype: 'int32', shape: [1, places], data: Int32Array.from(ids) }), [
    batch,
    places,
  ]);
  const { final } = transformer(architecture, model.parameter, tokens, { interventions });
  const lines = Int32Array.from({ length: batch * positions.length }, (_, line) => {
    const row = Math.floor(line / positions.length);
    return row * places + (positions[line % positions.length] ?? 0);
  });
  const chosen = gather(
    reshape(final, [batch * places, width]),
    constant({ dtype: 'int32', shape: [lines.length], data: lines }),
  );
  return graph({ logits: logitsOf(architecture, model.parameter, chosen) });
}
