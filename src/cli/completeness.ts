/**
 * `inversionview completeness`: does the decoder know of every input inside?
 * @module
 */
import { type Task } from '../tasks/task.js';
import { capability } from '../tasks/capabilities.js';
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { completeness } from '../interpret/completeness.js';
import {
  drawSites,
  publishedSites,
  sweepCompleteness,
  sweptQueries,
} from '../interpret/completeness-sweep.js';
import { type CompletenessRecord, completenessSweepRecord } from '../interpret/records.js';
import { shortName } from '../models/hooks.js';
import { renderCompleteness } from '../report/bits.js';
import { completenessRows, completenessSweepRows } from '../report/bits-rows.js';
import { renderCompletenessSweep } from '../report/completeness-sweep.js';
import { completenessFigure, completenessGrid } from '../report/plots/completeness.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import {
  type InterpretOptions,
  decoderOf,
  exactAt,
  opened,
  queryOf,
  recordOf,
  withInterpretOptions,
} from './interpreting.js';
import { number, printJson, sitesOf, whole } from './options.js';
import { styleFor, progress } from './terminal.js';

interface CompletenessOptions extends InterpretOptions, FigureOptions {
  readonly sites?: string;
  readonly queries?: number;
  readonly noise: number;
  readonly draws: number;
  readonly outside: number;
  readonly floor?: number;
  readonly json?: true;
}

/** Adds the command. */
export function completenessCommand(program: Command): void {
  withFigure(withInterpretOptions(program.command('completeness')))
    .option(
      '--sites <names>',
      'sweep over comma-separated sites, or "random" for eight drawn by the seed, as published; held-out queries are drawn',
    )
    .option('-q, --queries <n>', 'queries a site of a sweep (default: 1)', whole(1, 1000))
    .option('--noise <x>', 'noise on the activation, in its standard deviations', number(0, 100), 0.1)
    .option('--draws <n>', 'draws of the noise that a probability is averaged over', whole(1, 100_000), 500)
    .option(
      '--outside <n>',
      'inputs outside that are scored too, drawn evenly; 810000 for all (half an hour and more)',
      whole(0, 100_000_000),
      2000,
    )
    .option(
      '--floor <x>',
      'log-probability that counts as vanishing (default: a hundredth of an even share of the preimage)',
      number(-1e6, 0),
    )
    .option('--json', 'print the data, a point for each scored input')
    .addHelpText(
      'after',
      `
Examples:
  inversionview completeness --input "835+141=976" --site a0.0 --position "=" --svg completeness.svg
  inversionview completeness --sites random --svg grid.svg
  inversionview completeness --sites a0.0,x1.post --position "=" --queries 4 --draws 100

Every input inside the ε-preimage is scored, and some outside: its distance from the query by the probed model
against its log-probability under the decoder. What is inside and has a vanishing probability would not be found.
A sweep draws a small scatter for each query, at --position or at random ones of the task's places (published: one of
= A1 A2 A3), and says in how many queries nothing inside is below the floor, with a 95% interval. One pass over all
inputs serves all queries of a site; with few --draws the noise makes the decoder look more incomplete than it is.`,
    )
    .action(async (options: CompletenessOptions) => {
      if (options.sites !== undefined) return sweep(options, options.sites);
      if (options.queries !== undefined)
        throw new InputError('--queries is for a sweep: give --sites with names of sites, or with "random".');
      const open = await opened(options);
      const query = await queryOf(open, options);
      const decoder = await decoderOf(open, options);
      const base = recordOf(open, options, query, decoder.name);
      const exact = await exactAt(open, query.site, options);
      const { epsilon, metric } = base;
      const set = await exact.find(query.z, { epsilon, metric });
      await exact.dispose();
      const record: CompletenessRecord = {
        ...base,
        completeness: await completeness(open.runtime, decoder, open.task, query, set, {
          ...scoringOf(options, base),
          seed: options.seed,
          onProgress: progress('draws of noise'),
        }),
      };
      const texts = textsOf(open.task);
      await drawn(
        options,
        (theme) => completenessFigure(record, theme),
        record,
        completenessRows(record, texts),
      );
      if (options.json === true) printJson(record);
      else
        process.stdout.write(`${renderCompleteness(record, texts, styleFor(process.stdout, process.env))}\n`);
    });
}

/** How inputs are scored. */
const scoringOf = (
  { noise, draws, outside, floor }: CompletenessOptions,
  { epsilon, metric }: Pick<CompletenessRecord, 'epsilon' | 'metric'>,
) => ({ epsilon, metric, noise, draws, outside, ...(floor === undefined ? {} : { floor }) });

/** Many sites and queries. */
async function sweep(options: CompletenessOptions, list: string): Promise<void> {
  if (options.site !== undefined || options.input !== undefined) {
    throw new InputError('A sweep has sites of its own and draws its queries: leave out --site and --input.');
  }
  const open = await opened(options);
  const { task, model, runtime } = open;
  const decoder = await decoderOf(open, options);
  const known = decoder.config.sites;
  const sites =
    list.trim() === 'random' ? drawSites(known, publishedSites, options.seed) : sitesOf(list, known);
  const queries = sweptQueries(task, sites, options.queries ?? 1, options.position ?? null, options.seed);
  const bases = queries.map((query) => recordOf(open, options, query, decoder.name));
  const [first] = bases;
  if (first === undefined) throw new RangeError('a sweep without queries');
  let [shown, show] = [-1, progress('')];
  const scored = await sweepCompleteness(runtime, model, decoder, task, queries, {
    ...scoringOf(options, first),
    seed: options.seed,
    exactAt: (site) => exactAt(open, site, options),
    onProgress(at, done, all) {
      if (at !== shown) {
        const what = `${shortName(queries[at]?.site ?? '')}, query ${at + 1} of ${queries.length}`;
        [shown, show] = [at, progress(`draws of noise at ${what}`)];
      }
      show(done, all);
    },
  });
  const cells = bases.flatMap((base, at) => {
    const own = scored[at];
    return own === undefined ? [] : [{ ...base, completeness: own }];
  });
  const record = completenessSweepRecord(cells, model.trainedOn === task.name);
  await drawn(
    options,
    (theme) => completenessGrid(record, theme),
    record,
    completenessSweepRows(record, textsOf(task)),
  );
  if (options.json === true) printJson(record);
  else process.stdout.write(`${renderCompletenessSweep(record, styleFor(process.stdout, process.env))}\n`);
}

/** Texts of a task's inputs by number. */
function textsOf(task: Task): (input: number) => string {
  const { instance } = capability(task, 'data', 'Completeness');
  return (input) => task.decode(instance(input));
}
