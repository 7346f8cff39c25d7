/**
 * `inversionview evaluate`: how often a decoder hits the preimage, or how often the probed model is right.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { averageRate, inPreimageRates } from '../inversion/evaluate.js';
import { decoderFor, modelFor } from '../jobs/shipped.js';
import { shortName } from '../models/hooks.js';
import { askedInputs } from '../report/wording.js';
import { taskNamed } from '../tasks/index.js';
import { modelAccuracy } from '../training/accuracy.js';
import {
  type ModelOptions,
  type ThresholdOptions,
  choice,
  printJson,
  runtimeFor,
  sitesOf,
  thresholdOf,
  whole,
  withModelOptions,
  withThreshold,
} from './options.js';

/** Most queries of a decoder: the activations of all of them are held at once. */
const mostQueries = 20_000;

interface EvaluateOptions extends ModelOptions, ThresholdOptions {
  readonly decoder?: string;
  readonly what: 'decoder' | 'model';
  readonly queries?: number;
  readonly sites?: string;
  readonly seed: number;
  readonly json?: true;
}

/** Adds the command. */
export function evaluateCommand(program: Command): void {
  const command = withModelOptions(program.command('evaluate'))
    .addOption(choice('-w, --what <which>', 'what is measured', ['decoder', 'model']).default('decoder'))
    .option('-d, --decoder <dir>', 'decoder directory (default: the shipped one)')
    .option(
      '-q, --queries <n>',
      'queries of the test split a site (default: 200), or inputs of it for a model (default: 20000)',
      whole(1, 1_000_000),
    )
    .option('-s, --sites <names>', 'comma-separated sites (default: all)');
  withThreshold(command)
    .option('--seed <n>', 'draws queries and samples', whole(0), 1)
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview evaluate --queries 200
  inversionview evaluate --task counting --sites a1.0,x1.post --json
  inversionview evaluate --what model --model path/to/checkpoint

A decoder's in-preimage rate: of queries that it was not trained on, the share whose single sample at temperature 1
lies inside the ε-preimage; 90% is very good, and over 200 queries a rate of 90% is known to about ±4 points. A site's
figure is the same whatever other sites are measured with it.
A model's accuracy: the share of inputs whose whole answer is right.
Inputs are called held-out where the model is known not to have trained on them: its provenance.json is that of
train-model. Any other checkpoint may have; its inputs are those of the test split.`,
    )
    .action(async (options: EvaluateOptions) => {
      const task = taskNamed(options.task);
      const runtime = runtimeFor(options);
      const model = await modelFor(task, options.model, options.processing);
      const heldOut = model.trainedOn === task.name;
      if (options.what === 'model') {
        const count = Math.min(options.queries ?? 20_000, task.data.splitSize.test);
        const accuracy = await modelAccuracy(
          runtime,
          model.config,
          (name) => model.parameter(name),
          task,
          count,
        );
        if (options.json) printJson({ accuracy, inputs: count, heldOut });
        else
          process.stdout.write(
            `${(100 * accuracy).toFixed(2)}% of ${askedInputs(count, heldOut)} answered right: ${model.name}\n`,
          );
        return;
      }
      const decoder = await decoderFor(task, options.decoder, model);
      const sites = sitesOf(options.sites, decoder.config.sites);
      const queries = options.queries ?? 200;
      if (queries > mostQueries)
        throw new InputError(`${queries} queries are too many for a decoder: give ${mostQueries} at most.`);
      const line = (name: string, rate: number): string =>
        `${name.padEnd(9)}${(100 * rate).toFixed(1).padStart(5)}%  ${'█'.repeat(Math.round(rate * 40))}\n`;
      const rates = await inPreimageRates(runtime, model, decoder, task, {
        queries,
        seed: options.seed,
        sites,
        ...thresholdOf(options),
        ...(options.json
          ? {}
          : { onSite: ({ site, rate }) => process.stdout.write(line(shortName(site), rate)) }),
      });
      const average = averageRate(rates);
      if (options.json) printJson({ sites: rates, average, queries, heldOut });
      else
        process.stdout.write(
          `${line('average', average)}${askedInputs(queries, heldOut, ['query', 'queries'])} a site: ${decoder.name} on ${model.name}\n`,
        );
    });
}
