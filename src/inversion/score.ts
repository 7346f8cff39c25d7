/**
 * How likely a decoder holds each token that it says of given sequences.
 * @module
 */
import { type Graph, type Runtime, compiled, floatsOf, graph, input, softmax } from '../engine/index.js';
import { decoderLogits } from '../models/decoder.js';
import { padded } from '../models/padding.js';
import { type Origin, type SaidStep, type Task } from '../tasks/task.js';
import { type Decoder, originsOf, sequenceOf, symbolsOf } from './decoder.js';

/** Rows of the compiled graph. */
const scoreBatch = 128;

/** Gives likelihoods of tokens. */
export interface Scorer {
  /**
   * Probability of each token of whole inputs given an activation and what the decoder says before it: in the plain form
   * the tokens before it; where the task completes, the free tokens before those that say it. Null where the decoder says
   * nothing: at BOS, at what the task completes, and throughout an input that it cannot say. The product of all is the
   * probability of what it says.
   * @param inputs ids from BOS on
   * @param z one activation for all
   * @param site number of the site in the decoder
   */
  probabilities(
    inputs: readonly (readonly number[])[],
    z: Float32Array,
    site: number,
  ): Promise<(number | null)[][]>;
  dispose(): Promise<void>;
}

/**
 * Makes a scorer; its graph is compiled at the first inputs.
 * @param originsAt how the tokens of an input come about, for a caller who has worked it out
 */
export function createScorer(
  runtime: Runtime,
  decoder: Decoder,
  task: Task,
  originsAt = (ids: readonly number[]): readonly Origin[] | null => originsOf(task, decoder.config.form, ids),
): Scorer {
  const { config } = decoder;
  const { places, activation_width: width, vocabulary, form } = config;
  const { begin, pad } = symbolsOf(task, form);
  const graphs = compiled(runtime, (): Graph => {
    const z = input('z', 'float32', [scoreBatch, width]);
    const site = input('site', 'int32', [scoreBatch]);
    const ids = input('ids', 'int32', [scoreBatch, places]);
    const logits = decoderLogits(config, (name) => decoder.parameter(name), z, site, ids);
    return graph({ next: softmax(logits) });
  });
  return {
    async probabilities(inputs, z, site) {
      const executable = await graphs.of(null);
      const out: (number | null)[][] = [];
      for (let start = 0; start < inputs.length; start += scoreBatch) {
        const part = inputs.slice(start, start + scoreBatch);
        const origins = part.map(originsAt);
        const said = part.map((ids, row) =>
          origins[row] === null ? [begin] : sequenceOf(task, form, ids).slice(0, -1),
        );
        const activations = new Float32Array(scoreBatch * width);
        for (let row = 0; row < part.length; row++) activations.set(z, row * width);
        const outputs = await executable.run({
          z: { dtype: 'float32', shape: [scoreBatch, width], data: activations },
          site: { dtype: 'int32', shape: [scoreBatch], data: new Int32Array(scoreBatch).fill(site) },
          ids: {
            dtype: 'int32',
            shape: [scoreBatch, places],
            data: padded(said, places, pad, scoreBatch),
          },
        });
        const next = floatsOf(outputs, 'next');
        const size = places * vocabulary;
        part.forEach((ids, row) => {
          const own = next.subarray(row * size, (row + 1) * size);
          const how: readonly (Origin | null)[] = origins[row] ?? ids.map(() => null);
          out.push(how.map((origin) => (origin?.kind === 'said' ? product(origin.steps, own) : null)));
        });
      }
      return out;

      /** Probability that the steps go as they went. @param next probabilities `[place, token]` of a sequence */
      function product(steps: readonly SaidStep[], next: Float32Array): number {
        return steps.reduce((all, { at, among, given }) => {
          const likely = (tokens: readonly number[]): number =>
            tokens.reduce((sum, token) => sum + (next[(at - 1) * vocabulary + token] ?? 0), 0);
          const possible = given === undefined ? 1 : likely(given);
          return possible > 0 ? (all * likely(among)) / possible : 0;
        }, 1);
      }
    },
    dispose: () => graphs.dispose(),
  };
}
