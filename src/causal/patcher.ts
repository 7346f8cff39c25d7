/**
 * Runs of a model in which activations are exchanged. Two graphs serve every question about the same sites: one that
 * records the sites' activations, one that runs the model with some of their places taken from a recording. Which
 * places is an input (a mask a site), so trying another set compiles nothing.
 *
 * A place is exchanged by choice, not by adding a difference: where nothing is exchanged, or what comes in equals
 * what was there, the run is the same to the last bit. That is how a patch that changed nothing is known.
 *
 * A run may hold several copies of its inputs, each with exchanges of its own: a sweep over one pair of prompts then
 * takes a run for many cells. All copies take from one recording.
 * @module
 */
import {
  GraphError,
  type Runtime,
  type Tensor,
  type Tensors,
  type Value,
  compiled,
  floatsOf,
  gather,
  graph,
  input,
  outputOf,
  reshape,
  sizeOf,
  slice,
  where,
} from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { type Intervention } from '../models/hook-points.js';
import { logitsOf } from '../models/layers.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel, expectPlaces } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';

/** Some inputs of one run, and where their logits are read. */
export interface Block {
  /** Token ids from BOS on, at most `batch` of them. */
  readonly inputs: readonly (readonly number[])[];
  /** For each input the positions whose logits are wanted, `reads` of them. */
  readonly reads: readonly (readonly number[])[];
}

/** Activations by site, `[batch, …]`. */
export type Recording = ReadonlyMap<string, Tensor>;

/** What a run gives: `[copy · batch · read, vocabulary]`. */
export interface PatcherRun {
  readonly logits: Float32Array;
  readonly vocabulary: number;
}

