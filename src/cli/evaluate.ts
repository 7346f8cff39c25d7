/**
 * `inversionview evaluate`: how often a decoder hits the preimage, or how often the probed model is right.
 * @module
 */
import { type Command } from 'commander';
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { conditionOf } from '../interpret/condition.js';
import { type SiteRate, averageRate, inPreimageRates } from '../inversion/evaluate.js';
import { answerTexts } from '../causal/text-answers.js';
import { modelText } from '../models/hooked-model.js';
import { type OpenedTask } from '../jobs/open-task.js';
import { decoderFor } from '../jobs/shipped.js';
import { shortName } from '../models/hooks.js';
import { renderAnswers } from '../report/text-answers.js';
import { askedInputs } from '../report/wording.js';
import { type Share, shareOf } from '../share.js';
import { type Feature, type Task, type TemplateTask, featuresOf, isTemplateTask } from '../tasks/index.js';
import { answeredRight, heldOutWhere } from '../training/accuracy.js';
import { knownFeatures } from './interpreting.js';
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
  openedTask,
} from './options.js';
import { progress, styleFor } from './terminal.js';

/** Most queries of a decoder: the activations of all of them are held at once. */
const mostQueries = 20_000;

interface EvaluateOptions extends ModelOptions, ThresholdOptions {
  readonly decoder?: string;
  readonly what: 'decoder' | 'model';
  readonly queries?: number;
  readonly sites?: string;
  readonly only?: string;
  readonly features?: string;
  readonly by?: string;
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
    .option('-s, --sites <names>', 'comma-separated sites of a decoder (default: all)')
    .option(
      '--only <condition>',
      'of a model: only inputs with a value of a feature: F2+S2=9, A1!=1, several with commas',
    )
    .option('-f, --features <files>', 'comma-separated .mjs files with more features that --only can name')
    .option(
      '--by <features>',
      "of a model of texts: figures by the values of comma-separated features, or none (default: what the template's patterns say of themselves)",
    );
  withThreshold(command)
    .option('--seed <n>', 'draws queries and samples', whole(0), 1)
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview evaluate --queries 200
  inversionview evaluate --task counting --sites a1.0,x1.post --json
  inversionview evaluate --what model --model path/to/checkpoint --only F2+S2=9
  inversionview evaluate --what model --task facts --model openai-community/gpt2 --by relation

A decoder's in-preimage rate: of queries that it was not trained on, the share whose single sample at temperature 1
lies inside the ε-preimage; 90% is very good, and over 200 queries a rate of 90% is known to about ±4 points. A site's
figure is the same whatever other sites are measured with it.
A model's accuracy: the share of inputs whose whole answer is right, of all or of those that meet a condition.
Of texts it is how often the answer's first token has the highest logit, the mean place of that token among all, and,
for comparison, how often the commonest answer would be right.
Inputs are called held-out where the model is known not to have trained on them: its provenance.json is that of
train-model. Any other checkpoint may have; its inputs are those of the test split.
Intervals are 95% intervals (Wilson's). --queries 1000000 takes all inputs of the test split.`,
    )
    .action(async (options: EvaluateOptions) => {
      const open = await openedTask(options);
      if (options.what === 'decoder' && (options.only ?? options.features) !== undefined) {
        throw new InputError(
          '--only and --features are for a model’s accuracy: give --what model with them.',
        );
      }
      if (options.by !== undefined && (options.what === 'decoder' || !isTemplateTask(open.task)))
        throw new InputError(
          '--by parts the texts of a template task by feature: give --what model and such a task.',
        );
      const runtime = runtimeFor(options);
      if (options.what === 'model') {
        await accuracy(runtime, open.task, open.model, options);
        return;
      }
      const { task, model } = await open.whole();
      const heldOut = model.trainedOn === task.name;
      const decoder = await decoderFor(task, options.decoder, model);
      const sites = sitesOf(options.sites, decoder.config.sites);
      const queries = options.queries ?? 200;
      if (queries > mostQueries)
        throw new InputError(`${queries} queries are too many for a decoder: give ${mostQueries} at most.`);
      const line = (name: string, rate: number, interval = ''): string =>
        `${name.padEnd(9)}${(100 * rate).toFixed(1).padStart(5)}%  ${interval.padEnd(14)}${'█'.repeat(Math.round(rate * 40))}\n`;
      const known = ({ rate }: SiteRate): Share => shareOf(Math.round(rate * queries), queries);
      const rates = await inPreimageRates(runtime, model, decoder, task, {
        queries,
        seed: options.seed,
        sites,
        ...thresholdOf(options),
        ...(options.json
          ? {}
          : {
              onSite: (one) =>
                process.stdout.write(line(shortName(one.site), one.rate, intervalText(known(one)))),
            }),
      });
      const average = averageRate(rates);
      const chosen = options.epsilon === undefined && (task.epsilons?.length ?? 0) > 0;
      if (options.json) {
        const sites = rates.map((one) => ({ ...one, low: known(one).low, high: known(one).high }));
        printJson({ sites, average, queries, heldOut });
      } else
        process.stdout.write(
          `${line('average', average)}${askedInputs(queries, heldOut, ['query', 'queries'])} a site${chosen ? ', at the ε chosen for site and place' : ''}, with 95% intervals: ${decoder.name} on ${model.name}\n`,
        );
    });
}

