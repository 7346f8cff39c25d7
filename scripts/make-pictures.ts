/**
 * Makes the pictures of the README and of docs/method.md from the shipped weights: `npm run pictures`, or one of them:
 * `npm run pictures -- preimage`. The reading of a language model needs SmolLM2-135M-Instruct as a GGUF file, and is left out
 * without it: `INVERSIONVIEW_REAL_MODEL=FILE npm run pictures -- names`.
 * The page is photographed with Chromium (Debian: apt-get install chromium; another place: CHROMIUM=/path).
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as Plot from '@observablehq/plot';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { activationAt, createCollector } from '../src/inversion/collect.js';
import { createReader } from '../src/inversion/preimage.js';
import { type Reading } from '../src/inversion/reading.js';
import { portableName } from '../src/jobs/open-model.js';
import { openTask } from '../src/jobs/open-task.js';
import { decoderFor, modelFor } from '../src/jobs/shipped.js';
import { headSite } from '../src/models/hooks.js';
import { randomFor } from '../src/random.js';
import { renderHtml } from '../src/report/html.js';
import { figureSvg, themes } from '../src/report/plots/index.js';
import { addition } from '../src/studies/index.js';
import { thresholdAt } from '../src/tasks/epsilon.js';
import { resolvePosition } from '../src/tasks/index.js';
import { startChromium } from '../test/browser/chromium.js';
import { ownWorkbench } from '../test/browser/workbench.js';

const folder = 'docs/pictures';
mkdirSync(folder, { recursive: true });

const runtime = nodeRuntime();
const model = await modelFor(addition, undefined, 'transformerlens');
const ids = addition.encode('535+861=1396');
const position = resolvePosition(addition, ids, '=');

const pictures: Readonly<Record<string, () => Promise<void>>> = {
  preimage: async () => writeFileSync(join(folder, 'preimage.svg'), await preimagePicture()),
  reading: async () => photographPage('reading.png', await additionReading()),
  workbench: photographWorkbench,
  names: async () => {
    const file = process.env['INVERSIONVIEW_REAL_MODEL'];
    if (file === undefined) process.stderr.write('names: left out, INVERSIONVIEW_REAL_MODEL names no file\n');
    else await photographPage('names.png', await namesReading(file));
  },
};
for (const [name, make] of Object.entries(pictures))
  if (process.argv[2] === undefined || process.argv[2] === name) await make();

/** Activations of many inputs in the plane in which they spread most, those near the query's coloured. */
async function preimagePicture(): Promise<string> {
  const site = headSite(0, 0);
  const random = randomFor(1, 'pictures');
  const inputs = [ids, ...Array.from({ length: 6_000 }, () => addition.sample(random, 'train'))];
  const collector = createCollector(runtime, model, [site], addition.maxLength, addition.pad);
  const collected = await collector.collect(inputs);
  await collector.dispose();
  const vectors = inputs.map((_, row) => activationAt(collected, site, row, position));
  const [query] = vectors;
  if (query === undefined) throw new Error('no query');
  const [across, up] = principalDirections(vectors, 2);
  if (across === undefined || up === undefined) throw new Error('no directions');
  const points = vectors.map((z, row) => {
    const distance = length(z.map((value, i) => value - (query[i] ?? 0))) / length(query);
    return {
      x: dot(z, across),
      y: dot(z, up),
      inside: distance <= addition.epsilon,
      text: addition.decode(inputs[row] ?? []),
    };
  });
  const inside = points.filter((point) => point.inside);
  const hundreds = new Set(inside.map(({ text }) => [text[0], text[4]].sort().join(' and ')));
  const [first] = points;
  const theme = themes.light;
  return figureSvg({
    title: 'Inputs whose activation is the same',
    subtitle: `Head 0 of layer 0 at "=": 6,000 inputs, and the query ${addition.decode(ids)}`,
    caption: `The two directions in which the activations spread most. Coloured: the ${inside.length - 1} inputs within ε = ${addition.epsilon} of the query's activation. Hundreds of the numbers they add: ${[...hundreds].join('; ')}.`,
    panels: [
      {
        width: 640,
        height: 420,
        options: {
          x: { axis: null, inset: 24 },
          y: { axis: null, inset: 24 },
          marks: [
            Plot.dot(
              points.filter((point) => !point.inside),
              { x: 'x', y: 'y', r: 1.4, fill: theme.muted, fillOpacity: 0.35 },
            ),
            Plot.dot(inside, { x: 'x', y: 'y', r: 3, fill: theme.more, fillOpacity: 0.8 }),
            Plot.dot([first], {
              x: 'x',
              y: 'y',
              r: 5,
              symbol: 'times',
              stroke: theme.less,
              strokeWidth: 2.5,
            }),
            Plot.text([first], {
              x: 'x',
              y: 'y',
              text: () => [...new Set(inside.map((point) => point.text))].slice(0, 4).join('\n'),
              dx: 14,
              dy: -8,
              textAnchor: 'start',
              lineAnchor: 'bottom',
              fontFamily: 'monospace',
              fill: theme.ink,
              stroke: theme.paper,
              strokeWidth: 4,
            }),
          ],
        },
      },
    ],
  });
}

