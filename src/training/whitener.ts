/**
 * Activations in the whitened directions of their sites: what a decoder of wide activations sees of them.
 * @module
 */
import { type Runtime, type Tensor, floatsOf, graph, input, matmul, sub } from '../engine/index.js';
import { type DecoderConfig } from '../models/decoder-config.js';

/** Activations of one run. */
const batch = 512;

/** Takes activations to their whitened directions; one call at a time. */
export interface Whitener {
  /** Number of directions. */
  readonly directions: number;
  /**
   * @param site number of the site that the activations are of
   * @param activations each as wide as the probed model
   * @returns `[activation · direction]`
   */
  of(site: number, activations: readonly Float32Array[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** The number of directions that a decoder keeps of a site; null where it looks at whole activations. */
export const directionsOf = ({ conditioning }: DecoderConfig): number | null =>
  conditioning.kind === 'site-projection' ? (conditioning.directions ?? null) : null;

/**
 * Makes one from a decoder's statistics.
 * @param directions see {@link directionsOf}
 * @param statistics `condition.mean` and `condition.whiten`, see {@link decoderParameters}
 */
export async function createWhitener(
  runtime: Runtime,
  width: number,
  directions: number,
  statistics: ReadonlyMap<string, Tensor>,
): Promise<Whitener> {
  const x = input('x', 'float32', [batch, width]);
  const mean = input('mean', 'float32', [1, width]);
  const whiten = input('whiten', 'float32', [width, directions]);
  const executable = await runtime.compile(graph({ whitened: matmul(sub(x, mean), whiten) }));
  /** The row of a statistic that is of a site. */
  const rowOf = (name: string, site: number, shape: readonly number[]): Tensor => {
    const data = statistics.get(name)?.data;
    if (!(data instanceof Float32Array)) throw new Error(`whitener: no ${name}`);
    const size = shape.reduce((product, length) => product * length, 1);
    return { dtype: 'float32', shape, data: data.subarray(site * size, (site + 1) * size) };
  };
  const data = new Float32Array(batch * width);
  return {
    directions,
    async of(site, activations) {
      const whitened = new Float32Array(activations.length * directions);
      for (let start = 0; start < activations.length; start += batch) {
        const some = activations.slice(start, start + batch);
        data.fill(0);
        some.forEach((activation, row) => data.set(activation, row * width));
        const outputs = await executable.run({
          x: { dtype: 'float32', shape: [batch, width], data },
          mean: rowOf('condition.mean', site, [1, width]),
          whiten: rowOf('condition.whiten', site, [width, directions]),
        });
        const own = floatsOf(outputs, 'whitened');
        whitened.set(own.subarray(0, some.length * directions), start * directions);
      }
      return whitened;
    },
    dispose: () => executable.dispose(),
  };
}