/** `82.1 to 90.4`, in percent. */
const intervalText = ({ low, high }: Share): string =>
  `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;

/** Measures the probed model and says how it did. */
async function accuracy(
  runtime: Runtime,
  task: Task,
  readModel: OpenedTask['model'],
  options: EvaluateOptions,
): Promise<void> {
  if (isTemplateTask(task)) {
    await textAccuracy(runtime, task, readModel, options);
    return;
  }
  const known = await knownFeatures(task, options.features);
  const only = options.only === undefined ? null : conditionOf(task, options.only, known);
  const inputs = heldOutWhere(task, options.queries ?? 20_000, only?.holds);
  if (inputs.length === 0) {
    throw new InputError(`No input of ${task.name}'s test split meets ${only?.text ?? 'this'}.`);
  }
  const model = await readModel();
  const parameter = (name: string) => model.parameter(name);
  const right = await answeredRight(
    runtime,
    model.architecture,
    parameter,
    task,
    inputs,
    progress('inputs answered'),
  );
  const share = shareOf(right, inputs.length);
  const heldOut = model.trainedOn === task.name;
  if (options.json === true) {
    const { share: accuracy, low, high } = share;
    printJson({ accuracy, low, high, right, inputs: inputs.length, only: only?.text ?? null, heldOut });
    return;
  }
  const which = only === null ? '' : ` with ${only.text}`;
  const percent = (100 * share.share).toFixed(2);
  process.stdout.write(
    `${percent}% (95% interval ${intervalText(share)}) of ${askedInputs(inputs.length, heldOut)}${which} answered right: ${model.name}\n`,
  );
}

/** Texts asked by default: each is a run of a language model. */
const usualTexts = 400;

/** Measures how a language model answers a template's texts. */
async function textAccuracy(
  runtime: Runtime,
  task: TemplateTask,
  readModel: OpenedTask['model'],
  options: EvaluateOptions,
): Promise<void> {
  if ((options.only ?? options.features) !== undefined)
    throw new InputError('--only and --features are for tasks whose inputs can be listed: leave them out.');
  const by = partingFeatures(task, options.by);
  const model = await readModel();
  const answers = await answerTexts(runtime, model, task, options.queries ?? usualTexts, options.seed, {
    all: model.trainedOn !== task.name,
    by,
    onProgress: progress('texts answered'),
  });
  if (options.json === true) {
    printJson({ task: task.name, ...answers, model: modelText(model) });
    return;
  }
  const { width } = styleFor(process.stdout, process.env);
  process.stdout.write(`${renderAnswers(answers, { task, model: model.name, width })}\n`);
}

/** The features that part texts: those named, or what the patterns say of themselves, and which pattern it is. */
function partingFeatures(task: TemplateTask, names: string | undefined): readonly Feature[] {
  if (names === 'none') return [];
  if (names !== undefined) return featuresOf(task, { names: names.split(',') });
  const own = [...new Set(task.texts.template.patterns.flatMap(({ attributes }) => [...attributes.keys()]))];
  return own.length === 0 ? [] : featuresOf(task, { names: own });
}
