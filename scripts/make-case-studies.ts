/**
 * Makes the figures of docs/case-studies and writes them into the pages: `npm run case-studies`.
 *
 * Of the shipped models, always. Of the published checkpoints with `--published DIR`, a directory with one of each task
 * (`DIR/addition`, `DIR/counting`, as Hugging Face has them); without it their figures stay as they are.
 * `--task NAME` makes one of them, `--only shipped` or `--only published` one of the models. `--cache DIR` keeps passes over
 * all additions (0.3 GB a head) and every part that is measured, so that a run that was broken off goes on and pictures are drawn
 * anew at once; `--minutes N` begins no part after so long, and ends with 3 where some are left. `--text` measures nothing and
 * writes the numbers that are there into the pages.
 *
 * Of IOI the shipped model, or a language model with `--task ioi --model FILE --bos TOKEN`, into `ioi.language.json`; the decoder
 * is the one that is shipped for the model, or `--decoder DIR`.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { modelFor } from '../src/jobs/shipped.js';
import { figureSvg } from '../src/report/plots/index.js';
import { addition, counting } from '../src/studies/index.js';
import { studyAddition } from './case-studies/addition.js';
import { studyCounting } from './case-studies/counting.js';
import { filled } from './case-studies/document.js';
import { measureIoi } from './case-studies/ioi.js';
import { type Measured } from './case-studies/measured.js';
import { TimeIsUp, savedParts } from './case-studies/parts.js';
import { type Figures, type Study } from './case-studies/study.js';
import { tables } from './case-studies/tables.js';

const folder = 'docs/case-studies';
const pictures = join(folder, 'pictures');
const studies = [
  { task: addition, study: studyAddition },
  { task: counting, study: studyCounting },
];

const { values } = parseArgs({
  options: {
    published: { type: 'string' },
    task: { type: 'string' },
    only: { type: 'string' },
    cache: { type: 'string' },
    minutes: { type: 'string' },
    text: { type: 'boolean', default: false },
    model: { type: 'string' },
    bos: { type: 'string' },
    decoder: { type: 'string' },
  },
});
const until = values.minutes === undefined ? Infinity : Date.now() + 60_000 * Number(values.minutes);
const cache = values.cache ?? null;
mkdirSync(pictures, { recursive: true });

/** Measures one model and writes its figures and pictures; ends with 3 where the time is up. */
async function made(task: string, which: string, measure: () => Promise<Study | null>): Promise<void> {
  if (values.only !== undefined && values.only !== which) return;
  const started = process.cpuUsage();
  const study = await measure();
  if (study === null) {
    process.stderr.write(`${task}, ${which}: the time is up; the same command goes on.\n`);
    process.exit(3);
  }
  writeFileSync(join(folder, `${task}.${which}.json`), `${JSON.stringify(study.figures, null, 2)}\n`);
  for (const [name, figure] of Object.entries(study.pictures))
    writeFileSync(join(pictures, `${task}-${name}.${which}.svg`), figureSvg(figure));
  const { user, system } = process.cpuUsage(started);
  process.stderr.write(`${task}, ${which}: ${((user + system) / 1e6).toFixed(0)} s of processor time\n`);
}

/** Writes the figures of its models into a page. */
async function write(task: string, models: readonly string[]): Promise<void> {
  const page = join(folder, `${task}.md`);
  if (!existsSync(page)) return;
  const measured: Record<string, Figures> = {};
  for (const which of models) {
    const data: unknown = JSON.parse(readFileSync(join(folder, `${task}.${which}.json`), 'utf8'));
    Object.assign(measured, { [which]: data });
  }
  writeFileSync(page, await filled(readFileSync(page, 'utf8'), measured satisfies Measured, tables));
}

for (const { task, study } of studies) {
  if (values.task !== undefined && values.task !== task.name) continue;
  const directories: Record<string, string | undefined> = values.text ? {} : { shipped: undefined };
  if (values.published !== undefined) directories['published'] = join(values.published, task.name);
  for (const [which, directory] of Object.entries(directories))
    await made(task.name, which, async () => {
      const loaded = await modelFor(task, directory, 'transformerlens');
      const model = { ...loaded, name: `${which} ${task.name} model` };
      const parts = savedParts(cache === null ? null : join(cache, 'parts'), model, until);
      return study({ runtime: nodeRuntime({ threads: 2 }), model, cache, parts }).catch((error: unknown) => {
        if (error instanceof TimeIsUp) return null;
        throw error;
      });
    });
  await write(task.name, ['shipped', 'published']);
}
if (values.task === undefined || values.task === 'ioi') {
  const choice = {
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.bos === undefined ? {} : { bos: values.bos }),
  };
  const which = values.model === undefined ? 'shipped' : 'language';
  if (!values.text) await made('ioi', which, () => measureIoi(choice, values.decoder, cache, until));
  await write('ioi', ['shipped', 'language']);
}
