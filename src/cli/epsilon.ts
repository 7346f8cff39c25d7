/**
 * `inversionview epsilon`: chooses the ε of sites and places from their exact curves, and keeps it.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { type EpsilonQuestion, type SiteEpsilon, siteEpsilons } from '../interpret/site-epsilons.js';
import { cacheDirectory, storeIn } from '../jobs/cache.js';
import { epsilonFiles, epsilonsBySite, keepEpsilons } from '../jobs/epsilon-file.js';
import { expectWritable } from '../jobs/files.js';
import { templateHash } from '../jobs/model-provenance.js';
import { portableName } from '../jobs/open-model.js';
import { isStudy } from '../jobs/open-task.js';
import { openTemplate } from '../jobs/templates.js';
import { modelText } from '../models/hooked-model.js';
import { renderEpsilons } from '../report/epsilons.js';
import { type Task, isTemplateTask } from '../tasks/index.js';
import {
  type ModelOptions,
  choice,
  openedTask,
  printJson,
  runtimeFor,
  sitesOf,
  whole,
  withModelOptions,
} from './options.js';
import { progress, styleFor } from './terminal.js';

interface EpsilonOptions extends ModelOptions {
  readonly sites?: string;
  readonly positions?: string;
  readonly vary?: string;
  readonly fillers?: number;
  readonly passes: number;
  readonly queries: number;
  readonly metric?: Task['metric'];
  readonly seed: number;
  readonly out?: string;
  readonly cache?: string | false;
  readonly json?: true;
}

/** Adds the command. */
export function epsilonCommand(program: Command): void {
  withModelOptions(program.command('epsilon'))
    .option('--sites <names>', 'comma-separated sites (default: all of the template)')
    .option('--positions <places>', 'comma-separated names of places (default: the template’s positions)')
    .option(
      '--vary <parts>',
      'slots (and "pattern") that vary in the exact sets (default: those that the contrast draws anew)',
    )
    .option('--fillers <n>', 'most fillers of a list, taken evenly from it (default: all)', whole(2))
    .option(
      '--passes <n>',
      'passes, each over the inputs that agree with another text in what does not vary',
      whole(1, 100),
      2,
    )
    .option('--queries <n>', 'queries of each pass', whole(1, 1000), 12)
    .addOption(
      choice('--metric <name>', "how distance is measured (default: the template's)", [
        'euclidean',
        'cosine',
      ]),
    )
    .option('--seed <n>', 'decides texts and queries', whole(0), 1)
    .option(
      '-o, --out <file>',
      'where it is kept (default: beside the template, or in the cache for shipped ones)',
    )
    .option('--cache <dir>', `where passes over all inputs are kept (default: ${cacheDirectory()})`)
    .option('--no-cache', 'keep no passes')
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview epsilon --task ioi
  inversionview epsilon --task mine.yaml --model openai-community/gpt2 --sites a9.9,a10.0 --positions END --fillers 30

As ε grows, more inputs come inside. Where their number hardly grows for a while, what is inside is held together:
a plateau. For every site and place, the curves of all queries (distances at the place, all inputs of a pass run once) are
averaged, and ε is put on the first plateau. read, preimage, bits of one input, explain and the workbench then read the site
there at it unless --epsilon is given, and say so. It counts for this model and this text of the template alone. Without
a plateau the template's own epsilon holds.`,
    )
    .action(async (options: EpsilonOptions) => {
      if (isStudy(options.task))
        throw new InputError(`${options.task} has one ε for all its sites: epsilon is for template tasks.`);
      const [beside] = epsilonFiles(options.task);
      const file = options.out ?? beside;
      if (options.out !== undefined) await expectWritable(options.out);
      const template = await openTemplate(options.task);
      const open = await openedTask(options);
      const { task } = open;
      const places = placesOf(task, options);
      const sites = sitesOf(options.sites, task.sites);
      const model = await open.model();
      const { passes, queries, seed } = options;
      const vary = options.vary?.split(',').map((part) => part.trim());
      const metric = options.metric ?? task.metric;
      const question: EpsilonQuestion = {
        sites,
        places,
        passes,
        queries,
        seed,
        metric,
        ...(vary === undefined ? {} : { vary }),
      };
      const directory = options.cache === undefined ? cacheDirectory() : options.cache;
      const chosen = await siteEpsilons(runtimeFor(options), model, task, question, {
        ...(directory === false ? {} : { store: storeIn(directory) }),
        onNotSaved: (reason) => process.stderr.write(`Not kept for the next time: ${reason}\n`),
        onProgress: progress('inputs run'),
      });
      await keepEpsilons(file, task.name, {
        model: portableName(model.name),
        hash: model.hash,
        processing: model.processing,
        template: await templateHash(template),
        metric,
        fillers: options.fillers ?? null,
        passes,
        queries,
        seed,
        vary: vary ?? null,
        sites: epsilonsBySite(chosen),
      });
      print(task, modelText(model), chosen, { ...options, file });
    });
}

function print(
  task: Task,
  model: string,
  chosen: readonly SiteEpsilon[],
  { json, file }: EpsilonOptions & { readonly file: string },
): void {
  if (json === true) printJson({ task: task.name, model, file, sites: chosen });
  else
    process.stdout.write(
      `${renderEpsilons({ task: task.name, model, epsilon: task.epsilon, chosen, file }, styleFor(process.stdout, process.env))}\n`,
    );
}

/** Places that are asked about. @throws InputError for one that the template does not name */
function placesOf(task: Task, { positions }: EpsilonOptions): string[] {
  if (!isTemplateTask(task)) throw new InputError(`${task.name} is no template task.`);
  const { template } = task.texts;
  const known = template.places.map(({ name }) => name);
  const wanted = positions?.split(',').map((place) => place.trim()) ?? template.positions ?? known;
  for (const place of wanted)
    if (!known.includes(place))
      throw new InputError(
        `"${place}" is no place of ${task.name}: ε is chosen at named ones. Places: ${known.join(', ') || 'none'}.`,
      );
  if (wanted.length === 0) throw new InputError(`${task.name} names no places: give it some under "places".`);
  return [...wanted];
}
