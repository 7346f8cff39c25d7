/**
 * How likely a decoder holds each token of given sequences, with one activation and with another.
 * @module
 */
import {
  type Executable,
  type Runtime,
  floatsOf,
  graph,
  input,
  mul,
  oneHot,
  reduceSum,
  softmax,
} from '../engine/index.js';
import { decoderLogits } from '../models/decoder.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';
import { type Decoder, spoken } from './decoder.js';

/** Rows of the compiled graph. */
const scoreBatch = 128;

/** Gives likelihoods of tokens. */
export interface Scorer {
  /**
   * Probability of each token of whole inputs given an activation: tokens that the task completes have 1,
   * as has BOS.
   * @param inputs ids from BOS on
   * @param z one activation for all
   */
  probabilities(
    inputs: readonly (readonly number[])[],
    z: Float32Array,
    site: number,
  ): Promise<Float32Array[]>;
  dispose(): Promise<void>;
}

/** Makes a scorer; its graph is compiled at the first inputs. */
export function createScorer(runtime: Runtime, decoder: Decoder, task: Task): Scorer {
  const { config } = decoder;
  const { places, activation_width: width, vocabulary } = config;
  let compiled: Promise<Executable> | null = null;
  const compile = (): Promise<Executable> => {
    const z = input('z', 'float32', [scoreBatch, width]);
    const site = input('site', 'int32', [scoreBatch]);
    const ids = input('ids', 'int32', [scoreBatch, places]);
    const targets = input('targets', 'int32', [scoreBatch, places]);
    const logits = decoderLogits(config, (name) => decoder.parameter(name), z, site, ids);
    return runtime.compile(
      graph({ likelihood: reduceSum(mul(softmax(logits), oneHot(targets, vocabulary)), [2]) }),
    );
  };
  return {
    async probabilities(inputs, z, site) {
      compiled ??= compile();
      const executable = await compiled;
      const out: Float32Array[] = [];
      for (let start = 0; start < inputs.length; start += scoreBatch) {
        const part = inputs.slice(start, start + scoreBatch);
        const said = part.map((ids) => spoken(task, config.form, ids));
        const block = (rows: readonly (readonly number[])[]): Int32Array =>
          padded(rows, places, task.pad, scoreBatch);
        const activations = new Float32Array(scoreBatch * width);
        for (let row = 0; row < part.length; row++) activations.set(z, row * width);
        const shape = [scoreBatch, places];
        const outputs = await executable.run({
          z: { dtype: 'float32', shape: [scoreBatch, width], data: activations },
          site: { dtype: 'int32', shape: [scoreBatch], data: new Int32Array(scoreBatch).fill(site) },
          ids: { dtype: 'int32', shape, data: block(said.map((ids) => ids.slice(0, -1))) },
          targets: { dtype: 'int32', shape, data: block(said.map((ids) => ids.slice(1))) },
        });
        const likelihood = floatsOf(outputs, 'likelihood');
        part.forEach((ids, row) => {
          const own = likelihood.subarray(row * places, (row + 1) * places);
          const sources =
            config.form === 'completion' && said[row] !== ids ? task.completion.sources : undefined;
          out.push(
            sources === undefined ? spreadOver(ids, said[row] ?? [], own) : gathered(sources(ids), own),
          );
        });
      }
      return out;
    },
    async dispose() {
      if (compiled !== null) await (await compiled).dispose();
    },
  };
}

/** Puts likelihoods of spoken tokens at their places in the whole input; a spoken sequence is a part of it, in order. */
function spreadOver(ids: readonly number[], said: readonly number[], likelihood: Float32Array): Float32Array {
  const out = new Float32Array(ids.length).fill(1);
  let next = 1;
  for (let at = 1; at < ids.length && next < said.length; at++) {
    if (ids[at] !== said[next]) continue;
    out[at] = likelihood[next - 1] ?? 1;
    next += 1;
  }
  return out;
}

/** The likelihood of each token of an input as the product of those of the spoken tokens that say it. */
function gathered(sources: readonly (readonly number[])[], likelihood: Float32Array): Float32Array {
  return Float32Array.from(sources, (from) =>
    from.reduce((product, at) => product * (likelihood[at - 1] ?? 1), 1),
  );
}
