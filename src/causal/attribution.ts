/**
 * Direct logit attribution: what a site's output adds to each logit by itself, through the unembedding. The residual
 * stream is a sum and the final LayerNorm is linear once its scale is known, so the logits are the sum of what every
 * part writes, each centred, divided by the scale of the run (the cached one, as TransformerLens does) and
 * unembedded. A part may still matter by other ways: through later layers, or through the scale.
 *
 * With TransformerLens' weight processing the unembedding is centred, and values are relative to the mean over the
 * vocabulary.
 * @module
 */
import {
  GraphError,
  type Runtime,
  type Tensors,
  type Value,
  add,
  concat,
  floatsOf,
  gather,
  graph,
  input,
  reshape,
  slice,
} from '../engine/index.js';
import { InputError } from '../input-error.js';
import { expectFinite } from '../models/finite.js';
import { throughFinalNorm, unembed, unembedBias } from '../models/layers.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel, cacheNames, expectPlaces } from '../models/hooked-model.js';
import { blockHook, headSite, modelHooks } from '../models/hooks.js';
import { inBatches } from '../models/batches.js';
import { type Estimate, estimate } from './estimate.js';
import { resolveHook } from './patch.js';

/** What is attributed. */
export interface AttributionQuestion {
  /** Token ids from BOS on. */
  readonly inputs: readonly (readonly number[])[];
  readonly pad: number;
  /** For each input the position whose logits are taken apart. */
  readonly positions: readonly number[];
  /** Sites whose activation is a vector of the residual stream's width. */
  readonly sites: readonly string[];
  readonly batch?: number;
}

/** The parts of one input's logits. */
export interface Attribution {
  /** By site, as asked, `[vocabulary]`. */
  readonly parts: ReadonlyMap<string, Float32Array>;
  /** The logits themselves. */
  readonly logits: Float32Array;
}

/**
 * The parts whose sum is the residual stream, but for the biases of attention outputs: embeddings, heads and MLPs.
 */
export function writingSites({ architecture }: HookedModel): string[] {
  const { layers, heads, names } = architecture;
  const sites: string[] = [modelHooks.embed];
  if (names.positions !== null) sites.push(modelHooks.posEmbed);
  for (let layer = 0; layer < layers; layer++) {
    // Where a branch is normalised before it is added, its heads are no parts of the stream.
    if (names.block(layer).ln1Post !== undefined) sites.push(blockHook(layer, 'attnOut'));
    else for (let head = 0; head < heads; head++) sites.push(headSite(layer, head));
    sites.push(blockHook(layer, 'mlpOut'));
  }
  return sites;
}

/** Every site that can be attributed: those whose activation has the residual stream's width. */
export function attributableSites(model: HookedModel): string[] {
  return cacheNames(model).filter((name) =>
    /^hook_|hook_resid_|hook_result\.|hook_attn_out$|hook_mlp_out$/.test(name),
  );
}

/**
 * Takes the logits of each input apart and hands them over one input after another; arrays are only lent.
 * @throws InputError for no inputs, a position outside one, or a site that is no vector of the residual stream
 */
export async function attribute(
  runtime: Runtime,
  model: HookedModel,
  question: AttributionQuestion,
  visit: (attribution: Attribution, index: number) => void,
): Promise<void> {
  const { inputs, positions } = question;
  if (inputs.length === 0) throw new InputError('There is nothing to attribute: no input is left.');
  const known = attributableSites(model);
  const sites = question.sites.map((site) => resolveHook(site, known));
  inputs.forEach((ids, at) => {
    const position = positions[at] ?? -1;
    if (position < 0 || position >= ids.length) {
      throw new InputError(`Input ${at + 1} has ${ids.length} tokens: no position ${position} to attribute.`);
    }
  });
  const { width, vocabulary } = model.architecture;
  const places = positions.reduce((most, position) => Math.max(most, position + 1), 0);
  expectPlaces(model, places);
  // The result has sites · vocabulary numbers an input.
  const roomy = Math.floor(2 ** 24 / (sites.length * vocabulary + places * width));
  const batch = question.batch ?? Math.max(1, Math.min(256, inputs.length, roomy));
  const executable = await runtime.compile(attributionGraph(model, sites, batch, places));
  try {
    const size = { batch, places, pad: question.pad };
    const rowsFrom = (start: number): Tensors => {
      const data = Int32Array.from(
        { length: batch },
        (_, row) => row * places + (positions[start + row] ?? 0),
      );
      return { rows: { dtype: 'int32', shape: [batch], data } };
    };
    for await (const { start, texts: part, outputs } of inBatches(executable, inputs, size, rowsFrom)) {
      const [parts, logits] = [floatsOf(outputs, 'parts'), floatsOf(outputs, 'logits')];
      const from = (all: Float32Array, row: number): Float32Array =>
        all.subarray(row * vocabulary, (row + 1) * vocabulary);
      part.forEach((_, row) => {
        const own = question.sites.map((site, at) => [site, from(parts, at * batch + row)] as const);
        for (const [site, part] of own) expectFinite(part, `${site} unembedded`);
        const whole = from(logits, row);
        expectFinite(whole, 'logits');
        visit({ parts: new Map(own), logits: whole }, start + row);
      });
    }
  } finally {
    await executable.dispose();
  }
}

