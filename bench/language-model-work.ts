/**
 * A language model's work in a process of its own, so that its peak memory is its own: `tsx bench/language-model-work.ts
 * SIZE ROUNDS THREADS` or `… FILE`. Prints one JSON line.
 * @module
 */
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { type Tensor } from '../src/engine/index.js';
import { findModel, openFound } from '../src/jobs/open-model.js';
import { parameterShapes } from '../src/models/architecture.js';
import { readArchitecture } from '../src/models/families/index.js';
import { type HookedModel, hookedModel, questionGraph, runWithCache } from '../src/models/hooked-model.js';
import { headSite } from '../src/models/hooks.js';
import { modelOf } from '../src/models/load-model.js';

/** What a process reports. */
export interface WorkReport {
  /** Seconds from nothing to the first activations: read or made, checked, compiled and run. */
  readonly first: number;
  /** Seconds of each later run. */
  readonly runs: readonly number[];
  /** Bytes of the weights in float32, and the most that the process had resident. */
  readonly weights: number;
  readonly peak: number;
}

/**
 * Sizes with random weights: layers, heads, width; inputs, how many of them a run takes, tokens, and the layer whose heads
 * are asked for.
 */
const sizes = {
  'gpt2-small': { layers: 12, heads: 12, width: 768, inputs: 64, batch: 16, tokens: 40, layer: 11 },
  'gpt2-xl': { layers: 48, heads: 25, width: 1600, inputs: 1, batch: 1, tokens: 40, layer: 35 },
} as const;
type Size = (typeof sizes)[keyof typeof sizes];

async function randomModel({ layers, heads, width }: Size): Promise<HookedModel> {
  const config = { model_type: 'gpt2', n_layer: layers, n_head: heads, n_embd: width, vocab_size: 50_257 };
  const architecture = readArchitecture({ ...config, n_positions: 1024 });
  let state = 1;
  const parameters = new Map(
    [...parameterShapes(architecture)].map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
      // A linear congruence: quality does not matter, half a minute of making 1.5 billion numbers would.
      for (let at = 0; at < data.length; at++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        data[at] = (state / 2 ** 32 - 0.5) * 0.04;
      }
      return [name, { shape, data }] as const;
    }),
  );
  return hookedModel('random weights', 'nobody’s', { architecture, parameters }, 'none');
}

async function loaded(name: string): Promise<HookedModel> {
  const checkpoint = await openFound(await findModel(name));
  try {
    return await modelOf(checkpoint, 'none');
  } finally {
    await checkpoint.tensors.close();
  }
}

const [what = '', rounds = '1', threads = '2'] = process.argv.slice(2);
const size = Object.hasOwn(sizes, what) ? sizes[what as keyof typeof sizes] : null;
const runtime = nodeRuntime({ threads: Number(threads) });
const runs: number[] = [];
const start = performance.now();
const since = (from: number): number => (performance.now() - from) / 1000;
let first: number;
let model: HookedModel;
if (size === null) {
  model = await loaded(what);
  await runWithCache(runtime, model, [[1, 2, 3, 4, 5, 6, 7, 8]], { names: [headSite(0, 0)] });
  first = since(start);
} else {
  model = await randomModel(size);
  const { inputs, batch, tokens, layer, heads, width } = size;
  const names = Array.from({ length: heads }, (_, head) => headSite(layer, head));
  const from = performance.now();
  const executable = await runtime.compile(questionGraph(model, batch, tokens, { names }));
  // Results of all inputs by head, each run's into its part of them.
  const length = batch * tokens * width;
  const all = names.map((name) => [name, new Float32Array((inputs / batch) * length)] as const);
  const once = async (): Promise<void> => {
    for (let part = 0; part < inputs / batch; part++) {
      const data = Int32Array.from({ length: batch * tokens }, (_, at) => ((part + at) * 7919) % 50_000);
      const into = all.map(([name, values]): [string, Tensor] => {
        const own = values.subarray(part * length, (part + 1) * length);
        return [name, { dtype: 'float32', shape: [batch, tokens, width], data: own }];
      });
      await executable.run(
        { ids: { dtype: 'int32', shape: [batch, tokens], data } },
        Object.fromEntries(into),
      );
    }
  };
  await once();
  first = since(from);
  for (let round = 0; round < Number(rounds); round++) {
    const began = performance.now();
    await once();
    runs.push(since(began));
  }
}
const weights = [...model.parameters.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ first, runs, weights, peak } satisfies WorkReport));
