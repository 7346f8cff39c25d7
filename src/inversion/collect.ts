/**
 * Collecting activations: one forward pass of the probed model serves all sites asked for.
 * @module
 */
import { type Executable, GraphError, type Runtime, graph, input } from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';

/** Activations of some inputs at some sites. */
export interface Collected {
  readonly places: number;
  readonly width: number;
  /** By site `[input · place · width]`, inputs in the order given, padding included. */
  readonly sites: ReadonlyMap<string, Float32Array>;
}

/** The activation of one input at one site and position, as a view. @throws InputError when it is not finite */
export function activationAt(
  collected: Collected,
  site: string,
  row: number,
  position: number,
): Float32Array {
  const all = collected.sites.get(site);
  if (all === undefined) throw new GraphError(`collect: site ${site} was not collected`);
  if (position >= collected.places)
    throw new GraphError(`collect: position ${position} was not collected: there are ${collected.places}`);
  const start = (row * collected.places + position) * collected.width;
  const activation = all.subarray(start, start + collected.width);
  expectFinite(activation, site);
  return activation;
}

/** An activation of one of some inputs. */
export interface Choice {
  /** Number of the input. */
  readonly row: number;
  /** Number of the site among the collector's. */
  readonly site: number;
  readonly position: number;
}

/** Collects activations of a model at fixed sites. */
export interface Collector {
  /**
   * @param sequences token ids from BOS on; what is behind `places` is left out
   * @param spent an earlier result that nobody reads any more: its memory is written over. New memory for each part of a
   *   long collection costs as much time as the model's run.
   */
  collect(sequences: readonly (readonly number[])[], spent?: Collected): Promise<Collected>;
  /**
   * Activations at chosen sites and positions alone, `[choice, width]` in the order of the choices. One batch of the others
   * is in memory at a time, so that many wide sites can be collected in one pass.
   * @throws InputError for an activation that is not finite
   */
  pick(
    sequences: readonly (readonly number[])[],
    choices: readonly Choice[],
  ): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/** Places of a batch in which no activation at EOS is read: nothing sees EOS. */
export const placesBeforeEos = ({ maxLength }: Pick<Task, 'maxLength'>): number => maxLength - 1;

/** Floats that a batch may leave at all sites together: 256 MiB. */
const floatsAtOnce = 2 ** 26;

/** Makes a collector whose graph takes up to `most` inputs of `places` tokens at a time. */
export function createCollector(
  runtime: Runtime,
  model: HookedModel,
  sites: readonly string[],
  places: number,
  pad: number,
  most = 256,
): Collector {
  const width = model.architecture.width;
  const batch = Math.max(1, Math.min(most, Math.floor(floatsAtOnce / (places * width * sites.length))));
  let compiled: Promise<Executable> | null = null;
  const compile = (): Promise<Executable> => {
    const { cache } = transformer(
      model.architecture,
      model.parameter,
      input('ids', 'int32', [batch, places]),
    );
    const values = sites.map((site) => {
      const value = cache.get(site);
      if (value === undefined) throw new GraphError(`collect: the model has no site ${site}`);
      return [site, value] as const;
    });
    return runtime.compile(graph(Object.fromEntries(values)));
  };
  async function collect(sequences: readonly (readonly number[])[], spent?: Collected): Promise<Collected> {
    compiled ??= compile();
    const executable = await compiled;
    const row = places * width;
    const whole = Math.ceil(sequences.length / batch) * batch;
    const out = new Map(sites.map((site) => [site, memoryFor(whole * row, spent?.sites.get(site))]));
    for (let start = 0; start < sequences.length; start += batch) {
      const ids = padded(sequences.slice(start, start + batch), places, pad, batch);
      // The run writes straight into its part of the result.
      const into = Object.fromEntries(
        [...out].map(([site, data]) => [
          site,
          {
            dtype: 'float32' as const,
            shape: [batch, places, width],
            data: data.subarray(start * row, (start + batch) * row),
          },
        ]),
      );
      await executable.run({ ids: { dtype: 'int32', shape: [batch, places], data: ids } }, into);
    }
    for (const [site, data] of out) out.set(site, data.subarray(0, sequences.length * row));
    return { places, width, sites: out };
  }

  return {
    collect,
    async pick(sequences, choices) {
      const picked = choices.map(() => nothing);
      const rising = [...choices.entries()].sort(([, a], [, b]) => a.row - b.row);
      let next = 0;
      let spent: Collected | undefined;
      for (let start = 0; start < sequences.length; start += batch) {
        const collected: Collected = await collect(sequences.slice(start, start + batch), spent);
        spent = collected;
        for (; (rising[next]?.[1].row ?? Infinity) < start + batch; next++) {
          const [at, { row, site, position }] = rising[next] ?? none;
          picked[at] = activationAt(collected, sites[site] ?? '', row - start, position).slice();
        }
      }
      return picked;
    },
    async dispose() {
      if (compiled !== null) await (await compiled).dispose();
    },
  };
}

const nothing = new Float32Array();
const none = [0, { row: 0, site: 0, position: 0 }] as const;

/** So many floats, in the memory of those that are spent where it is large enough. */
function memoryFor(size: number, spent: Float32Array | undefined): Float32Array {
  const fits = spent !== undefined && spent.byteOffset === 0 && spent.buffer.byteLength >= 4 * size;
  return fits ? new Float32Array(spent.buffer, 0, size) : new Float32Array(size);
}
