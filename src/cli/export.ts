/**
 * `inversionview export`: readings as the files of another program.
 * @module
 */
import { existsSync } from 'node:fs';
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { expectWritable, writeDirectoryAtomic } from '../jobs/files.js';
import { streamlitFiles } from '../jobs/export-streamlit.js';
import { decoderFor, modelFor } from '../jobs/shipped.js';
import { viewerPositions } from '../report/index.js';
import { taskNamed } from '../tasks/index.js';
import {
  type ModelOptions,
  choice,
  runtimeFor,
  sitesOf,
  warnOfMalformed,
  whole,
  withModelOptions,
} from './options.js';

interface ExportOptions extends ModelOptions {
  readonly format: 'streamlit';
  readonly decoder?: string;
  readonly input: readonly string[];
  readonly sites?: string;
  readonly seed: number;
  readonly out: string;
}

/** Adds the command. */
export function exportCommand(program: Command): void {
  withModelOptions(program.command('export'))
    .addOption(
      choice('-f, --format <name>', 'streamlit: the cache of the published web app', ['streamlit']).default(
        'streamlit',
      ),
    )
    .option('-d, --decoder <dir>', 'decoder directory (default: the shipped one)')
    .requiredOption('-i, --input <text...>', 'the inputs, as the task writes them')
    .option('-s, --sites <names>', 'comma-separated sites (default: all)')
    .option('--seed <n>', 'the same seed gives the same samples', whole(0), 1)
    .requiredOption('-o, --out <dir>', 'directory to write; must be new')
    .addHelpText(
      'after',
      `
Example:
  inversionview export --input "615+861=1476" --out cache
  cp -r cache/. <the published repository>    (then start its viewer in webAPP/: streamlit run InversionView.py)

Each input is read at every site and at the places that the viewer shows (addition: + = A1 A2 A3; counting:
| query :), with both metrics, and the attention of all heads is added. About half a second a site and place.`,
    )
    .action(async (options: ExportOptions) => {
      if (existsSync(options.out))
        throw new InputError(`${options.out} exists already: choose another directory with --out.`);
      await expectWritable(options.out, true);
      const task = taskNamed(options.task);
      const inputs = [...new Set(options.input)].map((text) => task.encode(text));
      for (const ids of inputs) {
        viewerPositions(
          task.name,
          ids.map((id) => task.vocabulary[id] ?? '?'),
        );
        warnOfMalformed(task, ids);
      }
      const model = await modelFor(task, options.model, options.processing);
      const decoder = await decoderFor(task, options.decoder, model);
      const files = await streamlitFiles(runtimeFor(options), model, decoder, task, {
        inputs,
        sites: sitesOf(options.sites, decoder.config.sites),
        seed: options.seed,
        onPlace: (done, all) => {
          if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${done} of ${all} places`);
        },
      });
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
      await writeDirectoryAtomic(options.out, files);
      process.stdout.write(`Written: ${Object.keys(files).length} files in ${options.out}\n`);
    });
}
