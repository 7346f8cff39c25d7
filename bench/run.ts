/**
 * `npm run bench`: times our work and the same work in PyTorch in turns, and prints the ratios.
 *
 *     npm run bench -- [--only train|query|collect|first] [--rounds 5] [--peer ../shared/bench/torch_peer.py] [--python /usr/bin/python3] [--threads N] [--json]
 *
 * The peer needs torch (on Debian: apt-get install python3-torch libopenblas0-pthread). Without its script only our own
 * figures are printed. Times are medians over the rounds; in each round the peer runs right after our work.
 * @module
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { decoderRecipe } from '../src/training/decoder-recipe.js';
import { type PeerReport, type Work, timePeer } from './peer.js';
import { type Prepared, additionModel, collection, query, trainingStep } from './works.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    peer: { type: 'string', default: '../shared/bench/torch_peer.py' },
    python: { type: 'string', default: '/usr/bin/python3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const threads = Number(options.threads);
const hasPeer = existsSync(options.peer);

/** One line of the result; seconds are medians over the rounds. */
interface Line {
  readonly what: string;
  readonly seconds: number;
  readonly peerSeconds: number | null;
  /** Median of the rounds' ratios: how many times faster than the peer. */
  readonly ratio: number | null;
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

async function seconds(once: () => Promise<unknown>, times: number): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await once();
    all.push((performance.now() - start) / 1000);
  }
  return median(all);
}

let peerName = '';

/** Times pieces of work in turns with the peer's one. */
async function compare(
  works: Readonly<Record<string, Prepared>>,
  work: Work,
  repetitions: number,
): Promise<Line[]> {
  for (const { once } of Object.values(works)) await seconds(once, 3);
  const own = new Map(Object.keys(works).map((what) => [what, [] as number[]]));
  const peer: PeerReport[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [what, { once }] of Object.entries(works))
      own.get(what)?.push(await seconds(once, repetitions));
    if (hasPeer) peer.push(timePeer(options.python, options.peer, work, threads));
  }
  for (const { dispose } of Object.values(works)) await dispose();
  peerName = peer[0]?.name ?? '';
  return [...own].map(([what, times]) => ({
    what,
    seconds: median(times),
    peerSeconds: hasPeer ? median(peer.map((report) => report.seconds)) : null,
    ratio: hasPeer ? median(times.map((time, round) => (peer[round]?.seconds ?? NaN) / time)) : null,
  }));
}

/** How long a person waits before there is something to see. */
async function firstSamples(): Promise<Line[]> {
  const streaming = query(runtime, model, fast);
  await streaming.firstSamples();
  const first: number[] = [];
  for (let i = 0; i < 9; i++) first.push(await streaming.firstSamples());
  await streaming.dispose();
  return [
    {
      what: 'first 64 judged samples of a warm query',
      seconds: median(first),
      peerSeconds: null,
      ratio: null,
    },
  ];
}

const runtime = nodeRuntime({ threads });
const model = await additionModel();
const paper = decoderRecipe('addition', 'paper');
const fast = decoderRecipe('addition', 'fast');
const suites: Readonly<Record<string, () => Promise<Line[]>>> = {
  train: async () =>
    compare(
      {
        "training step, the paper's decoder (width 256, batch 256)": await trainingStep(
          runtime,
          model,
          paper,
        ),
        'training step, our recipe (width 256, batch 256)': await trainingStep(runtime, model, {
          ...fast,
          batch: 256,
        }),
      },
      'train',
      10,
    ),
  query: () =>
    compare(
      {
        "query of 1,024 candidates, the paper's decoder": query(runtime, model, paper),
        'query of 1,024 candidates, our decoder': query(runtime, model, fast),
      },
      'sample',
      3,
    ),
  collect: () =>
    compare({ 'collection, 20,000 inputs at 13 sites': collection(runtime, model) }, 'collect', 3),
  first: firstSamples,
};
const chosen = options.only === undefined ? Object.keys(suites) : [options.only];
const lines: Line[] = [];
for (const name of chosen) {
  const suite = suites[name];
  if (suite === undefined) throw new Error(`--only: one of ${Object.keys(suites).join(', ')}`);
  lines.push(...(await suite()));
}

if (options.json)
  console.log(JSON.stringify({ runtime: runtime.name, peer: peerName, threads, rounds, lines }));
else {
  console.log(
    `${runtime.name} against ${peerName || 'no peer'}, ${threads} threads, median of ${rounds} rounds\n`,
  );
  const cell = (value: number | null, digits: number, unit: string): string =>
    (value === null ? '–' : `${value.toFixed(digits)}${unit}`).padStart(10);
  console.log(`${''.padEnd(60)}${'ours'.padStart(10)}${'PyTorch'.padStart(10)}${'ratio'.padStart(10)}`);
  for (const { what, seconds: own, peerSeconds, ratio } of lines)
    console.log(`${what.padEnd(60)}${cell(own, 3, ' s')}${cell(peerSeconds, 3, ' s')}${cell(ratio, 1, '×')}`);
}
