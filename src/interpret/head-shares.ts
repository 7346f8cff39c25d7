/**
 * Which heads make up the residual stream where a prompt ends: the share of each head's output in it by L1 proximity, counted
 * over prompts.
 *
 * Behind the attention of a layer the residual stream is a sum `y` of what came in, of what each head writes, and of the bias of the
 * attention's output, which is in `y` but no term with a share. The proximity of a term `t` is `max(0, ‖y‖₁ − ‖y − t‖₁)` (Ferrando et al., "Measuring the Mixing of Contextual Information in the Transformer",
 * 2022), and its share is that over the sum of all terms' proximities. A head that keeps its attention at the first token adds
 * nearly the same whatever the prompt is; the mean attention to it is given beside the share.
 * @module
 */
import {
  type Runtime,
  type Value,
  add,
  concat,
  floatsOf,
  gather,
  graph,
  input,
  reshape,
  slice,
  transpose,
} from '../engine/index.js';
import { InputError } from '../input-error.js';
import { headResults } from '../models/attention.js';
import { inBatches } from '../models/batches.js';
import { expectFinite } from '../models/finite.js';
import { type HookedModel, expectPlaces, isLarge } from '../models/hooked-model.js';
import { blockHook, headSite } from '../models/hooks.js';
import { transformer } from '../models/transformer.js';
import { type Share, shareOf } from '../share.js';

