/**
 * `npm run bench:language-models`: time and memory of language models, against the same in PyTorch.
 *
 *     npm run bench:language-models -- [--python python3] [--rounds 5] [--threads N] [--model FILE] [--xl]
 *
 * Heads of the last layer, 64 inputs of 40 tokens, in a GPT-2 of small's size with random weights, beside transformers
 * as it is and through torch.compile. With `--model` (a path or a name of the hub) the seconds to its first
 * activations; with `--xl` a GPT-2 XL's size, which takes 8 GB. Each runs in a process of its own, whose peak of
 * resident memory is stated.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { WorkReport } from './language-model-work.js';
import { type Mode, missingPeer, timePeer } from './peer.js';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    peer: { type: 'string', default: fileURLToPath(new URL('torch_peer.py', import.meta.url)) },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    model: { type: 'string' },
    xl: { type: 'boolean', default: false },
  },
});
const threads = Number(options.threads);
const peer = { python: options.python, script: options.peer };
const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

function work(what: string, rounds: number): WorkReport {
  const script = fileURLToPath(new URL('language-model-work.ts', import.meta.url));
  const args = [...process.execArgv, script, what, String(rounds), String(threads)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${what}: ${stderr}`);
  return JSON.parse(stdout) as WorkReport;
}

function memory({ weights, peak }: WorkReport): string {
  return `weights ${megabytes(weights)}, peak resident ${megabytes(peak)} (${(peak / weights).toFixed(2)} times)`;
}

console.log(`${threads} threads of ${cpus()[0]?.model ?? 'a processor'}, Node ${process.version}`);
const missing = missingPeer(peer);
if (missing !== null) console.log(`${missing}: only our own figures (--python PATH).`);
const modes: readonly Mode[] = missing === null ? ['eager', 'compiled'] : [];
const own: number[] = [];
const theirs = new Map(modes.map((mode) => [mode, [] as number[]]));
let last: WorkReport | null = null;
for (let round = 0; round < Number(options.rounds); round++) {
  last = work('gpt2-small', 5);
  own.push(median(last.runs));
  for (const [mode, list] of theirs) list.push(timePeer(peer, 'lm', mode, threads).seconds);
}
console.log(`GPT-2 small’s size, 64 × 40 tokens, heads of the last layer: ${median(own).toFixed(2)} s`);
for (const [mode, list] of theirs) {
  const ratio = median(list.map((seconds, round) => seconds / (own[round] ?? NaN)));
  console.log(`  transformers ${mode}: ${median(list).toFixed(2)} s, ${ratio.toFixed(2)} times as long`);
}
if (last !== null) console.log(`  compiled and first run ${last.first.toFixed(2)} s; ${memory(last)}`);
if (options.model !== undefined) {
  const report = work(options.model, 0);
  console.log(
    `${options.model}: loaded and first activations ${report.first.toFixed(2)} s; ${memory(report)}`,
  );
}
if (options.xl) {
  const report = work('gpt2-xl', 1);
  const again = (report.runs[0] ?? NaN).toFixed(2);
  console.log(
    `GPT-2 XL’s size, 40 tokens, heads of layer 35: first ${report.first.toFixed(2)} s, again ${again} s; ${memory(report)}`,
  );
}
