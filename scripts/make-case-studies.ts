/**
 * Makes the figures of docs/case-studies and writes them into the pages: `npm run case-studies`.
 *
 * Of the shipped models, always. Of the published checkpoints with `--published DIR`, a directory with one of each task
 * (`DIR/addition`, `DIR/counting`, as Hugging Face has them); without it their figures stay as they are.
 * `--task NAME` makes one of the two, `--only shipped` or `--only published` one of the models; `--cache DIR` keeps passes over all additions (0.3 GB a head) for the next time;
 * `--text` measures nothing and writes the numbers that are there into the pages.
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeRuntime } from '../src/engine/runtime/node.js';
import { modelFor } from '../src/jobs/shipped.js';
import { figureSvg } from '../src/report/plots/index.js';
import { addition, counting } from '../src/tasks/index.js';
import { studyAddition } from './case-studies/addition.js';
import { studyCounting } from './case-studies/counting.js';
import { type Measured, filled } from './case-studies/document.js';
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
    text: { type: 'boolean', default: false },
  },
});
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
    const { figures, pictures: drawn } = await study({ runtime, model, cache: values.cache ?? null });
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
