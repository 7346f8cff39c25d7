/**
 * Log-probabilities of many fixed inputs under a decoder, for one activation after another. What the decoder says for
 * them is laid out as a tree of their beginnings; keys and values are handed from each beginning to those that go on from it.
 * @module
 */
import {
  type Graph,
  type Runtime,
  type Value,
  compiled,
  floatsOf,
  gather,
  graph,
  input,
  logSoftmax,
  reshape,
} from '../engine/index.js';
import { completionOf, type Decoder, sequenceOf } from '../inversion/decoder.js';
import { condition, decode, prefix } from '../models/decoder.js';
import { type Task } from '../tasks/task.js';
import { type TreeBlock, treeBlocks } from './prefix-tree.js';

/** Most beginnings of one length in a run. */
const widest = 2048;

/** Scores fixed inputs. */
export interface TreeScorer {
  /** Beginnings that are computed for each activation. */
  readonly nodes: number;
  /**
   * Natural logarithms of the decoder's probabilities of whole inputs, in the order in which these were given.
   * @param into written to and given back; a new array unless given
   */
  logProbabilities(z: Float32Array, site: number, into?: Float64Array): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/**
 * Makes a scorer.
 * @param inputs ids from BOS to EOS, each one that the decoder can say
 */
export function createTreeScorer(
  runtime: Runtime,
  decoder: Decoder,
  task: Task,
  inputs: readonly (readonly number[])[],
): TreeScorer {
  const { config } = decoder;
  const sequences = inputs.map((ids) => sequenceOf(task, config.form, ids));
  // A decoder that says no order gives its probability to all orders alike.
  const orders = config.form === 'completion' ? completionOf(task).logOrders : undefined;
  const shared = orders === undefined ? null : sequences.map((said) => orders(said));
  const blocks = treeBlocks(sequences, widest);
  const depth = Math.max(0, ...blocks.map(({ levels }) => levels.length));
  // One graph serves all blocks: each level is as wide as the widest block's.
  const widths = Array.from({ length: depth }, (_, level) =>
    Math.max(1, ...blocks.map(({ levels }) => levels[level]?.ids.length ?? 0)),
  );
  const graphs = compiled(runtime, (): Graph => {
    const parameter = (name: string): Value => decoder.parameter(name);
    const z = input('z', 'float32', [1, config.activation_width]);
    const site = input('site', 'int32', [1]);
    const u = condition(config, parameter, z, site);
    let past = prefix(config, parameter, u);
    let given = u;
    const outputs: Record<string, Value> = {};
    widths.forEach((count, level) => {
      const ids = input(`ids${level}`, 'int32', [count, 1]);
      const parents = input(`parents${level}`, 'int32', [count]);
      past = past.map(({ keys, values }) => ({
        keys: gather(keys, parents),
        values: gather(values, parents),
      }));
      given = gather(given, parents);
      const step = decode(config, parameter, ids, past, given, level);
      past = step.past;
      outputs[`log${level}`] = logSoftmax(reshape(step.logits, [count, config.vocabulary]));
    });
    return graph(outputs);
  });
  const feeds = blocks.map(({ levels }) => ({
    ids: widths.map((count, level) => filled(levels[level]?.ids ?? [], count)),
    parents: widths.map((count, level) => filled(levels[level]?.parents ?? [], count)),
  }));
  return {
    nodes: blocks.reduce(
      (sum, { levels }) => sum + levels.reduce((inner, { ids }) => inner + ids.length, 0),
      0,
    ),
    async logProbabilities(z, site, into = new Float64Array(sequences.length)) {
      if (blocks.length === 0) return into;
      const executable = await graphs.of(null);
      for (const [at, block] of blocks.entries()) {
        const feed = feeds[at];
        if (feed === undefined) continue;
        const outputs = await executable.run({
          z: { dtype: 'float32', shape: [1, z.length], data: z },
          site: { dtype: 'int32', shape: [1], data: Int32Array.of(site) },
          ...Object.fromEntries(
            widths.flatMap((count, level) => [
              [
                `ids${level}`,
                {
                  dtype: 'int32' as const,
                  shape: [count, 1],
                  data: feed.ids[level] ?? new Int32Array(count),
                },
              ],
              [
                `parents${level}`,
                {
                  dtype: 'int32' as const,
                  shape: [count],
                  data: feed.parents[level] ?? new Int32Array(count),
                },
              ],
            ]),
          ),
        });
        const logs = widths.map((_, level) => floatsOf(outputs, `log${level}`));
        addUp(block, logs, config.vocabulary, into);
      }
      shared?.forEach((log, at) => (into[at] = (into[at] ?? 0) - log));
      return into;
    },
    async dispose() {
      await graphs.dispose();
    },
  };
}

/** Adds the logarithms up along each path. */
function addUp(
  { levels, ends }: TreeBlock,
  logs: readonly Float32Array[],
  vocabulary: number,
  into: Float64Array,
): void {
  const sums: Float64Array[] = [];
  levels.forEach(({ ids, parents }, level) => {
    const before = sums[level - 1];
    const log = logs[level - 1];
    sums.push(
      Float64Array.from(ids, (id, node) => {
        const parent = parents[node] ?? 0;
        return before === undefined || log === undefined
          ? 0
          : (before[parent] ?? 0) + (log[parent * vocabulary + id] ?? -Infinity);
      }),
    );
  });
  for (const { sequence, level, node, token } of ends) {
    into[sequence] = (sums[level]?.[node] ?? 0) + (logs[level]?.[node * vocabulary + token] ?? -Infinity);
  }
}

/** Numbers in an array of a fixed length; what is left over repeats the first node, whose results nobody reads. */
function filled(numbers: readonly number[], count: number): Int32Array {
  const data = new Int32Array(count);
  data.set(numbers);
  return data;
}
