/**
 * Runs of a model in which activations are exchanged. Two graphs serve every question about the same sites: one that
 * records the sites' activations, one that runs the model with some of their places taken from a recording. Which
 * places is an input (a mask a site), so trying another set compiles nothing.
 *
 * A place is exchanged by choice, not by adding a difference: where nothing is exchanged, or what comes in equals
 * what was there, the run is the same to the last bit. That is how a patch that changed nothing is known.
 * @module
 */
import {
  type Executable,
  GraphError,
  type Runtime,
  type Tensor,
  type Tensors,
  type Value,
  floatsOf,
  gather,
  graph,
  input,
  outputOf,
  reshape,
  sizeOf,
  where,
} from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { type Intervention } from '../models/hook-points.js';
import { unembed } from '../models/layers.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';

/** Some inputs of one run, and where their logits are read. */
export interface Block {
  /** Token ids from BOS on, at most `batch` of them. */
  readonly inputs: readonly (readonly number[])[];
  /** For each input the positions whose logits are wanted, `reads` of them. */
  readonly reads: readonly (readonly number[])[];
}

/** Activations by site, batch first. */
export type Recording = ReadonlyMap<string, Tensor>;

/** What a run gives: `[batch · read, vocabulary]`. */
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

/** Runs and records; see the module's header. */
export interface Patcher {
  readonly batch: number;
  /** Runs unchanged and keeps the activations of the sites. */
  record(block: Block): Promise<PatcherRun & { readonly recording: Recording }>;
  /** Runs with places of the sites taken from a recording; sites without moves are left alone. */
  run(block: Block, recording: Recording, moves: ReadonlyMap<string, readonly Move[]>): Promise<PatcherRun>;
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

/** Below this width an operator is done before a second thread has woken up. */
const wideEnough = 256;

/** Threads of an operator that patching a model runs fastest on; null for one a processor. */
export const patchingThreads = ({ architecture }: HookedModel): 1 | null =>
  architecture.width < wideEnough ? 1 : null;

/** The axis of an activation that counts places: attention rows have heads before it. */
const placeAxis = (site: string): number => (/\.hook_(attn_scores|pattern)$/.test(site) ? 2 : 1);

/** Whether what stands at a position can be put to another one: attention rows count keys from the first place. */
export const isMovable = (site: string): boolean => placeAxis(site) === 1;

/** Makes a patcher; its graphs are compiled when they are first run. */
export function createPatcher(runtime: Runtime, model: HookedModel, options: PatcherOptions): Patcher {
  const { sites, places, pad, batch, reads = 1 } = options;
  const { width, vocabulary } = model.architecture;

  const ids = input('ids', 'int32', [batch, places]);
  const rows = input('rows', 'int32', [batch * reads]);
  const shapes = new Map<string, readonly number[]>();
  const interventions = new Map<string, Intervention>(
    sites.map((site) => [
      site,
      (value) => {
        const axis = placeAxis(site);
        shapes.set(site, value.shape);
        const spread = value.shape.map((_, at) => (at === 0 ? batch : at === axis ? places : 1));
        const mask = reshape(input(`mask ${site}`, 'bool', [batch, places]), spread);
        return where(mask, input(`other ${site}`, 'float32', value.shape), value);
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
  const final = reshape(run.final, [batch * places, width]);
  const logits = unembed(model.architecture, model.parameter, gather(final, rows));
  // The recorder is the patching graph with nothing exchanged, so that equal activations are equal bits.
  const recorded = Object.fromEntries(sites.map((site) => [site, valueOf(site)]));

  /** The logits of a run's own rows; what fills up the batch is not read. */
  const readLogits = (outputs: Tensors, { inputs }: Block): Float32Array => {
    const all = floatsOf(outputs, 'logits');
    expectFinite(all.subarray(0, inputs.length * reads * vocabulary), 'logits');
    return all;
  };

  let recorder: Promise<Executable> | null = null;
  let patcher: Promise<Executable> | null = null;
  const feeds = (
    { inputs, reads: positions }: Block,
    recording: Recording,
    moves: ReadonlyMap<string, readonly Move[]>,
  ): Tensors => {
    if (inputs.length > batch) throw new GraphError(`patcher: ${inputs.length} inputs of at most ${batch}`);
    const data = padded(inputs, places, pad, batch);
    const at = new Int32Array(batch * reads);
    positions.forEach((own, row) => own.forEach((read, i) => (at[row * reads + i] = row * places + read)));
    const fed: Record<string, Tensor> = {
      ids: { dtype: 'int32', shape: [batch, places], data },
      rows: { dtype: 'int32', shape: [batch * reads], data: at },
    };
    for (const site of sites) {
      const own = moves.get(site) ?? [];
      const mask = new Uint8Array(batch * places);
      for (const { row, to } of own) mask[row * places + to] = 1;
      const from = recording.get(site) ?? zeros(shapes.get(site) ?? []);
      fed[`mask ${site}`] = { dtype: 'bool', shape: [batch, places], data: mask };
      fed[`other ${site}`] = own.every((move) => move.from === move.to) ? from : moved(site, from, own);
    }
    return fed;
  };

  return {
    batch,
    async record(block) {
      recorder ??= runtime.compile(graph({ logits, ...recorded }));
      const outputs = await (await recorder).run(feeds(block, new Map(), new Map()));
      const recording = new Map(sites.map((site) => [site, outputOf(outputs, site)]));
      return { recording, logits: readLogits(outputs, block), vocabulary };
    },
    async run(block, recording, moves) {
      patcher ??= runtime.compile(graph({ logits }));
      const outputs = await (await patcher).run(feeds(block, recording, moves));
      return { logits: readLogits(outputs, block), vocabulary };
    },
    async dispose() {
      for (const executable of [recorder, patcher])
        if (executable !== null) await (await executable).dispose();
    },
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
