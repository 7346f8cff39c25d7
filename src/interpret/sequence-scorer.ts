/**
 * How likely a decoder is to say whole inputs, at one or several temperatures: the density that importance weights
 * divide by.
 * @module
 */
import {
  type Graph,
  type Runtime,
  type Value,
  compiled,
  div,
  floatsOf,
  graph,
  input,
  logSoftmax,
  mul,
  oneHot,
  reduceSum,
  reshape,
} from '../engine/index.js';
import { completionOf, type Decoder, sequenceOf, symbolsOf } from '../inversion/decoder.js';
import { decoderLogits } from '../models/decoder.js';
import { padded } from '../models/padding.js';
import { type Task } from '../tasks/task.js';

/** Rows of the compiled graphs: many inputs at once, and the few that are left. */
const [manyRows, fewRows] = [256, 64];

/** Gives log-probabilities of inputs. */
export interface SequenceScorer {
  /**
   * Natural logarithms of the decoder's probabilities of whole inputs, `[inputs · temperatures]`.
   * @param inputs ids from BOS on, each one that the decoder can say
   * @param z one activation for all
   * @param site number of the site in the decoder
   */
  logProbabilities(
    inputs: readonly (readonly number[])[],
    z: Float32Array,
    site: number,
  ): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** Makes a scorer for fixed temperatures; its graphs are compiled at the first inputs. */
export function createSequenceScorer(
  runtime: Runtime,
  decoder: Decoder,
  task: Task,
  temperatures: readonly number[] = [1],
): SequenceScorer {
  const { config } = decoder;
  const { places, activation_width: width, vocabulary } = config;
  const graphs = compiled(runtime, (rows: number): Graph => {
    const z = input('z', 'float32', [rows, width]);
    const site = input('site', 'int32', [rows]);
    const ids = input('ids', 'int32', [rows, places]);
    const targets = input('targets', 'int32', [rows, places]);
    const counted = input('counted', 'float32', [rows, places]);
    const logits = decoderLogits(config, (name) => decoder.parameter(name), z, site, ids);
    const chosen = mul(oneHot(targets, vocabulary), reshape(counted, [rows, places, 1]));
    const outputs: Record<string, Value> = {};
    temperatures.forEach((temperature, at) => {
      outputs[`at${at}`] = reduceSum(mul(logSoftmax(div(logits, temperature)), chosen), [1, 2]);
    });
    return graph(outputs);
  });
  return {
    async logProbabilities(inputs, z, site) {
      const out = new Float64Array(inputs.length * temperatures.length);
      if (inputs.length === 0) return out;
      for (let start = 0; start < inputs.length;) {
        const left = inputs.length - start;
        const rows = left > manyRows / 2 ? manyRows : fewRows;
        const activations = new Float32Array(rows * width);
        for (let row = 0; row < rows; row++) activations.set(z, row * width);
        const shape = [rows, places];
        const said = inputs.slice(start, start + rows).map((ids) => sequenceOf(task, config.form, ids));
        const block = (part: readonly (readonly number[])[]): Int32Array =>
          padded(part, places, symbolsOf(task, config.form).pad, rows);
        const orders = said.map((ids) =>
          config.form === 'completion' ? (completionOf(task).logOrders?.(ids) ?? 0) : 0,
        );
        const counted = new Float32Array(rows * places);
        said.forEach(({ length }, row) => counted.fill(1, row * places, row * places + length - 1));
        const outputs = await (
          await graphs.of(rows)
        ).run({
          z: { dtype: 'float32', shape: [rows, width], data: activations },
          site: { dtype: 'int32', shape: [rows], data: new Int32Array(rows).fill(site) },
          ids: { dtype: 'int32', shape, data: block(said.map((ids) => ids.slice(0, -1))) },
          targets: { dtype: 'int32', shape, data: block(said.map((ids) => ids.slice(1))) },
          counted: { dtype: 'float32', shape, data: counted },
        });
        temperatures.forEach((_, at) => {
          const scores = floatsOf(outputs, `at${at}`);
          said.forEach((__, row) => {
            const log = (scores[row] ?? -Infinity) - (orders[row] ?? 0);
            out[(start + row) * temperatures.length + at] = log;
          });
        });
        start += rows;
      }
      return out;
    },
    dispose: () => graphs.dispose(),
  };
}
