/**
 * Collecting activations: one forward pass of the probed model serves all sites asked for.
 * @module
 */
import {
  GraphError,
  type Runtime,
  type Graph,
  type Value,
  compiled,
  graph,
  input,
  reshape,
  slice,
} from '../engine/index.js';
import { expectFinite } from '../models/finite.js';
import { blockHook, headOf } from '../models/hooks.js';
import { transformer } from '../models/transformer.js';
import { type HookedModel } from '../models/hooked-model.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';

/** Activations of some inputs at some sites. */
export interface Collected {
  readonly inputs: number;
  readonly places: number;
  readonly width: number;
  /** By site `[input · place · width]`, inputs in the order given, padding included. */
  readonly sites: ReadonlyMap<string, Float32Array>;
  /**
   * By hook name of a layer's pattern, what each head attends to BOS at each place, `[input · head · place]`; of layers
   * with a head among the sites, where it was asked for.
   */
  readonly toBos: ReadonlyMap<string, Float32Array>;
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
  /**
   * Index of the token; or, where the site is a head, what chooses it from the head's attention to BOS at each place, padding
   * included. A choice that gives null has no activation.
   */
  readonly position: number | ((toBos: Float32Array) => number | null);
}

/** An activation that was chosen, as a copy. */
export interface Picked {
  readonly position: number;
  readonly activation: Float32Array;
}

/** Attention to BOS of a head at each place of an input, as a view. @throws GraphError where it was not collected */
export function attentionToBos(collected: Collected, site: string, row: number): Float32Array {
  const head = headOf(site);
  const all = head === null ? undefined : collected.toBos.get(blockHook(head.layer, 'pattern'));
  if (head === null || all === undefined)
    throw new GraphError(`collect: attention at ${site} was not collected`);
  const heads = all.length / collected.places / (collected.inputs || 1);
  const start = (row * heads + head.head) * collected.places;
  return all.subarray(start, start + collected.places);
}

/** Collects activations of a model at fixed sites. */
export interface Collector {
  /**
   * @param sequences token ids from BOS on; what is behind `places` is left out
   * @param spent an earlier result that nobody reads any more: its memory is written over. New memory for each part of a
   *   long collection costs as much time as the model's run.
   * @param attended whether attention to BOS is collected too
   */
  collect(
    sequences: readonly (readonly number[])[],
    spent?: Collected,
    attended?: boolean,
  ): Promise<Collected>;
  /**
   * Activations at chosen sites and positions alone, in the order of the choices. One batch of the others
   * is in memory at a time, so that many wide sites can be collected in one pass.
   * @throws InputError for an activation that is not finite
   */
  pick(
    sequences: readonly (readonly number[])[],
    choices: readonly Choice[],
  ): Promise<readonly (Picked | null)[]>;
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
  const { heads } = model.architecture;
  const patterns = [
    ...new Set(
      sites.flatMap((site) => {
        const head = headOf(site);
        return head === null ? [] : [blockHook(head.layer, 'pattern')];
      }),
    ),
  ];
  const graphs = compiled(runtime, (attended: boolean): Graph => {
    const { cache } = transformer(
      model.architecture,
      model.parameter,
      input('ids', 'int32', [batch, places]),
    );
    const valueOf = (name: string): Value => {
      const value = cache.get(name);
      if (value === undefined) throw new GraphError(`collect: the model has no site ${name}`);
      return value;
    };
    const toBos = (pattern: string): Value =>
      reshape(slice(valueOf(pattern), 3, 0, 1), [batch, heads, places]);
    return graph(
      Object.fromEntries([
        ...sites.map((site) => [site, valueOf(site)] as const),
        ...(attended ? patterns.map((pattern) => [pattern, toBos(pattern)] as const) : []),
      ]),
    );
  });
  async function collect(
    sequences: readonly (readonly number[])[],
    spent?: Collected,
    attended = false,
  ): Promise<Collected> {
    const executable = await graphs.of(attended);
    const whole = Math.ceil(sequences.length / batch) * batch;
    const outputs = [
      ...sites.map((name) => ({ name, shape: [batch, places, width], before: spent?.sites.get(name) })),
      ...(attended ? patterns : []).map((name) => ({
        name,
        shape: [batch, heads, places],
        before: spent?.toBos.get(name),
      })),
    ].map(({ name, shape, before }) => {
      const row = shape.slice(1).reduce((product, size) => product * size, 1);
      return { name, shape, row, data: memoryFor(whole * row, before) };
    });
    for (let start = 0; start < sequences.length; start += batch) {
      const ids = padded(sequences.slice(start, start + batch), places, pad, batch);
      // The run writes straight into its part of the result.
      const into = Object.fromEntries(
        outputs.map(({ name, shape, row, data }) => [
          name,
          { dtype: 'float32' as const, shape, data: data.subarray(start * row, (start + batch) * row) },
        ]),
      );
      await executable.run({ ids: { dtype: 'int32', shape: [batch, places], data: ids } }, into);
    }
    const cut = new Map(
      outputs.map(({ name, row, data }) => [name, data.subarray(0, sequences.length * row)] as const),
    );
    const among = (names: readonly string[]): Map<string, Float32Array> =>
      new Map(names.map((name) => [name, cut.get(name) ?? nothing]));
    return {
      inputs: sequences.length,
      places,
      width,
      sites: among(sites),
      toBos: among(attended ? patterns : []),
    };
  }

  return {
    collect,
    async pick(sequences, choices) {
      const picked: (Picked | null)[] = choices.map(() => null);
      const attended = choices.some(({ position }) => typeof position === 'function');
      const rising = [...choices.entries()].sort(([, a], [, b]) => a.row - b.row);
      let next = 0;
      let spent: Collected | undefined;
      for (let start = 0; start < sequences.length; start += batch) {
        const collected = await collect(sequences.slice(start, start + batch), spent, attended);
        spent = collected;
        for (; (rising[next]?.[1].row ?? Infinity) < start + batch; next++) {
          const [at, { row, site: number, position: wanted }] = rising[next] ?? none;
          const site = sites[number] ?? '';
          const position =
            typeof wanted === 'number' ? wanted : wanted(attentionToBos(collected, site, row - start));
          if (position === null) continue;
          picked[at] = { position, activation: activationAt(collected, site, row - start, position).slice() };
        }
      }
      return picked;
    },
    dispose: () => graphs.dispose(),
  };
}

const nothing = new Float32Array();
const none: readonly [number, Choice] = [0, { row: 0, site: 0, position: 0 }];

/** So many floats, in the memory of those that are spent where it is large enough. */
function memoryFor(size: number, spent: Float32Array | undefined): Float32Array {
  const fits = spent !== undefined && spent.byteOffset === 0 && spent.buffer.byteLength >= 4 * size;
  return fits ? new Float32Array(spent.buffer, 0, size) : new Float32Array(size);
}
