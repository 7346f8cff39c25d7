/**
 * `npm run bench`: times our work and the same work in PyTorch in turns, and prints how many times faster ours is.
 *
 *     npm run bench -- [--python python3] [--only train|query|collect|first] [--rounds 5] [--threads N] [--eager] [--peer FILE] [--json]
 *
 * `--python` is an interpreter that has PyTorch; without one only our own figures are printed. PyTorch runs both as it is
 * and through torch.compile, which needs a C++ compiler and Python's headers (`--eager`: only as it is). Times are medians
 * over the rounds; in each round the peer runs right after our work.
 * @module
 */
import { cpus, availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { decoderRecipe } from '../src/studies/index.js';
import { type Mode, type PeerReport, type Work, missingPeer, timePeer } from './peer.js';
import { type Prepared, additionModel, collection, query, trainingStep } from './works.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    peer: { type: 'string', default: fileURLToPath(new URL('torch_peer.py', import.meta.url)) },
    python: { type: 'string', default: 'python3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    eager: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const threads = Number(options.threads);
const peer = { python: options.python, script: options.peer };
const missing = missingPeer(peer);
if (missing !== null) console.error(`${missing}: only our own figures (--python PATH).`);
const modes: readonly Mode[] = missing === null ? (options.eager ? ['eager'] : ['eager', 'compiled']) : [];

/** The peer's seconds, and how many times faster ours is: medians over the rounds. */
interface Compared {
  readonly seconds: number;
  readonly ratio: number;
}

/** One line of the result; seconds are medians over the rounds. */
interface Line {
  readonly what: string;
  readonly seconds: number;
  readonly peer: Readonly<Partial<Record<Mode, Compared>>>;
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
  const reports = new Map(modes.map((mode) => [mode, [] as PeerReport[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [what, { once }] of Object.entries(works))
      own.get(what)?.push(await seconds(once, repetitions));
    for (const [mode, list] of reports) list.push(timePeer(peer, work, mode, threads));
  }
  for (const { dispose } of Object.values(works)) await dispose();
  peerName = reports.get('eager')?.[0]?.name ?? peerName;
  return [...own].map(([what, times]) => ({
    what,
    seconds: median(times),
    peer: Object.fromEntries(
      [...reports].map(([mode, list]) => [
        mode,
        {
          seconds: median(list.map((report) => report.seconds)),
          ratio: median(times.map((time, round) => (list[round]?.seconds ?? NaN) / time)),
        },
      ]),
    ),
  }));
}

/** How long a person waits before there is something to see. */
async function firstSamples(): Promise<Line[]> {
  const streaming = query(runtime, model, fast);
  await streaming.firstSamples();
  const first: number[] = [];
  for (let i = 0; i < 9; i++) first.push(await streaming.firstSamples());
  await streaming.dispose();
  return [{ what: 'first 64 judged samples of a warm query', seconds: median(first), peer: {} }];
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
  const cell = (text: string): string => text.padStart(12);
  const of = (value: number | undefined, digits: number, unit: string): string =>
    cell(value === undefined ? '–' : `${value.toFixed(digits)}${unit}`);
  console.log(
    `${runtime.name}, Node ${process.version} against ${peerName || 'no peer'}; ${threads} threads of ${cpus()[0]?.model ?? 'a processor'}, median of ${rounds} rounds\n`,
  );
  console.log(`${''.padEnd(60)}${['ours', ...modes.flatMap((mode) => [mode, 'ratio'])].map(cell).join('')}`);
  for (const { what, seconds: own, peer: times } of lines) {
    const compared = modes.map((mode) => of(times[mode]?.seconds, 3, ' s') + of(times[mode]?.ratio, 1, '×'));
    console.log(`${what.padEnd(60)}${of(own, 3, ' s')}${compared.join('')}`);
  }
}
