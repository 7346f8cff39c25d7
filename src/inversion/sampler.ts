/**
 * Sampling from a decoder. All steps of a sequence are one graph: keys and values of earlier places stay
 * inside it, and randomness comes in as uniform numbers, one for each token, so that a seed decides the
 * samples whatever machine or batch they are drawn on.
 * @module
 */
import {
  type Graph,
  type Runtime,
  type Value,
  add,
  cast,
  compiled,
  concat,
  constant,
  cumSum,
  div,
  graph,
  input,
  less,
  mul,
  outputOf,
  reduceSum,
  reshape,
  slice,
  softmax,
} from '../engine/index.js';
import { type DecoderConfig } from '../models/decoder-config.js';
import { type Parameters, condition, decode, prefix } from '../models/decoder.js';

/** Rows of one compiled graph by default; requests are cut into so many and the last is filled up. */
export const sampleBatch = 256;

/** What is to be sampled: one row a candidate. */
export interface SampleRequest {
  /** Conditioning activations `[rows · activation width]`, noise included. */
  readonly z: Float32Array;
  /** Site numbers `[rows]`. */
  readonly sites: Int32Array;
  /** Temperatures `[rows]`. */
  readonly temperatures: Float32Array;
  /** Uniform numbers in (0, 1), `[rows · tokens]`. */
  readonly uniforms: Float32Array;
  /** Added to the logits of all rows, `[tokens · vocabulary]`; nothing unless given. */
  readonly bias?: Float32Array;
}

/** Draws token sequences. */
export interface Sampler {
  /** Tokens drawn a candidate. */
  readonly tokens: number;
  /** Token ids `[rows · tokens]`, what follows BOS. */
  sample(request: SampleRequest): Promise<Int32Array>;
  dispose(): Promise<void>;
}

/**
 * The token at which the running sum of probabilities passes a uniform number.
 * @param logits `[batch, vocabulary]`
 * @param temperature `[batch, 1]`
 * @param uniform `[batch, 1]`, in (0, 1)
 * @returns `[batch, 1]`, int32
 */
export function drawToken(logits: Value, temperature: Value, uniform: Value): Value {
  const [batch = 0, vocabulary = 0] = logits.shape;
  const running = cumSum(softmax(div(logits, temperature)), 1);
  // Against its own total: rounding may leave the last sum a hair under one.
  const mark = mul(uniform, slice(running, 1, vocabulary - 1, vocabulary));
  return reshape(reduceSum(cast(less(running, mark), 'int32'), [1]), [batch, 1]);
}

/** The graph that draws `tokens` tokens after `bos` for each of `batch` rows. @param biased whether it takes a bias */
export function samplerGraph(
  config: DecoderConfig,
  p: Parameters,
  bos: number,
  batch: number,
  tokens: number,
  biased = false,
): Graph {
  const z = input('z', 'float32', [batch, config.activation_width]);
  const site = input('site', 'int32', [batch]);
  const temperature = input('temperature', 'float32', [batch, 1]);
  const uniform = input('uniform', 'float32', [batch, tokens]);
  const bias = biased ? input('bias', 'float32', [tokens, config.vocabulary]) : null;
  const u = condition(config, p, z, site);
  let past = prefix(config, p, u);
  let ids = constant({ dtype: 'int32', shape: [batch, 1], data: new Int32Array(batch).fill(bos) });
  const drawn: Value[] = [];
  for (let step = 0; step < tokens; step++) {
    const { logits, past: next } = decode(config, p, ids, past, u, step);
    past = next;
    const plain = reshape(logits, [batch, config.vocabulary]);
    ids = drawToken(
      bias === null ? plain : add(plain, slice(bias, 0, step, step + 1)),
      temperature,
      slice(uniform, 1, step, step + 1),
    );
    drawn.push(ids);
  }
  return graph({ tokens: concat(drawn, 1) });
}

/** Makes a sampler; the graph is compiled at the first request. */
export function createSampler(
  runtime: Runtime,
  config: DecoderConfig,
  p: Parameters,
  bos: number,
  tokens: number,
  batch = sampleBatch,
): Sampler {
  const graphs = compiled(runtime, (biased: boolean) => samplerGraph(config, p, bos, batch, tokens, biased));
  return {
    tokens,
    async sample({ z, sites, temperatures, uniforms, bias }) {
      const executable = await graphs.of(bias !== undefined);
      const rows = sites.length;
      const out = new Int32Array(rows * tokens);
      for (let start = 0; start < rows; start += batch) {
        const end = Math.min(rows, start + batch);
        const part = (source: Float32Array, width: number, rest: number): Float32Array => {
          const data = new Float32Array(batch * width).fill(rest);
          data.set(source.subarray(start * width, end * width));
          return data;
        };
        const siteIds = new Int32Array(batch);
        siteIds.set(sites.subarray(start, end));
        const depth = config.activation_width;
        const outputs = await executable.run({
          z: { dtype: 'float32', shape: [batch, depth], data: part(z, depth, 0) },
          site: { dtype: 'int32', shape: [batch], data: siteIds },
          temperature: { dtype: 'float32', shape: [batch, 1], data: part(temperatures, 1, 1) },
          uniform: { dtype: 'float32', shape: [batch, tokens], data: part(uniforms, tokens, 0.5) },
          ...(bias === undefined
            ? {}
            : { bias: { dtype: 'float32', shape: [tokens, config.vocabulary], data: bias } }),
        });
        const { data } = outputOf(outputs, 'tokens');
        if (data instanceof Int32Array) out.set(data.subarray(0, (end - start) * tokens), start * tokens);
      }
      return out;
    },
    dispose: () => graphs.dispose(),
  };
}

/** Moves uniform numbers of 24 bits off 0, where a token of probability zero could be drawn. */
export function openUniforms(uniforms: Float32Array): Float32Array {
  for (let i = 0; i < uniforms.length; i++) uniforms[i] = (uniforms[i] ?? 0) + 2 ** -25;
  return uniforms;
}
