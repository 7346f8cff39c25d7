/**
 * `npm run bench:judging`: the candidates of a reading of a language model, judged, against the same in PyTorch.
 *
 *     npm run bench:judging -- --model FILE --bos "<|endoftext|>" [--python python3] [--rounds 3] [--threads N]
 *       [--task ioi] [--site a23.0] [--candidates 576] [--sets mixed,repeated,pattern]
 *
 * Three sets of candidates: drawn from all patterns, hardly any alike; drawn from the texts of one pattern with few names and
 * nothing else that differs, many alike, as of a decoder that is sure; and texts that follow one another in an exact
 * preimage of one pattern. The peer is transformers with a Llama of the model's size: all of its layers, as a person runs it,
 * and cut behind the site's layer. Rounds are paired; all graphs are warm.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { createJudge } from '../src/inversion/judge.js';
import { openTask } from '../src/jobs/open-task.js';
import { runWithCache, questionGraph } from '../src/models/hooked-model.js';
import { resolveSite } from '../src/models/hooks.js';
import { padded } from '../src/models/padding.js';
import { seededRandom } from '../src/random.js';
import { capability } from '../src/tasks/capabilities.js';
import { endOf } from '../src/tasks/tokens.js';
import { floatsOf } from '../src/engine/index.js';
import { missingPeer, timePeer } from './peer.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    bos: { type: 'string' },
    task: { type: 'string', default: 'ioi' },
    site: { type: 'string', default: 'a23.0' },
    candidates: { type: 'string', default: '576' },
    sets: { type: 'string', default: 'mixed,repeated,pattern' },
    python: { type: 'string', default: 'python3' },
    peer: { type: 'string', default: fileURLToPath(new URL('torch_peer.py', import.meta.url)) },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
if (options.model === undefined) throw new Error('Which model? --model FILE');
const threads = Number(options.threads);
const count = Number(options.candidates);
const runtime = nodeRuntime({ threads });
const bos = options.bos === undefined ? {} : { bos: options.bos };
const { task, model: openModel } = await openTask({ task: options.task, model: options.model, ...bos });
const model = await openModel();
const { architecture } = model;
const site = resolveSite(options.site, task.sites);
const random = seededRandom(1);
const { draw } = capability(task, 'distribution', 'This bench');
const { varying, usual } = capability(task, 'variation', 'This bench');
const query = draw(random);
const rest = varying(query, usual(query));
const few = Array.from({ length: 180 }, () => rest.draw(random));
const list = (make: (at: number) => number[]): number[][] =>
  Array.from({ length: count }, (_, at) => make(at));
const sets: Readonly<Record<string, () => number[][]>> = {
  mixed: () => list(() => draw(random)),
  repeated: () => list(() => few[random.int(few.length)] ?? []),
  pattern: () => list((at) => rest.input(at % rest.size)),
};
const end = endOf(task, query);
const own = floatsOf(await runWithCache(runtime, model, [query.slice(0, end)], { names: [site] }), site);
const z = own.slice((end - 1) * architecture.width);

/** What the peer's Llama is made of. */
const config = (layers: number): object => ({
  vocab_size: architecture.vocabulary,
  hidden_size: architecture.width,
  intermediate_size: architecture.inner,
  num_hidden_layers: layers,
  num_attention_heads: architecture.heads,
  num_key_value_heads: architecture.keyValueHeads,
});
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await run();
  return (performance.now() - from) / 1000;
};
const reached = Number(/blocks\.(\d+)/.exec(site)?.[1] ?? architecture.layers - 1) + 1;
const peer = { python: options.python, script: options.peer };
const missing = missingPeer(peer);
if (missing !== null) console.log(`${missing}: only our own figures (--python PATH).`);
const folder = mkdtempSync(join(tmpdir(), 'judging-'));
try {
  for (const name of options.sets.split(',')) {
    const candidates = sets[name]?.();
    if (candidates === undefined)
      throw new Error(`No set is named "${name}": ${Object.keys(sets).join(', ')}.`);
    const texts = candidates.map((ids) => ids.slice(0, endOf(task, ids)));
    const beginnings = new Set(texts.flatMap((ids) => ids.map((_, at) => ids.slice(0, at + 1).join())));
    const tokens = texts.reduce((sum, ids) => sum + ids.length, 0);
    const distinct = new Set(texts.map((ids) => ids.join())).size;
    console.log(
      `${name}: ${count} candidates at ${options.site}, ${distinct} of them different; ${tokens} tokens, ${beginnings.size} different beginnings`,
    );
    const judge = createJudge(runtime, model, task, site);
    await judge.judge(candidates, z);
    // Fewer candidates take graphs of fewer rows.
    await judge.judge(
      candidates.slice(0, 64),
      z.map((value) => 2 * value),
    );
    const first = texts.slice(0, 64);
    const longest = Math.max(...first.map((ids) => ids.length));
    const plain = await runtime.compile(questionGraph(model, first.length, longest, { names: [site] }));
    const shape = [first.length, longest];
    const data = padded(first, longest, task.pad);
    const plainBatch = (): Promise<unknown> => plain.run({ ids: { dtype: 'int32', shape, data } });
    await plainBatch();
    /** Another query, so that nothing is remembered. */
    const fresh = (): Float32Array => z.map((value) => value * (1 + random.next() * 1e-3));
    const [all, sixtyFour, batches] = [[] as number[], [] as number[], [] as number[]];
    const theirs = new Map([architecture.layers, reached].map((layers) => [layers, [] as number[]]));
    for (let round = 0; round < Number(options.rounds); round++) {
      batches.push(await timed(plainBatch));
      sixtyFour.push(await timed(() => judge.judge(candidates.slice(0, 64), fresh())));
      all.push(await timed(() => judge.judge(candidates, fresh())));
      for (const [layers, seconds] of missing === null ? theirs : []) {
        const file = join(folder, 'texts.json');
        writeFileSync(file, JSON.stringify({ config: config(layers), texts }));
        seconds.push(timePeer(peer, 'judge', 'eager', threads, ['--texts', file]).seconds);
      }
    }
    const firstRatio = median(sixtyFour.map((seconds, round) => seconds / (batches[round] ?? NaN)));
    console.log(
      `  judged in ${median(all).toFixed(1)} s; the first 64 in ${median(sixtyFour).toFixed(1)} s, ${firstRatio.toFixed(2)} of a plain batch of 64 (${median(batches).toFixed(1)} s)`,
    );
    for (const [layers, seconds] of theirs) {
      if (seconds.length === 0) continue;
      const ratio = median(seconds.map((own, round) => own / (all[round] ?? NaN)));
      console.log(
        `  transformers, ${layers} layers: ${median(seconds).toFixed(1)} s, ${ratio.toFixed(2)} times as long`,
      );
    }
    await judge.dispose();
    await plain.dispose();
  }
} finally {
  rmSync(folder, { recursive: true });
}