/** Inputs `ids` and `rows` (flat positions); outputs `parts` `[site · batch, vocabulary]` and `logits`. */
function attributionGraph(
  model: HookedModel,
  sites: readonly string[],
  batch: number,
  places: number,
): ReturnType<typeof graph> {
  const width = model.architecture.width;
  const ids = input('ids', 'int32', [batch, places]);
  const { cache, final } = transformer(model.architecture, model.parameter, ids);
  const rows = input('rows', 'int32', [batch]);
  const atRows = (value: Value, size: number): Value => gather(reshape(value, [batch * places, size]), rows);
  const at = (name: string, size: number): Value => {
    const value = cache.get(name);
    if (value === undefined) throw new GraphError(`attribution: the model has no ${name}`);
    return atRows(value, size);
  };
  const scale = at(modelHooks.finalScale, 1);
  const normal = sites.map((site) =>
    throughFinalNorm(model.architecture, model.parameter, at(site, width), scale),
  );
  // The logits go through the same product, so that one reading of the unembedding serves all.
  const all = unembed(
    model.architecture,
    model.parameter,
    concat([...normal, atRows(final, width)], 0),
    false,
  );
  const bias = model.parameter(unembedBias(model.architecture));
  const own = slice(all, 0, sites.length * batch, (sites.length + 1) * batch);
  return graph({
    parts: slice(all, 0, 0, sites.length * batch),
    logits: bias === null ? own : add(own, bias),
  });
}

/** What a site adds, over many inputs, to what is asked of the logits. */
export interface MeanAttribution {
  readonly n: number;
  readonly sites: readonly { readonly site: string; readonly value: Estimate }[];
  /** What all of the logits come to. */
  readonly total: Estimate;
}

/** The token whose logit is taken apart, and the one it is held against or null. */
export interface AttributedAnswer {
  readonly answer: number;
  readonly against: number | null;
}

/** Makes a mean of attributions that come one after another. */
export interface MeanCounter {
  visit(attribution: Attribution, index: number): void;
  result(): MeanAttribution;
}

/** Begins a mean over inputs. @param answers one an input */
export function countMean(sites: readonly string[], answers: readonly AttributedAnswer[]): MeanCounter {
  const values = new Map(sites.map((site) => [site, new Float64Array(answers.length)]));
  const totals = new Float64Array(answers.length);
  return {
    visit({ parts, logits }, at) {
      const { answer = 0, against = null } = answers[at] ?? {};
      const read = (row: Float32Array): number =>
        (row[answer] ?? NaN) - (against === null ? 0 : (row[against] ?? NaN));
      for (const [site, row] of parts) (values.get(site) ?? totals)[at] = read(row);
      totals[at] = read(logits);
    },
    result: () => ({
      n: answers.length,
      sites: [...values].map(([site, own]) => ({ site, value: estimate(own) })),
      total: estimate(totals),
    }),
  };
}

/**
 * Mean contribution of each site to the logit of an answer, or to its difference from another token's.
 * @param answers one an input
 */
export async function meanAttribution(
  runtime: Runtime,
  model: HookedModel,
  question: AttributionQuestion,
  answers: readonly AttributedAnswer[],
): Promise<MeanAttribution> {
  const counter = countMean(question.sites, answers);
  await attribute(runtime, model, question, counter.visit);
  return counter.result();
}
