/**
 * A sweep of many heads of a large model at given places. What `patch` does in a run of the whole model a head, this does
 * in one run for all: the input is run once, and each head branches off where it writes, from the patched place on, as a
 * further row of the same run. Tokens before that place and layers before that head are not run again, so that all heads
 * of a model at the last token cost a few runs.
 * @module
 */
import {
  type Graph,
  type Runtime,
  type Value,
  concat,
  expand,
  constant,
  floatsOf,
  gather,
  graph,
  input,
  reshape,
  slice,
  where,
} from '../engine/index.js';
import { attended, headsOut } from '../models/attention.js';
import { blockInput, blockOutput } from '../models/block.js';
import { textPlaces } from '../models/places.js';
import { expectFinite } from '../models/finite.js';
import { hookPoints } from '../models/hook-points.js';
import { blockHook, headOf, modelHooks } from '../models/hooks.js';
import { type HookedModel, expectPlaces } from '../models/hooked-model.js';
import { logitsOf, normalised } from '../models/layers.js';
import { padded } from '../models/padding.js';
import { transformer } from '../models/transformer.js';
import { averaged, answersOf, checked, setResult, sharesPast } from './patch.js';
import { estimate } from './estimate.js';
import { type SweepQuestion, type SweepResult, cellsOf, crossed } from './sweep.js';

/** Contrasts that are recorded at once. */
const recordedAtOnce = 16;

/**
 * Patches every head at every position one by one; see {@link SweepQuestion}. Figures are those of `sweep`, but for
 * rounding.
 * @throws InputError as `patch` does
 * @throws RangeError for a site that is no head
 */
export async function sweepHeads(
  runtime: Runtime,
  model: HookedModel,
  question: Omit<SweepQuestion, 'onSet' | 'batch'>,
): Promise<SweepResult> {
  const { cases, metric, positions, each = 1, pad, signal, onProgress } = question;
  const crossing = crossed(question.sites, positions);
  const targets = checked(model, { ...question, targets: crossing, sets: [] });
  const sites = targets.flatMap(({ site }, at) => (at % positions.length === 0 ? [site] : []));
  const heads = sites.map((site) => {
    const found = headOf(site);
    if (found === null) throw new RangeError(`${site} is no head`);
    return found;
  });
  const answers = cases.map(answersOf);
  const clean = new Float64Array(cases.length);
  const contrast = new Float64Array(cases.length);
  const effects = targets.map(() => new Float64Array(cases.length));
  const changed = targets.map(() => 0);
  const recorded = await recordContrasts(runtime, model, question, signal);
  const works = cases.flatMap((own, at) =>
    positions.map((position, column): Work => {
      const to = position.positions[at] ?? 0;
      return { at, column, to, from: position.sources?.[at] ?? to, length: own.answerAt };
    }),
  );
  let done = 0;
  for (const group of alikeWorks(works)) {
    const [{ length, to }] = group;
    const executable = await runtime.compile(headsGraph(model, heads, length, to));
    try {
      for (const { at, column, from } of group) {
        signal?.throwIfAborted();
        const own = cases[at];
        const { z, logits: contrasted } = recorded[at]?.get(column) ?? {};
        if (own === undefined || z === undefined || contrasted === undefined) continue;
        const outputs = await executable.run({
          ids: { dtype: 'int32', shape: [1, length], data: padded([own.clean], length, pad, 1) },
          z: {
            dtype: 'float32',
            shape: [model.architecture.layers, z.length / model.architecture.layers],
            data: z,
          },
        });
        const all = floatsOf(outputs, 'logits');
        expectFinite(all, 'logits');
        const vocabulary = all.length / (heads.length + 1);
        const row = (index: number): Float32Array =>
          all.subarray(index * vocabulary, (index + 1) * vocabulary);
        const before = row(0);
        const decided = answers[at] ?? { answer: NaN, contrastAnswer: NaN };
        const value = metric.value(before, before, decided);
        clean[at] = value;
        contrast[at] = metric.value(contrasted, before, decided);
        // Where both inputs are the same up to the place, so are all activations there: nothing is exchanged.
        if (!sharesPast(own, to, from)) {
          heads.forEach((_, index) => {
            const patched = row(index + 1);
            const target = index * positions.length + column;
            const into = effects[target];
            if (into !== undefined) into[at] = metric.effect(value, metric.value(patched, before, decided));
            if (patched.some((logit, token) => logit !== before[token]))
              changed[target] = (changed[target] ?? 0) + 1;
          });
        }
        done += heads.length;
        onProgress?.(done, works.length * heads.length);
      }
    } finally {
      await executable.dispose();
    }
  }
  const sets = effects.map((own, index) =>
    setResult([index], averaged(own, each), (changed[index] ?? 0) / cases.length),
  );
  return {
    n: cases.length / each,
    metric,
    clean: estimate(averaged(clean, each)),
    contrast: estimate(averaged(contrast, each)),
    warnings: [],
    sites: question.sites,
    positions: positions.map(({ name }) => name),
    cells: cellsOf(question.sites, positions, sets),
  };
}

