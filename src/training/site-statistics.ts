/**
 * What a decoder knows of each site before it trains: mean, spread and directions of its activations.
 * @module
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Collector, activationAt } from '../inversion/collect.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { decodeFloat16, encodeFloat16 } from '../models/weights/float16.js';
import { type Random } from '../random.js';
import { type Task } from '../tasks/task.js';

/** Inputs whose activations are measured. */
const measuredInputs = 1024;
/** Of a site that hardly changes, such as a dead head; its scale must fit a float16. */
const leastSpread = 1e-4;
/**
 * Least spread of a direction, as a share of the largest. What is smaller by far than ε lies inside it whatever it is:
 * it must not be blown up to the size of the rest.
 */
const leastDirection = 1e-2;

/**
 * The statistics that a decoder's parameters start from, by parameter name, see {@link decoderParameters}. They are what
 * float16 keeps of them, so that an exported decoder stands on the very numbers it was trained on.
 */
export async function measureSites(
  task: Task,
  config: DecoderConfig,
  collector: Collector,
  random: Random,
): Promise<Map<string, Float32Array>> {
  const width = config.activation_width;
  const sites = config.sites.length;
  const inputs = Array.from({ length: measuredInputs }, () => task.sample(random, 'train'));
  const collected = await collector.collect(inputs);
  const means = new Float32Array(sites * width);
  const scales = new Float32Array(sites);
  const embedding = new Float32Array(sites * sites);
  const whiten = new Float32Array(sites * width * width);
  config.sites.forEach((site, at) => {
    const rows = inputs.flatMap((ids, row) =>
      task.positions(ids).map((position) => activationAt(collected, site, row, position)),
    );
    const mean = new Float64Array(width);
    for (const z of rows) z.forEach((value, i) => (mean[i] = (mean[i] ?? 0) + value / rows.length));
    const covariance = covarianceOf(rows, mean);
    const spread = Math.sqrt(covariance.trace() / width);
    const level = mean.reduce((sum, value) => sum + value, 0) / width;
    const offLevel = mean.reduce((sum, value) => sum + (value - level) ** 2, 0) / width;
    const around = Math.sqrt(spread ** 2 + offLevel);
    means.set(mean, at * width);
    scales[at] = 1 / Math.max(leastSpread, spread);
    whiten.set(whiteningOf(covariance).to1DArray(), at * width * width);
    for (let i = 0; i < sites; i++) embedding[at * sites + i] = level + random.gaussian() * around;
  });
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
