/**
 * What a decoder knows of each site before it trains: mean, spread and directions of its activations.
 * @module
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Runtime, floatsOf, gemm, graph, input } from '../engine/index.js';
import { type Collector } from '../inversion/collect.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { type Random, seededRandom } from '../random.js';
import { type Task } from '../tasks/task.js';
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
/** Floats of activations that are measured at a time: 256 MiB. */
const floatsAtOnce = 2 ** 26;

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
  const places = inputs.flatMap((ids, row) => task.positions(ids).map((position) => ({ row, position })));
  const means = new Float32Array(sites.length * width);
  const scales = new Float32Array(sites.length);
  const embedding = new Float32Array(sites.length ** 2);
  const columns = directions ?? width;
  const whiten = new Float32Array(sites.length * width * columns);
  const products = directions === undefined ? null : await productsOf(runtime, places.length, width);
  // Of many wide sites only some fit into memory at a time.
  const together = Math.max(1, Math.floor(floatsAtOnce / (places.length * width)));
  for (let start = 0; start < sites.length; start += together) {
    const group = sites.slice(start, start + together);
    const picked = await collector.pick(
      inputs,
      group.flatMap((_, site) => places.map((place) => ({ ...place, site: start + site }))),
    );
    for (const number of group.keys()) {
      const at = start + number;
      const rows = picked.slice(number * places.length, (number + 1) * places.length);
      const mean = new Float64Array(width);
      for (const z of rows) z.forEach((value, i) => (mean[i] = (mean[i] ?? 0) + value / rows.length));
      const covariance =
        products === null ? covarianceOf(rows, mean) : await products.covarianceOf(rows, mean);
      const spread = Math.sqrt(covariance.trace() / width);
      const level = mean.reduce((sum, value) => sum + value, 0) / width;
      const offLevel = mean.reduce((sum, value) => sum + (value - level) ** 2, 0) / width;
      const around = Math.sqrt(spread ** 2 + offLevel);
      means.set(mean, at * width);
      scales[at] = 1 / Math.max(leastSpread, spread);
      const matrix =
        directions === undefined
          ? whiteningOf(covariance)
          : leadingWhitening(covariance, directions, seededRandom(at));
      whiten.set(matrix.to1DArray(), at * width * columns);
      for (let i = 0; i < sites.length; i++)
        embedding[at * sites.length + i] = level + random.gaussian() * around;
    }
  }
  await products?.dispose();
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

/** Covariances of wide activations as graphs: a hundred times as fast, in float32. */
async function productsOf(
  runtime: Runtime,
  count: number,
  width: number,
): Promise<{
  covarianceOf(rows: readonly Float32Array[], mean: Float64Array): Promise<Matrix>;
  dispose(): Promise<void>;
}> {
  const x = input('x', 'float32', [count, width]);
  const executable = await runtime.compile(
    graph({ covariance: gemm(x, x, null, { transA: true, alpha: 1 / count }) }),
  );
  const data = new Float32Array(count * width);
  return {
    async covarianceOf(rows, mean) {
      rows.forEach((z, row) => z.forEach((value, i) => (data[row * width + i] = value - (mean[i] ?? 0))));
      const outputs = await executable.run({ x: { dtype: 'float32', shape: [count, width], data } });
      return Matrix.from1DArray(width, width, Array.from(floatsOf(outputs, 'covariance')));
    },
    dispose: () => executable.dispose(),
  };
}

/** The matrix `[width, direction]` that takes centred activations to directions of equal spread. */
function whiteningOf(covariance: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const spreads = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const least = Math.max(leastSpread, leastDirection * Math.max(...spreads));
  spreads.forEach((spread, direction) => eigenvectorMatrix.mulColumn(direction, 1 / Math.max(spread, least)));
  return eigenvectorMatrix;
}

/** The same for the directions of the largest spread alone, those first. */
function leadingWhitening(covariance: Matrix, count: number, random: Random): Matrix {
  const { vectors, spreads } = leadingDirections(covariance, count, random);
  const least = Math.max(leastSpread, leastDirection * (spreads[0] ?? 0));
  spreads.forEach((spread, direction) => vectors.mulColumn(direction, 1 / Math.max(spread, least)));
  return vectors;
}
