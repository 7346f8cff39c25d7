/**
 * `inversionview bits`: how much an activation tells, and of what.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { isHeld } from '../tasks/index.js';
import { modelText } from '../models/hooked-model.js';
import { interpretByClasses } from '../interpret/by-classes.js';
import { type Interpretation, createInterpreter } from '../interpret/interpreter.js';
import { createPrior } from '../interpret/prior.js';
import { defaultPlan } from '../interpret/proposal.js';
import { readoutByPlace } from '../interpret/by-place.js';
import { type BitsRecord, type SitesRecord } from '../interpret/records.js';
import { type AskedActivation, type MeasuredBits, mapSites } from '../interpret/site-map.js';
import { renderBits, renderSites } from '../report/bits.js';
import { bitsRows, sitesRows } from '../report/bits-rows.js';
import { bitsFigure } from '../report/plots/bits.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import {
  type InterpretOptions,
  type Opened,
  decoderOf,
  exactAt,
  heldAt,
  opened,
  queryOf,
  recordOf,
  withInterpretOptions,
} from './interpreting.js';
import { printJson, sitesOf, thresholdOf, whole } from './options.js';
import { styleFor, progress } from './terminal.js';

interface BitsOptions extends InterpretOptions, FigureOptions {
  readonly queries?: number;
  readonly sites?: string;
  readonly positions?: string;
  readonly exact: boolean;
  readonly estimate: boolean;
  readonly draws: number;
  readonly blind: number;
  readonly repeats: number;
  readonly rounds: number;
  readonly json?: true;
}

/** Adds the command. */
export function bitsCommand(program: Command): void {
  withFigure(withInterpretOptions(program.command('bits')))
    .option(
      '-q, --queries <n>',
      'queries of the test split a site and place, instead of one input',
      whole(1, 100_000),
    )
    .option('--sites <names>', 'comma-separated sites of --queries (default: all)')
    .option(
      '--positions <places>',
      'comma-separated places of --queries (default: any that the task asks about)',
    )
    .option('--no-exact', 'do not go through all inputs where the task has few enough')
    .option(
      '--no-estimate',
      'ask no decoder: the exact value alone, or, of counting, classes of inputs (see preimage --help)',
    )
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
    .option(
      '--repeats <n>',
      'counting without a decoder: strings drawn of each class with the query’s letters',
      whole(1, 1000),
      2,
    )
    .option(
      '--rounds <n>',
      'counting without a decoder: times that every class is run with other letters',
      whole(0, 10_000),
      8,
    )
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview bits --input "835+141=976" --site a0.0 --position "="
  inversionview bits --queries 50 --sites a0.0,a0.1,x0.post --positions "=,A1" --svg bits.svg
  inversionview bits --queries 20 --site a0.0 --position "=" --features mine.mjs
  inversionview bits --task counting --model DIR --no-estimate --queries 4 --sites a0.0,x0.post --positions query,:

The information in an activation is −log2 P(a random input is in its ε-preimage). Exact: all inputs are run. Estimated:
each distinct input that was found counts with its probability over that of having been found; no number is given
where that rests on too few finds. Its interval holds the true value in at least 95% of cases; those of means over
--queries are Student's. A feature's bits: its entropy over all inputs less that inside the preimage;
consistency: the share of the preimage with the query's own value.

mine.mjs: export default [{ name: 'same hundreds', of: (ids) => (ids[1] === ids[5] ? 'yes' : 'no') }];`,
    )
    .action(async (options: BitsOptions) => {
      const loaded = await opened(options);
      const open = loaded.task.enumeration === undefined && options.exact ? heldAt(loaded, options) : loaded;
      const style = styleFor(process.stdout, process.env);
      if (options.queries === undefined) {
        const record = await bitsOfQuery(open, options);
        await drawn(options, (theme) => bitsFigure(record, theme), record, bitsRows(record));
        if (options.json === true) printJson(record);
        else process.stdout.write(`${renderBits(record, style)}\n`);
        return;
      }
      const record = await bitsOfSites(open, options, options.queries);
      await drawn(options, (theme) => bitsFigure(record, theme), record, sitesRows(record));
      if (options.json === true) printJson(record);
      else process.stdout.write(`${renderSites(record, style)}\n`);
    });
}

/** How activations are asked. */
interface Asking {
  readonly exact: boolean;
  /** Name of the decoder that is asked; null where none is. */
  readonly decoder: string | null;
  open(site: string): Promise<{
    measure(asked: AskedActivation): Promise<MeasuredBits & Pick<Interpretation, 'readout'>>;
    dispose(): Promise<void>;
  }>;
  dispose(): Promise<void>;
}

async function askingOf(open: Opened, options: BitsOptions): Promise<Asking> {
  const { runtime, model, task, features } = open;
  const exact = options.exact && task.enumeration?.kind === 'all';
  if (!exact && !options.estimate) {
    if (task.enumeration?.kind === 'strata') return askingByClasses(open, options);
    throw new InputError(
      'Nothing is left to measure by: leave out --no-estimate, or --no-exact where the task has few enough inputs.',
    );
  }
  // Of inputs that are held in part a decoder of all of them says little.
  const decoder = options.estimate && !isHeld(task) ? await decoderOf(open, options) : null;
  const draws = Math.floor(options.draws / 2);
  const interpreter = createInterpreter(runtime, model, decoder, task, {
    features,
    plan: {
      rounds: defaultPlan.rounds.map(({ temperature }) => ({ temperature, draws })),
      blind: options.blind,
    },
  });
  return {
    exact,
    decoder: decoder?.name ?? null,
    async open(site) {
      const preimages = exact ? await exactAt(open, site, options) : null;
      return {
        measure: (asked) => interpreter.interpret({ ...asked, exact: preimages, ...thresholdOf(options) }),
        dispose: async () => preimages?.dispose(),
      };
    },
    dispose: () => interpreter.dispose(),
  };
}

function askingByClasses({ runtime, model, task, features }: Opened, options: BitsOptions): Asking {
  const prior = createPrior(task, features);
  const { epsilon = task.epsilon, metric = task.metric } = thresholdOf(options);
  const { repeats, rounds } = options;
  return {
    exact: false,
    decoder: null,
    open: () =>
      Promise.resolve({
        async measure({ seed, ...query }) {
          const how = { epsilon, metric, repeats, rounds, seed };
          const answer = await interpretByClasses(runtime, model, prior, query, how);
          const { estimate, sample } = answer;
          return {
            exact: null,
            estimate,
            features: answer.features,
            readout: () => readoutByPlace(prior, sample, answer.features, query.ids, seed, estimate),
          };
        },
        dispose: () => Promise.resolve(),
      }),
    dispose: () => Promise.resolve(),
  };
}

async function bitsOfQuery(open: Opened, options: BitsOptions): Promise<BitsRecord> {
  const query = await queryOf(open, options);
  const asking = await askingOf(open, options);
  try {
    const meter = await asking.open(query.site);
    try {
      const record = recordOf(open, options, query, asking.decoder);
      const { exact, estimate, features, ...answer } = await meter.measure({
        ...query,
        seed: options.seed,
        epsilon: record.epsilon,
        metric: record.metric,
      });
      return {
        ...record,
        exact,
        estimate,
        features,
        readout: answer.readout(),
      };
    } finally {
      await meter.dispose();
    }
  } finally {
    await asking.dispose();
  }
}

async function bitsOfSites(open: Opened, options: BitsOptions, queries: number): Promise<SitesRecord> {
  const { task, model, runtime } = open;
  const sites = sitesOf(options.sites ?? options.site, task.sites);
  const places = (options.positions ?? options.position)?.split(',').map((place) => place.trim()) ?? [null];
  const asking = await askingOf(open, options);
  const { epsilon = task.epsilon, metric = task.metric } = thresholdOf(options);
  try {
    return {
      task: task.name,
      metric,
      epsilon,
      seed: options.seed,
      queries,
      heldOut: model.trainedOn === task.name,
      exact: asking.exact,
      model: modelText(model),
      decoder: asking.decoder,
      ...(options.features === undefined ? {} : { features: open.features.map(({ name }) => name) }),
      ...(await mapSites(runtime, model, task, {
        sites,
        places,
        queries,
        seed: options.seed,
        open: (site) => asking.open(site),
        onProgress: progress('queries'),
      })),
    };
  } finally {
    await asking.dispose();
  }
}
