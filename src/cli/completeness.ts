/**
 * `inversionview completeness`: does the decoder know of every input inside?
 * @module
 */
import { type Command } from 'commander';
import { completeness } from '../interpret/completeness.js';
import { type CompletenessRecord } from '../interpret/records.js';
import { renderCompleteness } from '../report/bits.js';
import { completenessRows } from '../report/bits-rows.js';
import { completenessFigure } from '../report/plots/completeness.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import {
  type InterpretOptions,
  decoderOf,
  exactAt,
  opened,
  progress,
  queryOf,
  recordOf,
  withInterpretOptions,
} from './interpreting.js';
import { number, printJson, whole } from './options.js';
import { lookFor } from './terminal.js';

interface CompletenessOptions extends InterpretOptions, FigureOptions {
  readonly noise: number;
  readonly draws: number;
  readonly outside: number;
  readonly floor?: number;
  readonly json?: true;
}

/** Adds the command. */
export function completenessCommand(program: Command): void {
  withFigure(withInterpretOptions(program.command('completeness')))
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
Example:
  inversionview completeness --input "835+141=976" --site a0.0 --position "=" --svg completeness.svg

Every input inside the ε-preimage is scored, and some outside: its distance from the query by the probed model
against its log-probability under the decoder. What is inside and has a vanishing probability would not be found.`,
    )
    .action(async (options: CompletenessOptions) => {
      const open = await opened(options);
      const query = await queryOf(open, options);
      const decoder = await decoderOf(open, options);
      const base = recordOf(open, options, query, decoder.name);
      const exact = await exactAt(open, query.site, options);
      const set = await exact.find(query.z, base);
      await exact.dispose();
      const record: CompletenessRecord = {
        ...base,
        completeness: await completeness(open.runtime, decoder, open.task, query, set, {
          epsilon: base.epsilon,
          metric: base.metric,
          noise: options.noise,
          draws: options.draws,
          outside: options.outside,
          ...(options.floor === undefined ? {} : { floor: options.floor }),
          seed: options.seed,
          onProgress: progress('draws of noise'),
        }),
      };
      const texts = (input: number): string => open.task.decode(open.task.data.instance(input));
      await drawn(
        options,
        (theme) => completenessFigure(record, theme),
        record,
        completenessRows(record, texts),
      );
      if (options.json === true) printJson(record);
      else
        process.stdout.write(`${renderCompleteness(record, texts, lookFor(process.stdout, process.env))}\n`);
    });
}
