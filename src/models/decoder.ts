/**
 * The decoder as a graph: a small GPT-2 over the task's tokens that speaks of an activation. The
 * conditioning stands before the sequence as one more place that keys and values see and queries do not,
 * with weights of its own in each block.
 * @module
 */
import {
  type Value,
  GraphError,
  add,
  concat,
  dropout,
  formatShape,
  gather,
  gelu,
  gemm,
  layerNorm,
  matmul,
  mul,
  oneHot,
  relu,
  reshape,
  slice,
  softmax,
  split,
  sub,
  transpose,
} from '../engine/index.js';
import { type DecoderConfig } from './decoder-config.js';
import { causalMask } from './places.js';

/** Gives the value of a parameter by name. */
export type Parameters = (name: string) => Value;

const epsilon = 1e-5;

const norm = (x: Value, p: Parameters, name: string): Value =>
  layerNorm(x, p(`${name}.weight`), p(`${name}.bias`), epsilon).output;
const linear = (x: Value, p: Parameters, name: string): Value =>
  gemm(x, p(`${name}.weight`), p(`${name}.bias`));
const squaredRelu = (x: Value): Value => {
  const gated = relu(x);
  return mul(gated, gated);
};

/**
 * The conditioning vector of activations that stand in groups, each of one site, and are whitened already: what a step of
 * training costs does not grow with the maps that its samples go through.
 * @param whitened in the directions of their sites, `[group · row, direction]`
 * @param site site numbers `[group]`, int32
 * @returns `[group · row, conditioning width]`
 */
export function conditionWhitened(config: DecoderConfig, p: Parameters, whitened: Value, site: Value): Value {
  const { conditioning } = config;
  const [rows] = whitened.shape;
  const [groups] = site.shape;
  if (conditioning.kind !== 'site-projection' || conditioning.directions === undefined)
    throw new GraphError('decoder: only directions of a site are whitened beforehand');
  const { directions, width } = conditioning;
  if (rows === undefined || groups === undefined || rows % groups !== 0 || whitened.shape[1] !== directions) {
    throw new GraphError(
      `decoder: whitened activations ${formatShape(whitened.shape)} in groups ${formatShape(site.shape)} where [group · row, ${directions}] and [group] are needed`,
    );
  }
  const own = reshape(gather(p('condition.project.weight'), site), [groups, directions, width]);
  const bias = reshape(gather(p('condition.project.bias'), site), [groups, 1, width]);
  const projected = add(matmul(reshape(whitened, [groups, rows / groups, directions]), own), bias);
  return conditioned(config, p, reshape(projected, [rows, width]));
}

/**
 * The conditioning vector of each activation.
 * @param z activations `[batch, activation width]`
 * @param site site numbers `[batch]`, int32
 * @returns `[batch, conditioning width]`
 */
export function condition(config: DecoderConfig, p: Parameters, z: Value, site: Value): Value {
  const { conditioning, activation_width: depth, sites } = config;
  const [batch] = z.shape;
  if (batch === undefined || z.shape[1] !== depth || site.shape[0] !== batch) {
    throw new GraphError(
      `decoder: activations ${formatShape(z.shape)} and sites ${formatShape(site.shape)} where [batch, ${depth}] and [batch] are needed`,
    );
  }
  let u: Value;
  if (conditioning.kind === 'residual-mlp') {
    u = concat([z, gather(p('condition.site.weight'), site)], 1);
  } else if (conditioning.directions !== undefined) {
    const { directions } = conditioning;
    // Each activation through the matrix of its own site.
    const centred = reshape(sub(z, gather(p('condition.mean'), site)), [batch, 1, depth]);
    const whiten = reshape(gather(p('condition.whiten'), site), [batch, depth, directions]);
    return conditionWhitened(config, p, reshape(matmul(centred, whiten), [batch, directions]), site);
  } else {
    // Every site has a block of rows of its own: the activation goes into its site's block, zeros elsewhere.
    const which = oneHot(site, sites.length);
    const inBlock = (x: Value): Value => {
      const blocks = mul(reshape(which, [batch, sites.length, 1]), reshape(x, [batch, 1, depth]));
      return reshape(blocks, [batch, sites.length * depth]);
    };
    const centred = sub(z, gather(p('condition.mean'), site));
    const standard =
      conditioning.standardize === 'whiten'
        ? gemm(inBlock(centred), p('condition.whiten'))
        : mul(centred, gather(p('condition.scale'), site));
    const projected = gemm(inBlock(standard), p('condition.project.weight'));
    u = add(projected, gemm(which, p('condition.project.bias')));
  }
  return conditioned(config, p, u);
}

/** The blocks that are common to all sites. @param u `[batch, conditioning width]` */
function conditioned({ conditioning }: DecoderConfig, p: Parameters, projected: Value): Value {
  let u = projected;
  for (let block = 0; block < conditioning.blocks; block++) {
    const hidden = linear(norm(u, p, `condition.${block}.ln`), p, `condition.${block}.fc`);
    const active = conditioning.kind === 'residual-mlp' ? relu(hidden) : squaredRelu(hidden);
    u = add(u, linear(active, p, `condition.${block}.proj`));
  }
  return norm(u, p, 'condition.ln');
}

/** Keys and values of one block that later places see, `[batch, head, places, width of a head]`. */
export interface KeyValues {
  readonly keys: Value;
  readonly values: Value;
}