/** A case at a position: tokens up to the one that predicts, and the place that is patched, with its source. */
interface Work {
  readonly at: number;
  readonly column: number;
  readonly to: number;
  readonly from: number;
  readonly length: number;
}

/** Those of one length and one patched place together: they are runs of one graph. */
function alikeWorks(works: readonly Work[]): [Work, ...Work[]][] {
  const groups = new Map<string, [Work, ...Work[]]>();
  for (const work of works) {
    const key = `${work.length} ${work.to}`;
    const own = groups.get(key);
    if (own === undefined) groups.set(key, [work]);
    else own.push(work);
  }
  return [...groups.values()];
}

/** What heads read in a contrast run, `[layer, head · width of a head]`, and the logits that it predicts with. */
interface Recorded {
  readonly z: Float32Array;
  readonly logits: Float32Array;
}

/** For each case, by position. */
async function recordContrasts(
  runtime: Runtime,
  model: HookedModel,
  { cases, positions, pad }: Pick<SweepQuestion, 'cases' | 'positions' | 'pad'>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, Recorded>[]> {
  const { architecture, parameter } = model;
  const { layers, heads, headWidth, width } = architecture;
  const sourceOf = (at: number, column: number): number => {
    const { positions: to, sources } = positions[column] ?? { positions: [] };
    return sources?.[at] ?? to[at] ?? 0;
  };
  const reaches = cases.map(({ contrastAnswerAt }, at) =>
    Math.max(contrastAnswerAt, ...positions.map((_, column) => sourceOf(at, column) + 1)),
  );
  const places = reaches.reduce((most, reach) => Math.max(most, reach), 1);
  expectPlaces(model, places);
  const batch = Math.min(recordedAtOnce, cases.length);
  const ids = input('ids', 'int32', [batch, places]);
  const rows = input('rows', 'int32', [batch * positions.length]);
  const reads = input('reads', 'int32', [batch]);
  const run = transformer(architecture, parameter, ids);
  const size = heads * headWidth;
  const read = Array.from({ length: layers }, (_, layer) => {
    const z = run.cache.get(blockHook(layer, 'z'));
    if (z === undefined) throw new RangeError(`layer ${layer} has no heads`);
    return reshape(gather(reshape(z, [batch * places, size]), rows), [1, batch * positions.length, size]);
  });
  const final = gather(reshape(run.final, [batch * places, width]), reads);
  const executable = await runtime.compile(
    graph({ z: concat(read, 0), logits: logitsOf(architecture, parameter, final) }),
  );
  const out: ReadonlyMap<number, Recorded>[] = [];
  try {
    for (let start = 0; start < cases.length; start += batch) {
      signal?.throwIfAborted();
      const part = cases.slice(start, start + batch);
      const at = new Int32Array(batch * positions.length);
      const ends = new Int32Array(batch);
      part.forEach(({ contrastAnswerAt }, row) => {
        ends[row] = row * places + contrastAnswerAt - 1;
        positions.forEach(
          (_, column) => (at[row * positions.length + column] = row * places + sourceOf(start + row, column)),
        );
      });
      const outputs = await executable.run({
        ids: {
          dtype: 'int32',
          shape: [batch, places],
          data: padded(
            part.map(({ contrast }) => contrast),
            places,
            pad,
            batch,
          ),
        },
        rows: { dtype: 'int32', shape: [at.length], data: at },
        reads: { dtype: 'int32', shape: [batch], data: ends },
      });
      const [z, logits] = [floatsOf(outputs, 'z'), floatsOf(outputs, 'logits')];
      const vocabulary = logits.length / batch;
      part.forEach((_, row) => {
        const own = logits.slice(row * vocabulary, (row + 1) * vocabulary);
        expectFinite(own, 'logits of a contrast');
        out.push(
          new Map(
            positions.map((__, column) => {
              const all = new Float32Array(layers * size);
              for (let layer = 0; layer < layers; layer++) {
                const from = (layer * batch * positions.length + row * positions.length + column) * size;
                all.set(z.subarray(from, from + size), layer * size);
              }
              return [column, { z: all, logits: own }];
            }),
          ),
        );
      });
    }
  } finally {
    await executable.dispose();
  }
  return out;
}

/**
 * The graph of all heads at one place of inputs of one length. Inputs `ids` `[1, length]` and `z`, what heads read in the
 * contrast, `[layer, head · width of a head]`; output `logits` `[1 + heads, vocabulary]` at the last token, unpatched first.
 */
function headsGraph(
  model: HookedModel,
  patched: readonly { readonly layer: number; readonly head: number }[],
  length: number,
  place: number,
): Graph {
  const { architecture, parameter } = model;
  const { layers, heads, headWidth, width, names, norm } = architecture;
  expectPlaces(model, length);
  const ids = input('ids', 'int32', [1, length]);
  const z = input('z', 'float32', [layers, heads * headWidth]);
  const run = transformer(architecture, parameter, ids);
  const past = place;
  const left = length - past;
  // Values of the branches' rows go by no name: they are of no one run.
  const hooks = hookPoints();
  const streamOf = (layer: number): Value => {
    const found = run.cache.get(blockHook(layer, 'residPre'));
    if (found === undefined) throw new RangeError(`no layer ${layer}`);
    return found;
  };
  /** The numbers of the heads by row: those of earlier layers branch off first. */
  const order: number[] = [];
  // The first row is the input itself, run as all others are, so that what is equal is equal to the bit.
  let rows = slice(streamOf(0), 1, past, length);
  for (let layer = 0; layer < layers; layer++) {
    const count = rows.shape[0] ?? 0;
    const own = blockInput(architecture, parameter, layer, rows, hooks);
    const before =
      past === 0
        ? null
        : blockInput(architecture, parameter, layer, slice(streamOf(layer), 1, 0, past), hooks);
    const seen = before === null ? own : concat([expand(before, [count, past, width]), own], 1);
    let read = slice(
      attended(architecture, parameter, layer, seen, textPlaces(length), hooks),
      1,
      past,
      length,
    );
    const here = patched.flatMap((head, index) => (head.layer === layer ? [{ ...head, index }] : []));
    if (here.length > 0) {
      const mask = new Uint8Array(here.length * left * heads);
      here.forEach(({ head }, row) => (mask[row * left * heads + head] = 1));
      const exchanged = where(
        constant({ dtype: 'bool', shape: [here.length, left, heads, 1], data: mask }),
        reshape(slice(z, 0, layer, layer + 1), [1, 1, heads, headWidth]),
        slice(read, 0, 0, 1),
      );
      read = concat([read, exchanged], 0);
      rows = concat([rows, expand(slice(rows, 0, 0, 1), [here.length, left, width])], 0);
      order.push(...here.map(({ index }) => index));
    }
    const mixed = headsOut(architecture, parameter, layer, read, hooks);
    rows = blockOutput(architecture, parameter, layer, rows, mixed, hooks);
  }
  const last = reshape(slice(rows, 1, left - 1, left), [order.length + 1, width]);
  const final = normalised(parameter, last, names.finalNorm, norm, hooks, {
    scale: modelHooks.finalScale,
    normalized: modelHooks.finalNormalized,
  });
  const back = new Int32Array(order.length + 1);
  order.forEach((index, row) => (back[index + 1] = row + 1));
  const sorted = gather(final, constant({ dtype: 'int32', shape: [back.length], data: back }));
  return graph({ logits: logitsOf(architecture, parameter, sorted) });
}
