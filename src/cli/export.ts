/**
 * `inversionview export`: readings as the files of another program.
 * @module
 */
import { tokensOf } from '../tasks/tokens.js';
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { mostCandidates } from '../inversion/rounds.js';
import { candidatesAtTemperature, streamlitFiles } from '../jobs/export-streamlit.js';
import { decoderFor, modelFor } from '../jobs/shipped.js';
import { expectViewerFolder, writeViewerCache } from '../jobs/viewer-cache.js';
import { resolveSite } from '../models/hooks.js';
import { viewerPositions } from '../report/index.js';
import { type Task } from '../tasks/index.js';
import { taskNamed, taskNames, taskOf, viewers } from '../studies/index.js';

import {
  type ModelOptions,
  choice,
  number,
  runtimeFor,
  sitesOf,
  warnOfMalformed,
  whole,
  withRunOptions,
} from './options.js';
import { progress } from './terminal.js';

interface ExportOptions extends Omit<ModelOptions, 'task'> {
  readonly format: 'streamlit';
  readonly task?: string;
  readonly decoder?: string;
  readonly input: readonly string[];
  readonly sites?: string;
  readonly seed: number;
  readonly epsilon?: number;
  readonly candidates?: number;
  readonly temperature?: readonly number[];
  readonly out: string;
}

/** Adds the command. */
export function exportCommand(program: Command): void {
  withRunOptions(
    program
      .command('export')
      .addOption(
        choice('-f, --format <name>', 'streamlit: the cache of the published web app', ['streamlit']).default(
          'streamlit',
        ),
      )
      .addOption(
        choice('-t, --task <name>', "task of the inputs (default: each input's own, by its form)", taskNames),
      ),
  )
    .option('-d, --decoder <dir>', 'decoder directory (default: the shipped one)')
    .requiredOption('-i, --input <text...>', 'the inputs, as their tasks write them')
    .option('-s, --sites <names>', 'comma-separated sites (default: all)')
    .option('--seed <n>', 'the same seed gives the same samples', whole(0), 1)
    .option(
      '-e, --epsilon <x>',
      "largest distance that counts as inside where 70% of the shown shall be (default: the task's, 0.1)",
      number(0, 1e6),
    )
    .option(
      '-n, --candidates <n>',
      `candidates of each reading (default: 1024 in auto mode, ${candidatesAtTemperature} at a temperature)`,
      whole(1, mostCandidates),
    )
    .option(
      '--temperature <list>',
      'temperatures to read at besides auto mode, as in 0.5,1,2,4, which the app offers to choose from',
      temperatures,
    )
    .requiredOption('-o, --out <dir>', 'a new directory, or an earlier export or the app to add to')
    .addHelpText(
      'after',
      `
Examples:
  inversionview export --input "615+861=1476" "vvzccvczvvvzvcvc|v:8" --out <the published repository>
  inversionview export --input "615+861=1476" --sites a0.0,x1.post --temperature 0.5,1,2,4 --out cache

The viewer is started in webAPP/ of the published repository: streamlit run InversionView.py. Each input is read at
every site and at the places that it shows (addition: + = A1 A2 A3; counting: | query :), with both metrics, and the
attention of all heads is added. About half a second a site and place. Its pages open with addition: where the directory
that is added to has none, an empty example stands in for it until there is one. The viewer draws its rule at 0.1
whatever --epsilon.`,
    )
    .action(async (options: ExportOptions) => {
      await expectViewerFolder(options.out);
      const groups = inputsByTask(options);
      const tasks = [...groups.keys()];
      if (tasks.length > 1 && (options.model ?? options.decoder) !== undefined) {
        throw new InputError(
          '--model and --decoder are of one task: export its inputs alone, and the others into the same directory after it.',
        );
      }
      const runtime = runtimeFor(options);
      const { seed, epsilon, candidates, temperature } = options;
      const files: Record<string, Uint8Array> = {};
      for (const [task, inputs] of groups) {
        const model = await modelFor(task, options.model, options.processing);
        const decoder = await decoderFor(task, options.decoder, model);
        const made = await streamlitFiles(runtime, model, decoder, task, {
          inputs,
          sites: sitesOfTask(options.sites, decoder.config.sites, tasks),
          seed,
          ...(epsilon === undefined ? {} : { epsilon }),
          ...(candidates === undefined ? {} : { candidates }),
          ...(temperature === undefined ? {} : { temperatures: temperature }),
          onPlace: progress(`places of ${task.name}`),
        });
        Object.assign(files, made);
      }
      const written = await writeViewerCache(options.out, files);
      process.stdout.write(`Written: ${written.files} files in ${options.out}\n`);
      if (written.lacksAddition) {
        process.stderr.write(
          'The viewer opens with addition, and there is none here: copy this to where there is, or export into the app itself with --out.\n',
        );
      }
    });
}

/** Ids of the inputs by task, in the order given, each once; warns of those that are none of the task's. */
function inputsByTask({ task: named, input }: ExportOptions): Map<Task, number[][]> {
  const groups = new Map<Task, number[][]>();
  for (const text of new Set(input)) {
    const task = named === undefined ? taskOf(text) : taskNamed(named);
    const ids = task.encode(text);
    viewerPositions(task.name, tokensOf(task, ids), viewers);
    warnOfMalformed(task, ids);
    groups.set(task, [...(groups.get(task) ?? []), ids]);
  }
  return groups;
}

/**
 * The sites of a list that a task has. Tasks have different ones: with several, each takes its own.
 * @throws InputError for a site that none has, or a task that has none of the list
 */
function sitesOfTask(
  list: string | undefined,
  accepted: readonly string[],
  tasks: readonly Task[],
): readonly string[] {
  if (list === undefined || tasks.length === 1) return sitesOf(list, accepted);
  const has = (sites: readonly string[], name: string): boolean => {
    try {
      resolveSite(name, sites);
      return true;
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  };
  const names = list.split(',');
  const own = names.filter((name) => has(accepted, name) || !tasks.some(({ sites }) => has(sites, name)));
  // Where nothing is left, the whole list is refused in the words of the task.
  return sitesOf((own.length === 0 ? names : own).join(','), accepted);
}

/** Numbers of a comma-separated list. */
function temperatures(text: string): readonly number[] {
  return [...new Set(text.split(',').map(number(0.001, 1000)))];
}