/** A place to exchange: of row `row`, position `to` gets what stands in the recording at position `from`. */
export interface Move {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** What is exchanged in one copy of a block, by site. */
export type Moves = ReadonlyMap<string, readonly Move[]>;

/** Runs and records; see the module's header. */
export interface Patcher {
  readonly batch: number;
  readonly copies: number;
  /** Runs unchanged and keeps the activations of the sites. */
  record(block: Block): Promise<PatcherRun & { readonly recording: Recording }>;
  /**
   * Runs copies of a block with places of the sites taken from a recording; sites without moves are left alone. No two
   * copies may take different places of the recording to one place of a row: see {@link agree}.
   * @param moves one a copy, at most `copies`
   */
  run(block: Block, recording: Recording, moves: readonly Moves[]): Promise<PatcherRun>;
  dispose(): Promise<void>;
}

/** Sizes of the graphs. */
export interface PatcherOptions {
  readonly sites: readonly string[];
  /** Places of the longest input. */
  readonly places: number;
  readonly pad: number;
  /** Positions read in each input. */
  readonly reads?: number;
  /** Inputs a run. */
  readonly batch: number;
  /** Copies of them a run; 1 unless given. */
  readonly copies?: number;
}

/** Inputs to run at once: what is recorded stays near 2²⁴ numbers, and no run is larger than what there is to run. */
export function batchFor(
  { architecture }: HookedModel,
  sites: number,
  places: number,
  inputs: number,
): number {
  const recorded = Math.max(1, sites) * places * architecture.width;
  return Math.max(1, Math.min(256, inputs, Math.floor(2 ** 24 / recorded)));
}

/** Tokens of a run from which on more of them make it hardly faster. */
const tokensEnough = 512;

/** Copies of `batch` inputs to run at once, for so many sets: few inputs alone leave the processor idle. */
export function copiesFor(
  { architecture }: HookedModel,
  batch: number,
  places: number,
  sets: number,
): number {
  const rows = Math.min(tokensEnough / places, 2 ** 24 / architecture.vocabulary);
  return Math.max(1, Math.min(sets, Math.floor(rows / batch)));
}

/** Whether copies of a block may take these exchanges from one recording. */
export function agree(one: Moves, others: readonly Moves[]): boolean {
  return [...one].every(([site, own]) =>
    others.every((other) =>
      (other.get(site) ?? []).every((theirs) =>
        own.every(({ row, from, to }) => row !== theirs.row || to !== theirs.to || from === theirs.from),
      ),
    ),
  );
}

/** Below this width an operator is done before a second thread has woken up. */
const wideEnough = 256;

/** Threads of an operator that patching a model runs fastest on; null for one a processor. */
export const patchingThreads = ({ architecture }: HookedModel): 1 | null =>
  architecture.width < wideEnough ? 1 : null;

/** The axis of an activation that counts places: attention rows have heads before it. */
const placeAxis = (site: string): number => (/\.hook_(attn_scores|pattern)$/.test(site) ? 2 : 1);

/** Whether what stands at a position can be put to another one: attention rows count keys from the first place. */
export const isMovable = (site: string): boolean => placeAxis(site) === 1;

/**
 * Makes a patcher; its graphs are compiled when they are first run.
 * @throws InputError for more places than the model has
 */
export function createPatcher(runtime: Runtime, model: HookedModel, options: PatcherOptions): Patcher {
  const { sites, places, pad, batch, reads = 1, copies = 1 } = options;
  const { width, vocabulary } = model.architecture;
  expectPlaces(model, places);

  const ids = input('ids', 'int32', [copies * batch, places]);
  const rows = input('rows', 'int32', [copies * batch * reads]);
  const shapes = new Map<string, readonly number[]>();
  const interventions = new Map<string, Intervention>(
    sites.map((site) => [
      site,
      (value) => {
        const axis = placeAxis(site);
        const own = value.shape.slice(1);
        shapes.set(site, [batch, ...own]);
        const spread = own.map((_, at) => (at + 1 === axis ? places : 1));
        const mask = reshape(input(`mask ${site}`, 'bool', [copies * batch, places]), [
          copies,
          batch,
          ...spread,
        ]);
        const other = reshape(input(`other ${site}`, 'float32', [batch, ...own]), [1, batch, ...own]);
        return reshape(where(mask, other, reshape(value, [copies, batch, ...own])), value.shape);
      },
    ]),
  );
  const run = transformer(model.architecture, model.parameter, ids, { interventions });
  const valueOf = (name: string): Value => {
    const value = run.cache.get(name);
    if (value === undefined) throw new GraphError(`patcher: the model has no site ${name}`);
    return value;
  };
  // Logits at the read places alone: of a large vocabulary most of the work would be thrown away.
  const final = reshape(run.final, [copies * batch * places, width]);
  const logits = logitsOf(model.architecture, model.parameter, gather(final, rows));
  // The recorder is the patching graph with nothing exchanged, so that equal activations are equal bits.
  const recorded = Object.fromEntries(sites.map((site) => [site, slice(valueOf(site), 0, 0, batch)]));

  /** The logits of a run's own rows; what fills up the batch is not read. */
  const readLogits = (outputs: Tensors, { inputs }: Block, used: number): Float32Array => {
    const all = floatsOf(outputs, 'logits');
    const size = reads * vocabulary;
    for (let copy = 0; copy < used; copy++) {
      const start = copy * batch * size;
      expectFinite(all.subarray(start, start + inputs.length * size), 'logits');
    }
    return all;
  };

  const graphs = compiled(runtime, (what: 'record' | 'patch') =>
    graph(what === 'record' ? { logits, ...recorded } : { logits }),
  );
  const feeds = (block: Block, recording: Recording, moves: readonly Moves[]): Tensors => {
    const { inputs, reads: positions } = block;
    if (inputs.length > batch) throw new GraphError(`patcher: ${inputs.length} inputs of at most ${batch}`);
    if (moves.length > copies) throw new GraphError(`patcher: ${moves.length} copies of at most ${copies}`);
    const one = padded(inputs, places, pad, batch);
    const data = new Int32Array(copies * one.length);
    const at = new Int32Array(copies * batch * reads);
    for (let copy = 0; copy < copies; copy++) {
      data.set(one, copy * one.length);
      positions.forEach((own, row) =>
        own.forEach((read, i) => {
          const line = copy * batch + row;
          at[line * reads + i] = line * places + read;
        }),
      );
    }
    const fed: Record<string, Tensor> = {
      ids: { dtype: 'int32', shape: [copies * batch, places], data },
      rows: { dtype: 'int32', shape: [copies * batch * reads], data: at },
    };
    for (const site of sites) {
      const mask = new Uint8Array(copies * batch * places);
      moves.forEach((own, copy) => {
        for (const { row, to } of own.get(site) ?? []) mask[(copy * batch + row) * places + to] = 1;
      });
      const from = recording.get(site) ?? zeros(shapes.get(site) ?? []);
      const all = moves.flatMap((own) => own.get(site) ?? []);
      fed[`mask ${site}`] = { dtype: 'bool', shape: [copies * batch, places], data: mask };
      fed[`other ${site}`] = all.every((move) => move.from === move.to) ? from : moved(site, from, all);
    }
    return fed;
  };

  return {
    batch,
    copies,
    async record(block) {
      const outputs = await (await graphs.of('record')).run(feeds(block, new Map(), []));
      const recording = new Map(sites.map((site) => [site, outputOf(outputs, site)]));
      return { recording, logits: readLogits(outputs, block, 1), vocabulary };
    },
    async run(block, recording, moves) {
      const outputs = await (await graphs.of('patch')).run(feeds(block, recording, moves));
      return { logits: readLogits(outputs, block, moves.length), vocabulary };
    },
    dispose: () => graphs.dispose(),
  };
}

const zeros = (shape: readonly number[]): Tensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(sizeOf(shape)),
});

/** The recording with places moved; what is not moved to is left as it was. */
function moved(site: string, { shape, data }: Tensor, moves: readonly Move[]): Tensor {
  if (!isMovable(site)) throw new GraphError(`patcher: rows of ${site} cannot be moved`);
  if (!(data instanceof Float32Array)) throw new GraphError(`patcher: ${site} is not float32`);
  const [, places = 0] = shape;
  const size = sizeOf(shape.slice(2));
  const out = data.slice();
  for (const { row, from, to } of moves) {
    const start = (row * places + from) * size;
    out.set(data.subarray(start, start + size), (row * places + to) * size);
  }
  return { dtype: 'float32', shape, data: out };
}