/** What a head of the shipped model has read of two numbers. */
async function additionReading(): Promise<Reading> {
  const decoder = await decoderFor(addition, undefined, model);
  const reader = createReader(runtime, model, decoder, addition);
  const { reading } = await reader.read({ ids, site: 'a0.0', position, seed: 1, shown: 30 });
  await reader.dispose();
  return reading;
}

/** What a head of a language model holds of two names. @param file the model */
async function namesReading(file: string): Promise<Reading> {
  const opened = await openTask({ task: 'ioi', model: file, bos: '<|endoftext|>' });
  const { task, model: language } = await opened.whole();
  const named = { ...language, name: portableName(language.name) };
  const decoder = await decoderFor(task, undefined, named);
  const sentence = task.encode('When Robert and James went to the house, James gave a letter to');
  const reader = createReader(runtime, named, decoder, task);
  const at = resolvePosition(task, sentence, 'END');
  const threshold = thresholdAt(task, headSite(23, 3), 'END');
  const { reading } = await reader.read({
    ids: sentence,
    site: 'a23.3',
    position: at,
    seed: 1,
    shown: 40,
    ...threshold,
  });
  await reader.dispose();
  return reading;
}

/** The page of a reading, as `read --html` writes it. */
async function photographPage(name: string, reading: Reading): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'inversionview-pictures-'));
  const page = join(temporary, 'reading.html');
  writeFileSync(page, renderHtml(reading));
  const browser = await startChromium();
  try {
    const tab = await browser.newPage({ viewport: { width: 1000, height: 1240 }, deviceScaleFactor: 1.5 });
    await tab.goto(pathToFileURL(page).href);
    await tab.screenshot({ path: join(folder, name) });
  } finally {
    await browser.close();
    rmSync(temporary, { recursive: true });
  }
}

/** The workbench with a reading beside what another head holds of the same input. */
async function photographWorkbench(): Promise<void> {
  const workbench = await ownWorkbench();
  await workbench.prepared;
  const browser = await startChromium();
  try {
    const tab = await browser.newPage({ viewport: { width: 1440, height: 810 }, deviceScaleFactor: 1.5 });
    const query = 'case=addition&input=535%2B861=1396';
    const beside = '1.case=addition&1.input=535%2B861=1396&1.site=a1.1&1.at=A1';
    await tab.goto(`${workbench.url}#read?${query}&site=a0.0&at==&${beside}`);
    const readings = tab.getByRole('article');
    await readings.nth(1).waitFor();
    for (const at of [0, 1]) {
      const region = readings.nth(at).getByRole('group', { name: 'What it tells' });
      await region.getByText('effective sample size').waitFor();
    }
    await tab.screenshot({ path: join(folder, 'workbench.png') });
  } finally {
    await browser.close();
    await workbench.close();
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function length(a: ArrayLike<number>): number {
  return Math.sqrt(dot(a, a));
}

/** The directions of the largest spread. */
function principalDirections(vectors: readonly Float32Array[], count: number): number[][] {
  const centred = new Matrix(vectors.map((z) => Array.from(z))).center('column');
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    centred.transpose().mmul(centred),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues
    .map((spread, at) => ({ spread, at }))
    .sort((one, other) => other.spread - one.spread);
  return order.slice(0, count).map(({ at }) => eigenvectorMatrix.getColumn(at));
}
