/**
 * What a decoder knows of each site before it trains: mean, spread and directions of its activations.
 * @module
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import {
  type Executable,
  type Graph,
  type Runtime,
  floatsOf,
  gemm,
  graph,
  input,
  matmul,
} from '../engine/index.js';
import { InputError } from '../input-error.js';
import { type Collector } from '../inversion/collect.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { type Random, seededRandom } from '../random.js';
import { readAt } from '../tasks/attended-positions.js';
import { type Task } from '../tasks/task.js';
import { neverRead } from './decoder-data.js';
import { leadingDirections } from './directions.js';

/** Inputs whose activations are measured. */
const measuredInputs = 1024;
/** Of a site that hardly changes, such as a dead head; its scale must fit a float16. */
const leastSpread = 1e-4;
/**
 * Least spread of a direction, as a share of the largest. What is smaller by far than ε lies inside it whatever it is:
 * it must not be blown up to the size of the rest.
 */
const leastDirection = 1e-2;
/** Floats of activations that are measured at a time: 512 MiB. */
const floatsAtOnce = 2 ** 27;

/**
 * The statistics that a decoder's parameters start from, by parameter name, see {@link decoderParameters}. They are what
 * float16 keeps of them, so that an exported decoder stands on the very numbers it was trained on.
 */
export async function measureSites(
  runtime: Runtime,
  task: Task,
  config: DecoderConfig,
  collector: Collector,
  random: Random,
): Promise<Map<string, Float32Array>> {
  const { sites, conditioning, activation_width: width } = config;
  const directions = conditioning.kind === 'site-projection' ? conditioning.directions : undefined;
  const inputs = Array.from({ length: measuredInputs }, () => task.sample(random, 'train'));
  const measured = inputs.flatMap((ids, row) => {
    const positions = task.positions(ids);
    // Of wide sites one position an input: all of them would be a pass of the model for every few sites.
    const some = directions === undefined ? positions : [positions[random.int(positions.length)] ?? 0];
    return some.map((position) => ({ row, position }));
  });
  const means = new Float32Array(sites.length * width);
  const scales = new Float32Array(sites.length);
  const embedding = new Float32Array(sites.length ** 2);
  const columns = directions ?? width;
  const whiten = new Float32Array(sites.length * width * columns);
  const wide =
    directions === undefined ? null : await leadingWhitenings(runtime, measured.length, width, directions);
  // Of many wide sites only some fit into memory at a time.
  const together = Math.max(1, Math.floor(floatsAtOnce / (measured.length * width)));
  for (let start = 0; start < sites.length; start += together) {
    const group = sites.slice(start, start + together);
    const picked = await collector.pick(
      inputs,
      group.flatMap((name, number) =>
        measured.map(({ row, position }) => ({
          row,
          site: start + number,
          position: readAt(
            task,
            inputs[row] ?? [],
            name,
            position,
            task.attended === undefined ? 0 : random.next(),
          ),
        })),
      ),
    );
    for (const number of group.keys()) {
      const at = start + number;
      const some = picked
        .slice(number * measured.length, (number + 1) * measured.length)
        .flatMap((one) => (one === null ? [] : [one.activation]));
      if (some.length === 0) throw new InputError(neverRead(task, sites[at] ?? ''));
      // As many rows for each site: graphs have one size.
      const rows = measured.map((_, row) => some[row % some.length] ?? new Float32Array());
      const mean = new Float64Array(width);
      for (const z of rows) z.forEach((value, i) => (mean[i] = (mean[i] ?? 0) + value / rows.length));
      const { trace, whitening } =
        wide === null
          ? whiteningOf(covarianceOf(rows, mean))
          : await wide.leading(rows, mean, seededRandom(at));
      const spread = Math.sqrt(trace / width);
      const level = mean.reduce((sum, value) => sum + value, 0) / width;
      const offLevel = mean.reduce((sum, value) => sum + (value - level) ** 2, 0) / width;
      const around = Math.sqrt(spread ** 2 + offLevel);
      means.set(mean, at * width);
      scales[at] = 1 / Math.max(leastSpread, spread);
      whiten.set(whitening, at * width * columns);
      for (let i = 0; i < sites.length; i++)
        embedding[at * sites.length + i] = level + random.gaussian() * around;
    }
  }
  await wide?.dispose();
  const kept = (values: Float32Array): Float32Array => decodeFloat16(encodeFloat16(values));
  return new Map([
    ['condition.mean', kept(means)],
    ['condition.scale', kept(scales)],
    ['condition.whiten', kept(whiten)],
    ['condition.site.weight', kept(embedding)],
  ]);
}

