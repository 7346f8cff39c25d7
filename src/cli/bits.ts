/**
 * `inversionview bits`: how much an activation tells, and of what.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { type ExactPreimages } from '../inversion/enumerate/exact.js';
import { type Interpreter, createInterpreter } from '../interpret/interpreter.js';
import { type QueryBits, siteBits } from '../interpret/mutual-information.js';
import { defaultPlan } from '../interpret/proposal.js';
import { activationsOf, drawQueries } from '../interpret/queries.js';
import { type BitsRecord, type SitesRecord, agreementOf } from '../interpret/records.js';
import { randomFor } from '../random.js';
import { renderBits, renderSites } from '../report/bits.js';
import { bitsRows, sitesRows } from '../report/bits-rows.js';
import { bitsFigure } from '../report/plots/bits.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import {
  type InterpretOptions,
  type Opened,
  decoderOf,
  exactAt,
  modelText,
  opened,
  progress,
  queryOf,
  recordOf,
  withInterpretOptions,
} from './interpreting.js';
import { printJson, sitesOf, thresholdOf, whole } from './options.js';
import { lookFor } from './terminal.js';

interface BitsOptions extends InterpretOptions, FigureOptions {
  readonly queries?: number;
  readonly sites?: string;
  readonly positions?: string;
  readonly exact: boolean;
  readonly estimate: boolean;
  readonly draws: number;
  readonly blind: number;
  readonly json?: true;
}

/** Adds the command. */
export function bitsCommand(program: Command): void {
  withFigure(withInterpretOptions(program.command('bits')))
    .option('-q, --queries <n>', 'held-out queries a site and place, instead of one input', whole(1, 100_000))
    .option('--sites <names>', 'comma-separated sites of --queries (default: all)')
    .option(
      '--positions <places>',
      'comma-separated places of --queries (default: any that the task asks about)',
    )
    .option('--no-exact', 'do not go through all inputs where the task has few enough')
    .option('--no-estimate', 'do not draw from the decoder where the exact value is known')
    .option(
      '--draws <n>',
      'draws of the decoder, half at temperature 1 and half at 2',
      whole(2, 1_000_000),
      2048,
    )
    .option(
      '--blind <n>',
      'draws from the input distribution beside them',
      whole(0, 10_000_000),
      defaultPlan.blind,
    )
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview bits --input "835+141=976" --site a0.0 --position "="
  inversionview bits --queries 50 --sites a0.0,a0.1,x0.post --positions "=,A1" --svg bits.svg
  inversionview bits --queries 20 --site a0.0 --position "=" --features mine.mjs

The information in an activation is −log2 P(a random input is in its ε-preimage). Exact: all inputs are run. Estimated:
each distinct input that was found counts with its probability over that of having been found; no number is given
where that rests on too few finds. A feature's bits: its entropy over all inputs less that inside the preimage;
consistency: the share of the preimage with the query's own value.

mine.mjs: export default [{ name: 'same hundreds', of: (ids) => (ids[1] === ids[5] ? 'yes' : 'no') }];`,
    )
    .action(async (options: BitsOptions) => {
      const open = await opened(options);
      const look = lookFor(process.stdout, process.env);
      if (options.queries === undefined) {
        const record = await bitsOfQuery(open, options);
        await drawn(options, (theme) => bitsFigure(record, theme), record, bitsRows(record));
        if (options.json === true) printJson(record);
        else process.stdout.write(`${renderBits(record, look)}\n`);
        return;
      }
      const record = await bitsOfSites(open, options, options.queries);
      await drawn(options, (theme) => bitsFigure(record, theme), record, sitesRows(record));
      if (options.json === true) printJson(record);
      else process.stdout.write(`${renderSites(record, look)}\n`);
    });
}

/** What answers, and whether all inputs are gone through. */
async function interpreterOf(
  open: Opened,
  options: BitsOptions,
): Promise<{ interpreter: Interpreter; exact: boolean; decoder: string | null }> {
  const exact = options.exact && open.task.enumeration?.kind === 'all';
  if (!exact && !options.estimate)
    throw new InputError(
      'Nothing is left to measure by: leave out --no-estimate, or --no-exact where the task has few enough inputs.',
    );
  const decoder = options.estimate ? await decoderOf(open, options) : null;
  const draws = Math.floor(options.draws / 2);
  const interpreter = createInterpreter(open.runtime, open.model, decoder, open.task, {
    features: open.features,
    plan: {
      rounds: defaultPlan.rounds.map(({ temperature }) => ({ temperature, draws })),
      blind: options.blind,
    },
  });
  return { interpreter, exact, decoder: decoder?.name ?? null };
}

async function bitsOfQuery(open: Opened, options: BitsOptions): Promise<BitsRecord> {
  const query = await queryOf(open, options);
  const { interpreter, exact, decoder } = await interpreterOf(open, options);
  const preimages = exact ? await exactAt(open, query.site, options) : null;
  try {
    const told = await interpreter.interpret({
      ...query,
      seed: options.seed,
      exact: preimages,
      ...thresholdOf(options),
    });
    const { exact: known, estimate, features } = told;
    return {
      ...recordOf(open, options, query, decoder),
      exact: known,
      estimate,
      features,
      readout: told.readout(),
    };
  } finally {
    await interpreter.dispose();
    await preimages?.dispose();
  }
}

async function bitsOfSites(open: Opened, options: BitsOptions, queries: number): Promise<SitesRecord> {
  const { task, model, runtime } = open;
  const sites = sitesOf(options.sites ?? options.site, task.sites);
  const places = (options.positions ?? options.position)?.split(',').map((place) => place.trim()) ?? [null];
  const { interpreter, exact, decoder } = await interpreterOf(open, options);
  const asked = places.map((place) => ({ place, queries: drawQueries(task, queries, place, options.seed) }));
  const rows: SitesRecord['sites'][number][] = [];
  const pairs: Parameters<typeof agreementOf>[0][number][] = [];
  const show = progress('queries');
  let done = 0;
  try {
    for (const site of sites) {
      const preimages: ExactPreimages | null = exact ? await exactAt(open, site, options) : null;
      for (const { place, queries: placed } of asked) {
        const activations = await activationsOf(runtime, model, task, site, placed);
        const answers: QueryBits[] = [];
        for (const [at, { ids }] of placed.entries()) {
          const {
            exact: known,
            estimate,
            features,
          } = await interpreter.interpret({
            ids,
            site,
            z: activations[at] ?? new Float32Array(0),
            seed: options.seed + at,
            exact: preimages,
            ...thresholdOf(options),
          });
          answers.push({ bits: known === null ? (estimate?.bits ?? null) : known.bits, features });
          pairs.push({ exact: known?.bits ?? null, estimate });
          show(++done, sites.length * places.length * queries);
        }
        rows.push({ site, place, ...siteBits(answers, randomFor(options.seed, 'redraws')) });
      }
      await preimages?.dispose();
    }
  } finally {
    await interpreter.dispose();
  }
  const { epsilon = task.epsilon, metric = task.metric } = thresholdOf(options);
  return {
    task: task.name,
    metric,
    epsilon,
    seed: options.seed,
    queries,
    exact,
    model: modelText(model),
    decoder,
    sites: rows,
    agreement: exact && decoder !== null ? agreementOf(pairs) : null,
  };
}