const heads = (x: Value, config: DecoderConfig, batch: number): Value =>
  transpose(reshape(x, [batch, -1, config.heads, config.width / config.heads]), [0, 2, 1, 3]);

/** The keys and values of the prefix in each block. */
export function prefix(config: DecoderConfig, p: Parameters, u: Value): KeyValues[] {
  const { width } = config;
  const batch = u.shape[0] ?? 0;
  return Array.from({ length: config.layers }, (_, layer) => {
    const own = `h.${layer}`;
    const seen = norm(linear(u, p, `${own}.prefix`), p, `${own}.prefix_ln`);
    const weight = slice(p(`${own}.attn.c_attn.weight`), 1, width, 3 * width);
    const bias = slice(p(`${own}.attn.c_attn.bias`), 0, width, 3 * width);
    const [k, v] = split(gemm(seen, weight, bias), 1, [width, width]);
    if (!k || !v) throw new GraphError('decoder: c_attn did not split');
    return { keys: heads(k, config, batch), values: heads(v, config, batch) };
  });
}

/** Dropout while training: the rate, and a seed that changes with each step. */
export interface Dropout {
  readonly rate: number;
  readonly seed: Value;
}

/** What {@link decode} goes through. */
export interface Decoding {
  /** `[batch, places, vocabulary]` */
  readonly logits: Value;
  /** What the next call's places see. */
  readonly past: KeyValues[];
}

/**
 * Runs the blocks over some places of a sequence, given what they see of earlier ones.
 * @param ids `[batch, places]`, int32
 * @param past prefix and earlier places by block
 * @param u conditioning vectors, for decoders that also add them to the embeddings
 * @param start number of the first of these places
 */
export function decode(
  config: DecoderConfig,
  p: Parameters,
  ids: Value,
  past: readonly KeyValues[],
  u: Value,
  start = 0,
  noise: Dropout | null = null,
): Decoding {
  const [batch, places] = ids.shape;
  if (batch === undefined || places === undefined || start + places > config.places) {
    throw new GraphError(
      `decoder: ids ${formatShape(ids.shape)} from place ${start} on pass ${config.places} places`,
    );
  }
  const { width } = config;
  let stream = 0;
  const drop = (x: Value): Value => (noise === null ? x : dropout(x, noise.rate, noise.seed, stream++));
  const positions = reshape(slice(p('wpe.weight'), 0, start, start + places), [1, places, width]);
  let embedded = add(gather(p('wte.weight'), ids), positions);
  if (config.additive) embedded = add(embedded, reshape(linear(u, p, 'condition.add'), [batch, 1, width]));
  let x = reshape(drop(embedded), [batch * places, width]);
  const next: KeyValues[] = [];

  past.forEach((seen, layer) => {
    const own = `h.${layer}`;
    const [q, k, v] = split(linear(norm(x, p, `${own}.ln_1`), p, `${own}.attn.c_attn`), 1, [
      width,
      width,
      width,
    ]);
    if (!q || !k || !v) throw new GraphError('decoder: c_attn did not split');
    const keys = concat([seen.keys, heads(k, config, batch)], 2);
    const values = concat([seen.values, heads(v, config, batch)], 2);
    next.push({ keys, values });
    const alpha = 1 / Math.sqrt(width / config.heads);
    const raw = matmul(heads(q, config, batch), keys, { transB: true, alpha });
    // A single new place is the latest: it sees all there is.
    const scores = places === 1 ? raw : add(raw, prefixMask(places, keys.shape[2] ?? 0));
    const mixed = transpose(matmul(softmax(scores), values), [0, 2, 1, 3]);
    x = add(x, drop(linear(reshape(mixed, [batch * places, width]), p, `${own}.attn.c_proj`)));
    const hidden = linear(norm(x, p, `${own}.ln_2`), p, `${own}.mlp.c_fc`);
    const active = config.activation === 'gelu' ? gelu(hidden) : squaredRelu(hidden);
    x = add(x, drop(linear(active, p, `${own}.mlp.c_proj`)));
  });
  const logits = gemm(norm(x, p, 'ln_f'), p('wte.weight'), null, { transB: true });
  return { logits: reshape(logits, [batch, places, config.vocabulary]), past: next };
}

/** The last `places` rows of a causal mask over `seen` columns: earlier places and the prefix are open. */
const prefixMask = (places: number, seen: number): Value => slice(causalMask(seen), 0, seen - places, seen);

/**
 * The decoder over whole sequences: logits of the next token at each place.
 * @param u conditioning vectors `[batch, conditioning width]`, see {@link condition}
 * @param ids `[batch, places]`, int32, BOS first
 * @returns `[batch, places, vocabulary]`
 */
export const logitsUnder = (
  config: DecoderConfig,
  p: Parameters,
  u: Value,
  ids: Value,
  noise: Dropout | null = null,
): Value => decode(config, p, ids, prefix(config, p, u), u, 0, noise).logits;

/**
 * The same of activations.
 * @param z `[batch, activation width]`
 * @param site `[batch]`, int32
 */
export const decoderLogits = (
  config: DecoderConfig,
  p: Parameters,
  z: Value,
  site: Value,
  ids: Value,
  noise: Dropout | null = null,
): Value => logitsUnder(config, p, condition(config, p, z, site), ids, noise);