function covarianceOf(rows: readonly Float32Array[], mean: Float64Array): Matrix {
  const width = mean.length;
  const centred = new Matrix(rows.length, width);
  rows.forEach((z, row) => z.forEach((value, i) => centred.set(row, i, value - (mean[i] ?? 0))));
  return centred.transpose().mmul(centred).div(rows.length);
}

/** What centres and whitens a site. */
interface Whitening {
  /** Sum of the variances. */
  readonly trace: number;
  /** `[width, direction]`: takes centred activations to directions of equal spread. */
  readonly whitening: ArrayLike<number>;
}

function whiteningOf(covariance: Matrix): Whitening {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const spreads = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const least = Math.max(leastSpread, leastDirection * Math.max(...spreads));
  spreads.forEach((spread, direction) => eigenvectorMatrix.mulColumn(direction, 1 / Math.max(spread, least)));
  return { trace: covariance.trace(), whitening: eigenvectorMatrix.to1DArray() };
}

/** The same for the directions of the largest spread alone, those first; products are graphs, in float32. */
async function leadingWhitenings(
  runtime: Runtime,
  count: number,
  width: number,
  directions: number,
): Promise<{
  leading(rows: readonly Float32Array[], mean: Float64Array, random: Random): Promise<Whitening>;
  dispose(): Promise<void>;
}> {
  const x = input('x', 'float32', [count, width]);
  const covariance = await runtime.compile(
    graph({ covariance: gemm(x, x, null, { transA: true, alpha: 1 / count }) }),
  );
  const products = new Map<number, Executable>();
  const data = new Float32Array(count * width);
  return {
    async leading(rows, mean, random) {
      rows.forEach((z, row) => {
        for (let i = 0; i < width; i++) data[row * width + i] = (z[i] ?? 0) - (mean[i] ?? 0);
      });
      const outputs = await covariance.run({ x: { dtype: 'float32', shape: [count, width], data } });
      const matrix = floatsOf(outputs, 'covariance');
      const { vectors, spreads } = await leadingDirections(
        async (basis) => {
          const product =
            products.get(basis.length) ?? (await runtime.compile(productGraph(basis.length, width)));
          products.set(basis.length, product);
          const stacked = new Float32Array(basis.length * width);
          basis.forEach((vector, at) => stacked.set(vector, at * width));
          const result = floatsOf(
            await product.run({
              basis: { dtype: 'float32', shape: [basis.length, width], data: stacked },
              covariance: { dtype: 'float32', shape: [width, width], data: matrix },
            }),
            'product',
          );
          return basis.map((_, at) => Float64Array.from(result.subarray(at * width, (at + 1) * width)));
        },
        width,
        directions,
        random,
      );
      const least = Math.max(leastSpread, leastDirection * (spreads[0] ?? 0));
      const whitening = new Float32Array(width * directions);
      vectors.forEach((vector, direction) => {
        const factor = 1 / Math.max(spreads[direction] ?? 0, least);
        for (let i = 0; i < width; i++) whitening[i * directions + direction] = factor * (vector[i] ?? 0);
      });
      const trace = Array.from({ length: width }, (_, i) => matrix[i * width + i] ?? 0).reduce(
        (a, b) => a + b,
        0,
      );
      return { trace, whitening };
    },
    async dispose() {
      for (const one of [covariance, ...products.values()]) await one.dispose();
    },
  };
}

const productGraph = (rows: number, width: number): Graph =>
  graph({
    product: matmul(input('basis', 'float32', [rows, width]), input('covariance', 'float32', [width, width])),
  });
