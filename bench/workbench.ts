/**
 * Times the workbench's server as a page sees it: from a request to the first 64 judged samples, to 1,024 of them, and to
 * their colours; an overview; twenty pages at once; and memory over many readings.
 *
 *     npx tsx bench/workbench.ts [task] [readings]
 * @module
 */
import { type ReadRequest } from '../src/workbench/verbs/read.js';
import { createClient } from '../src/server/client.js';
import { taskNamed } from '../src/studies/index.js';
import { ownWorkbench } from '../test/browser/workbench.js';

const task = taskNamed(process.argv[2] ?? 'addition');
const readings = Number(process.argv[3] ?? 1000);

const { url, prepared, close } = await ownWorkbench();
const client = createClient(url.replace(/\/$/, ''));
const since = (start: number): number => performance.now() - start;
const quantile = (values: readonly number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? NaN).toFixed(0);
const line = (what: string, values: readonly number[]): void =>
  console.log(
    `${what.padEnd(44)} median ${quantile(values, 0.5).padStart(6)} ms   9 of 10 under ${quantile(values, 0.9).padStart(6)} ms`,
  );

let start = performance.now();
const { cases } = await client.cases();
console.log(`cases after ${since(start).toFixed(0)} ms`);
await prepared;
console.log(`all graphs compiled after ${since(start).toFixed(0)} ms`);
const own = cases.find(({ id }) => id === task.name);
if (own === undefined || own.unavailable !== null) throw new Error(own?.unavailable ?? 'no such case');
const sites = own.sites.map(({ site }) => site);

/** A reading at a site and a position that differ each time. */
const request = (number: number, input: string, candidates: number): ReadRequest => {
  const positions = task.positions(task.encode(input));
  return {
    case: own.id,
    input,
    site: sites[number % sites.length] ?? '',
    position: positions[number % positions.length] ?? 0,
    seed: number,
    candidates,
  };
};

const [first, judged, done]: [number[], number[], number[]] = [[], [], []];
for (let number = 0; number < 39; number++) {
  const { input } = await client.random(own.id, number);
  let count = 0;
  start = performance.now();
  for await (const { event, data } of client.read(request(number, input, 1024))) {
    if (event === 'candidates') {
      if (count === 0) first.push(since(start));
      count += data.draws.length;
      if (count === 1024) judged.push(since(start));
    }
    if (event === 'done') done.push(since(start));
  }
}
line('request to the first 64 judged samples', first);
line('request to 1,024 judged samples', judged);
line('request to 1,024 samples with colours', done);

start = performance.now();
let cells = 0;
for await (const { event } of client.overview({ case: own.id, input: own.examples[0] ?? '' }))
  if (event === 'cell') cells += 1;
console.log(`overview of ${cells} cells, 64 candidates each: ${(since(start) / 1000).toFixed(1)} s`);

start = performance.now();
const waits = await Promise.all(
  Array.from({ length: 20 }, async (_, number) => {
    for await (const { event, data } of client.read(request(number, own.examples[0] ?? '', 256)))
      if (event === 'error') throw new Error(data.message);
    return since(start);
  }),
);
line('20 pages at once, 256 candidates: each done', waits);

const memory: string[] = [];
for (let number = 0; number < readings; number++) {
  for await (const { event } of client.read(request(number, own.examples[number % 3] ?? '', 64)))
    if (event === 'error') throw new Error('a reading failed');
  if ((number + 1) % Math.ceil(readings / 10) === 0)
    memory.push(((await client.status()).memory / 2 ** 20).toFixed(0));
}
console.log(`memory over ${readings} readings, MiB: ${memory.join(' ')}`);
await close();
