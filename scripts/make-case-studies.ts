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
 * Of IOI the shipped model, and a language model with `--task ioi --model FILE --bos TOKEN`, into `ioi.language.json`.
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
import { type Figures } from './case-studies/study.js';
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
  },
});
const until = values.minutes === undefined ? Infinity : Date.now() + 60_000 * Number(values.minutes);
const cache = values.cache ?? null;
mkdirSync(pictures, { recursive: true });
for (const { task, study } of studies) {
  if (values.task !== undefined && values.task !== task.name) continue;
  const directories: Record<string, string | undefined> = values.text ? {} : { shipped: undefined };
  if (values.published !== undefined) directories['published'] = join(values.published, task.name);
  for (const [which, directory] of Object.entries(directories)) {
    if (values.only !== undefined && values.only !== which) continue;
    const started = process.cpuUsage();
    const loaded = await modelFor(task, directory, 'transformerlens');
    const model = { ...loaded, name: `${which} ${task.name} model` };
    const runtime = nodeRuntime({ threads: 2 });
    const parts = savedParts(cache === null ? null : join(cache, 'parts'), model, until);
    const made = await study({ runtime, model, cache, parts }).catch((error: unknown) => {
      if (error instanceof TimeIsUp) return null;
      throw error;
    });
    if (made === null) {
      process.stderr.write(`${model.name}: the time is up; the same command goes on.\n`);
      process.exit(3);
    }
    const { figures, pictures: drawn } = made;
    writeFileSync(join(folder, `${task.name}.${which}.json`), `${JSON.stringify(figures, null, 2)}\n`);
    for (const [name, figure] of Object.entries(drawn))
      writeFileSync(join(pictures, `${task.name}-${name}.${which}.svg`), figureSvg(figure));
    const { user, system } = process.cpuUsage(started);
    process.stderr.write(`${model.name}: ${((user + system) / 1e6).toFixed(0)} s of processor time\n`);
  }
  const page = join(folder, `${task.name}.md`);
  if (!existsSync(page)) continue;
  const measured: Record<string, Figures> = {};
  for (const which of ['shipped', 'published']) {
    const data: unknown = JSON.parse(readFileSync(join(folder, `${task.name}.${which}.json`), 'utf8'));
    Object.assign(measured, { [which]: data });
  }
  writeFileSync(page, await filled(readFileSync(page, 'utf8'), measured satisfies Measured, tables));
}
if (values.task === 'ioi' && !values.text) {
  const which = values.model === undefined ? 'shipped' : 'language';
  const choice = {
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.bos === undefined ? {} : { bos: values.bos }),
  };
  const figures = await measureIoi(choice, cache, until);
  if (figures === null) {
    process.stderr.write('The time is up; the same command goes on.\n');
    process.exit(3);
  }
  writeFileSync(join(folder, `ioi.${which}.json`), `${JSON.stringify(figures, null, 2)}\n`);
}
