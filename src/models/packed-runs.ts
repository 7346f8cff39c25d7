/**
 * Runs of many texts through a model in which beginnings that neighbours share are run once, see `packing.ts`. The
 * activations are those of plain runs.
 * @module
 */
import { GraphError, type Runtime, type Tensors, compiled } from '../engine/index.js';
import { type HookedModel } from './hooked-model.js';
import { type PackedRow, type PackedText, packedFeeds, packedGraph, packedRows } from './packing.js';

/** Tokens of a run: products of so many rows are as fast as any, and longer runs would only delay the first results. */
const runTokens = 1024;
/**
 * Tokens of a row at least. A text more costs its row attention to all others, and saves what it shares with the one
 * before; of sentences of twenty tokens rows of 64 to 256 take about as long.
 */
const leastWidth = 128;

/** Some texts that have been run. */
export interface PackedRun {
  /** Each with its tokens as indices of the outputs' first axis. */
  readonly texts: readonly PackedText[];
  /** By name `[token, …]`, of the run that gave them: they are overwritten by none. */
  readonly outputs: Tensors;
}

/** Runs texts; its graphs are compiled when they are first needed. */
export interface PackedRuns {
  /** Runs texts in the given order, see `byBeginning`. Each has at most as many tokens as was said. */
  run(texts: Iterable<ArrayLike<number>>): AsyncGenerator<PackedRun, void>;
  dispose(): Promise<void>;
}

/**
 * Makes runs of texts.
 * @param names the activations that are given, by hook name
 * @param longest tokens of the longest text
 */
export function createPackedRuns(
  runtime: Runtime,
  model: HookedModel,
  names: readonly string[],
  longest: number,
): PackedRuns {
  const width = Math.max(leastWidth, 2 * longest);
  // The greatest power of two, so that what is left over is run in smaller ones.
  const mostRows = 2 ** Math.max(0, Math.floor(Math.log2(runTokens / width)));
  const graphs = compiled(runtime, (rows: number) =>
    packedGraph(model, { rows, width, longest }, (cache) =>
      Object.fromEntries(
        names.map((name) => {
          const value = cache.get(name);
          if (value === undefined) throw new GraphError(`packed runs: the model has no site ${name}`);
          return [name, value];
        }),
      ),
    ),
  );
  async function runRows(packed: readonly PackedRow[]): Promise<PackedRun> {
    const size = { rows: packed.length, width };
    const outputs = await (await graphs.of(packed.length)).run(packedFeeds(packed, size));
    const texts = packed.flatMap((row, at) =>
      row.texts.map((text) => ({ ...text, tokens: text.tokens.map((token) => at * width + token) })),
    );
    return { texts, outputs };
  }
  return {
    async *run(texts) {
      let waiting: PackedRow[] = [];
      for (const row of packedRows(texts, width)) {
        waiting.push(row);
        if (waiting.length < mostRows) continue;
        yield await runRows(waiting);
        waiting = [];
      }
      while (waiting.length > 0) {
        const rows = 2 ** Math.floor(Math.log2(waiting.length));
        yield await runRows(waiting.slice(0, rows));
        waiting = waiting.slice(rows);
      }
    },
    dispose: () => graphs.dispose(),
  };
}