/** What is asked. */
export interface HeadSharesQuestion {
  /** Token ids of prompts; each is read at its last token. */
  readonly prompts: readonly (readonly number[])[];
  readonly pad: number;
  /** The share of the residual stream above which a head counts, 0 … 1. */
  readonly threshold: number;
  /** The first layer that is looked at. */
  readonly fromLayer: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** A head over all prompts. */
export interface HeadShare {
  readonly site: string;
  /** Prompts in which its share is above the threshold. */
  readonly counted: Share;
  /** Mean share over all prompts, 0 … 1. */
  readonly share: number;
  /** Mean attention to the first token, 0 … 1. */
  readonly toFirst: number;
}

/** Prompts of a run; of a large model, whose weights are read once a run, as of a small one. */
const [fewRows, manyRows] = [8, 64];

/** The layers from which heads are looked at where nothing else is asked for: the upper half. */
export const upperHalf = ({ layers }: HookedModel['architecture']): number => Math.floor(layers / 2);

/**
 * Runs prompts and measures every head from a layer on.
 * @returns heads in the order of a run
 * @throws InputError for no prompts, a layer that the model does not have, a model whose heads are no terms of the residual
 *   stream, and prompts longer than it takes
 */
export async function headShares(
  runtime: Runtime,
  model: HookedModel,
  { prompts, pad, threshold, fromLayer, onProgress }: HeadSharesQuestion,
): Promise<HeadShare[]> {
  const { layers, heads, width, names } = model.architecture;
  if (prompts.length === 0) throw new InputError('There is no prompt to measure heads at.');
  if (!Number.isInteger(fromLayer) || fromLayer < 0 || fromLayer >= layers)
    throw new InputError(`${model.name} has layers 0 to ${layers - 1}: none is ${fromLayer}.`);
  const empty = prompts.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new InputError(`Prompt ${empty + 1} is empty.`);
  const chosen = Array.from({ length: layers - fromLayer }, (_, at) => fromLayer + at);
  if (chosen.some((layer) => names.block(layer).ln1Post !== undefined))
    throw new InputError(
      `${model.name} normalises what its heads write together before it is added, so that no head has a share of its own in the residual stream.`,
    );
  const places = prompts.reduce((most, { length }) => Math.max(most, length), 0);
  expectPlaces(model, places);
  const batch = Math.min(isLarge(model) ? fewRows : manyRows, prompts.length);
  const tallies = new Map(chosen.map((layer) => [layer, createTally(heads, width, threshold)]));
  const executable = await runtime.compile(sharesGraph(model, chosen, batch, places));
  try {
    const rowsFrom = (start: number) => ({
      rows: {
        dtype: 'int32' as const,
        shape: [batch],
        data: Int32Array.from(
          { length: batch },
          (_, row) => row * places + (prompts[start + row] ?? prompts[0] ?? []).length - 1,
        ),
      },
    });
    for await (const { start, texts, outputs } of inBatches(
      executable,
      prompts,
      { batch, places, pad },
      rowsFrom,
    )) {
      for (const [layer, tally] of tallies) {
        const [terms, first] = [floatsOf(outputs, `terms.${layer}`), floatsOf(outputs, `first.${layer}`)];
        texts.forEach((_, row) => {
          const size = (heads + 2) * width;
          const own = terms.subarray(row * size, (row + 1) * size);
          expectFinite(own, blockHook(layer, 'result'));
          tally.add(own, first.subarray(row * heads, (row + 1) * heads));
        });
      }
      onProgress?.(start + texts.length, prompts.length);
    }
  } finally {
    await executable.dispose();
  }
  return [...tallies].flatMap(([layer, tally]) =>
    tally.heads().map((one, head) => ({ site: headSite(layer, head), ...one })),
  );
}

/**
 * Inputs `ids` and `rows` (flat positions). Outputs by layer: `terms` `[batch, 2 + heads, width]`, the stream behind the attention, what
 * comes into the layer, and what each head writes; and `first` `[batch, heads]`, attention to the first token.
 */
function sharesGraph(
  { architecture, parameter }: HookedModel,
  layers: readonly number[],
  batch: number,
  places: number,
): ReturnType<typeof graph> {
  const { heads, headWidth, width } = architecture;
  const ids = input('ids', 'int32', [batch, places]);
  const rows = input('rows', 'int32', [batch]);
  const { cache } = transformer(architecture, parameter, ids);
  const hook = (layer: number, name: Parameters<typeof blockHook>[1]): Value => {
    const value = cache.get(blockHook(layer, name));
    if (value === undefined) throw new RangeError(`no ${blockHook(layer, name)}`);
    return value;
  };
  const atRows = (value: Value, size: number): Value => gather(reshape(value, [batch * places, size]), rows);
  const outputs: Record<string, Value> = {};
  for (const layer of layers) {
    // Heads write at one place of each prompt alone.
    const z = reshape(atRows(hook(layer, 'z'), heads * headWidth), [batch, 1, heads, headWidth]);
    const before = reshape(atRows(hook(layer, 'residPre'), width), [batch, 1, width]);
    const attention = reshape(atRows(hook(layer, 'attnOut'), width), [batch, 1, width]);
    outputs[`terms.${layer}`] = concat(
      [add(before, attention), before, ...headResults(architecture, parameter, layer, z)],
      1,
    );
    // [batch, head, query place, key place] → what of it is asked of the first key, by query place.
    const toFirst = transpose(
      reshape(slice(hook(layer, 'pattern'), 3, 0, 1), [batch, heads, places]),
      [0, 2, 1],
    );
    outputs[`first.${layer}`] = atRows(toFirst, heads);
  }
  return graph(outputs);
}

/** What is counted of the heads of a layer. */
function createTally(heads: number, width: number, threshold: number) {
  const [counts, sums, attention] = [
    new Uint32Array(heads),
    new Float64Array(heads),
    new Float64Array(heads),
  ];
  let n = 0;
  return {
    /** @param terms `[2 + heads, width]`, the sum first @param toFirst `[heads]` */
    add(terms: Float32Array, toFirst: Float32Array): void {
      proximityShares(terms.subarray(width), terms.subarray(0, width))
        .subarray(1)
        .forEach((share, head) => {
          if (share > threshold) counts[head] = (counts[head] ?? 0) + 1;
          sums[head] = (sums[head] ?? 0) + share;
          attention[head] = (attention[head] ?? 0) + (toFirst[head] ?? 0);
        });
      n++;
    },
    heads: (): Omit<HeadShare, 'site'>[] =>
      Array.from(counts, (count, head) => ({
        counted: shareOf(count, n),
        share: (sums[head] ?? 0) / n,
        toFirst: (attention[head] ?? 0) / n,
      })),
  };
}

/**
 * The shares of terms in a vector by L1 proximity; all 0 where none is near it. Sums run in float64.
 * @param terms `[term, width]`
 * @param whole `[width]`, what they sum to, but for what has no share
 */
export function proximityShares(terms: ArrayLike<number>, whole: ArrayLike<number>): Float64Array {
  const width = whole.length;
  let norm = 0;
  for (let at = 0; at < width; at++) norm += Math.abs(whole[at] ?? 0);
  const shares = new Float64Array(terms.length / width);
  let all = 0;
  for (let term = 0; term < shares.length; term++) {
    let left = 0;
    for (let at = 0; at < width; at++) left += Math.abs((whole[at] ?? 0) - (terms[term * width + at] ?? 0));
    const proximity = Math.max(0, norm - left);
    shares[term] = proximity;
    all += proximity;
  }
  return all === 0 ? shares : shares.map((proximity) => proximity / all);
}
