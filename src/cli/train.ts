/**
 * `inversionview train-model` and `train-decoder`.
 * @module
 */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import cliProgress from 'cli-progress';
import { InputError } from '../input-error.js';
import { templateHash } from '../jobs/model-provenance.js';
import { expectTask, isStudy, namedTasks } from '../jobs/open-task.js';
import { resumedTask } from '../jobs/run-start.js';
import { openTemplate } from '../jobs/templates.js';
import { trainDecoder } from '../jobs/train-decoder.js';
import { trainModel } from '../jobs/train-model.js';
import { type Progress } from '../jobs/training-loop.js';
import { recordTraining } from '../jobs/training-record.js';
import { isLarge } from '../models/hooked-model.js';
import { resolveSite } from '../models/hooks.js';
import { type Task, type Template } from '../tasks/index.js';
import { decoderPresets, decoderRecipe, modelPresets, modelRecipe, taskNames } from '../studies/index.js';
import { type DecoderRecipe } from '../training/decoder-recipe.js';
import { type ModelRecipe } from '../training/model-recipe.js';
import { namedPreset } from '../training/presets.js';
import { textModelSettings, textSettings } from '../training/text-settings.js';
import { progress as progressOf } from './terminal.js';
import {
  type ModelOptions,
  choice,
  number,
  openedTask,
  runtimeFor,
  whole,
  withBos,
  withRunOptions,
} from './options.js';

interface RunOptions extends ModelOptions {
  readonly out?: string;
  readonly resume?: string;
  readonly preset: string;
  readonly seed: number;
  readonly steps?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly evaluateEvery: number;
  readonly checkpointSeconds: number;
}

const taskArgument = `${taskNames.join(', ')}, a template task (ioi …), or a .yaml or .json file of your own`;

const withTraining = (command: Command, what: string, presets: readonly string[]): Command =>
  command
    .option('-o, --out <dir>', `directory of the training; must be new (default: runs/<task>-${what})`)
    .addOption(
      new Option(
        '--resume <dir>',
        'go on with a training that was stopped; its recipe is kept, and the result is bit for bit that of an unbroken run',
      ).conflicts(['out', 'preset', 'seed', 'steps', 'batch', 'learningRate', 'form']),
    )
    .addOption(
      choice('--preset <name>', 'recipe: the published one, or ours for two processors', presets).default(
        'fast',
      ),
    )
    .option('--seed <n>', 'decides the start, the data and their order', whole(0, 0xffffffff), 0)
    .option('--steps <n>', "steps instead of the recipe's; the schedule is fitted to them", whole(1, 1e9))
    .option('--batch <n>', "batch instead of the recipe's", whole(1, 65_536))
    .option('--learning-rate <x>', "highest learning rate instead of the recipe's", number(1e-9, 10))
    .option('--checkpoint-seconds <n>', 'seconds between checkpoints', number(1, 86_400), 60);

const directoryHelp = `
Ctrl-C stops after the step and saves; --resume goes on. A second Ctrl-C stops at once: the last checkpoint stays.
SIGTERM and the end of the terminal (SIGHUP) save and stop, too. One process at a time trains in a directory.
The directory holds recipe.json and checkpoint.safetensors (to go on), and at the end`;

/** A recipe with what the command line changes of it. */
function changed<R extends ModelRecipe | DecoderRecipe>(
  recipe: R,
  { steps, batch, learningRate }: RunOptions,
): R {
  const total = steps ?? recipe.schedule.steps;
  return {
    ...recipe,
    batch: batch ?? recipe.batch,
    schedule: {
      ...recipe.schedule,
      peak: learningRate ?? recipe.schedule.peak,
      steps: total,
      // A short training must not be over before it has warmed up.
      warmup: Math.min(recipe.schedule.warmup, Math.floor(total / 10)),
    },
  };
}

/** What a training that is watched tells, and listens to. */
interface Watch {
  readonly onBegin: () => void;
  readonly onCollected: (done: number, all: number) => void;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Ctrl-C, a stop from elsewhere, and the end of the terminal or the connection that it was started from. */
const stops = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs a training with a bar and a record for others to watch, and with signals as a stop that saves. @returns the exit code */
async function watched(
  directory: string,
  kind: 'model' | 'decoder',
  { model, processing }: Pick<ModelOptions, 'model' | 'processing'>,
  run: (watch: Watch) => Promise<boolean>,
): Promise<number> {
  const controller = new AbortController();
  const recorder = recordTraining(directory, {
    kind,
    model: model === undefined ? null : resolve(model),
    processing: processing ?? 'transformerlens',
  });
  const stop = (signal: NodeJS.Signals): void => {
    // The end of a terminal may come as several signals: only a person asks twice.
    if (controller.signal.aborted) {
      if (signal === 'SIGINT') process.exit(130);
      return;
    }
    controller.abort();
    recorder.pausing();
    process.stderr.write('\nStopping after this step; the state is being saved.\n');
  };
  for (const signal of stops) process.on(signal, stop);
  const bar = process.stderr.isTTY
    ? new cliProgress.SingleBar(
        { format: '{bar} {value}/{total} steps  loss {loss}  {elapsed} s', stream: process.stderr },
        cliProgress.Presets.shades_classic,
      )
    : null;
  let started = false;
  try {
    const onProgress = (progress: Progress): void => {
      recorder.progress(progress);
      const loss = progress.loss.toFixed(4);
      const elapsed = progress.seconds.toFixed(0);
      if (bar !== null && !started) bar.start(progress.steps, progress.step, { loss, elapsed });
      started = true;
      bar?.update(progress.step, { loss, elapsed });
      if (progress.figures !== undefined) {
        const figures = Object.entries(progress.figures).map(
          ([name, value]) => `${name} ${value.toFixed(3)}`,
        );
        const line = `step ${progress.step}/${progress.steps}  loss ${loss}  ${elapsed} s  ${figures.join('  ')}\n`;
        if (bar === null) process.stderr.write(line);
        else process.stderr.write(`\r\u001b[K${line}`);
      }
    };
    const { begin: onBegin } = recorder;
    const onCollected = progressOf('inputs run for their activations');
    const finished = await run({ onBegin, onCollected, onProgress, signal: controller.signal });
    bar?.stop();
    recorder.end(finished ? 'finished' : 'paused');
    if (!finished) {
      process.stderr.write(`Stopped. Go on with: inversionview train-${kind} --resume ${directory}\n`);
      return 130;
    }
    process.stdout.write(`Written: ${directory} (its README.md has the figures)\n`);
    return 0;
  } catch (error) {
    recorder.end('failed', error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    bar?.stop();
    for (const signal of stops) process.off(signal, stop);
  }
}

/** What a model is trained on: the name of a study, or a template. */
async function trainedOn(
  name: string | undefined,
  { resume }: RunOptions,
): Promise<{ readonly task: string; readonly template?: Template }> {
  const resumed = resume === undefined ? undefined : await resumedTask(resume);
  const asked = name ?? resumed;
  if (asked === undefined)
    throw new InputError(`Which task? One of ${(await namedTasks()).join(', ')}, or a file of your own.`);
  const opened = isStudy(asked)
    ? { task: asked }
    : name === undefined && !(await namedTasks()).includes(asked)
      ? // A template of a person's own: the job says that its file is wanted.
        { task: asked }
      : await namedTemplate(asked);
  if (resumed !== undefined && resumed !== opened.task)
    throw new InputError(`${resume ?? ''} is a training for ${resumed}, not for ${opened.task}.`);
  return opened;
}

async function namedTemplate(name: string): Promise<{ readonly task: string; readonly template: Template }> {
  await expectTask(name);
  const template = await openTemplate(name);
  return { task: template.name, template };
}

/** The recipe of a model's training by its preset. */
async function modelSettings(
  { task, template }: Awaited<ReturnType<typeof trainedOn>>,
  { preset, seed }: RunOptions,
): Promise<ModelRecipe> {
  if (template === undefined) return modelRecipe(task, preset, seed);
  const settings = namedPreset(textModelSettings, task, preset);
  return { task, preset, seed, ...settings, template: await templateHash(template) };
}

/** Adds `train-model`. */
export function trainModelCommand(program: Command): void {
  const command = program
    .command('train-model')
    .argument('[task]', taskArgument)
    .option('--evaluate-every <n>', 'steps between evaluations', whole(1, 1e9), 500)
    .option(
      '--threads <n>',
      'threads (default: one a processor); resuming is exact for equal numbers',
      whole(1, 256),
    )
    .addHelpText(
      'after',
      `
Examples:
  inversionview train-model addition
  inversionview train-model counting --preset paper --out runs/counting-paper
  inversionview train-model ioi --seed 1
  inversionview train-model --resume runs/addition-model
${directoryHelp}
config.json, model.safetensors and README.md (figures): give it to the other commands as --model.
A template's model is a toy: a small GPT-2 of the words of the template's texts, trained on these alone. The
directory has its tokenizer, too; the template must have an answer. A training on a file of your own is resumed with
the file:
  inversionview train-model mine.yaml --resume runs/mine-model`,
    );
  withTraining(command, 'model', modelPresets('addition')).action(
    async (name: string | undefined, options: RunOptions) => {
      const subject = await trainedOn(name, options);
      const recipe =
        options.resume === undefined ? changed(await modelSettings(subject, options), options) : undefined;
      const directory = options.resume ?? options.out ?? `runs/${subject.task}-model`;
      const runtime = runtimeFor({ ...options, device: 'cpu' });
      process.exitCode = await watched(directory, 'model', { processing: 'transformerlens' }, (watch) =>
        trainModel(runtime, {
          directory,
          ...(recipe === undefined ? {} : { recipe }),
          ...(subject.template === undefined ? {} : { template: subject.template }),
          evaluateEvery: options.evaluateEvery,
          checkpointSeconds: options.checkpointSeconds,
          ...watch,
        }),
      );
    },
  );
}

/** Adds `train-decoder`. */
export function trainDecoderCommand(program: Command): void {
  const command = withRunOptions(program.command('train-decoder').argument('[task]', taskArgument));
  withBos(command)
    .option(
      '--sites <names>',
      'comma-separated sites that it serves (default: those of the task; in large language models all heads and MLPs)',
    )
    .addOption(
      choice(
        '--form <name>',
        "what the decoder writes: completion, the free tokens, and the task adds what follows from them; or plain, every token (default: the recipe's)",
        ['completion', 'plain'],
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  inversionview train-decoder addition
  inversionview train-decoder addition --model runs/addition-model --out runs/my-decoder
  inversionview train-decoder --resume runs/addition-decoder

One decoder serves all sites of a task. "rate" is the mean in-preimage rate on queries that it is not trained on (see
evaluate), followed by that of each site.
${directoryHelp}
config.json, model.safetensors and README.md (figures): give it to the other commands as --decoder.`,
    );
  withTraining(command, 'decoder', decoderPresets('addition')).action(
    async (
      name: string | undefined,
      options: RunOptions & { form?: 'plain' | 'completion'; sites?: string },
    ) => {
      const resumed = options.resume === undefined ? undefined : await resumedTask(options.resume);
      const asked = name ?? resumed;
      if (asked === undefined)
        throw new InputError(`Which task? One of ${(await namedTasks()).join(', ')}, or a file of your own.`);
      const study = isStudy(asked);
      const { task, model: readModel } = await openedTask({ ...options, task: asked });
      if (resumed !== undefined && resumed !== task.name)
        throw new InputError(`${options.resume ?? ''} is a training for ${resumed}, not for ${task.name}.`);
      const runtime = runtimeFor(options);
      const model = await readModel();
      const sites =
        options.sites === undefined
          ? study || !isLarge(model)
            ? undefined
            : publishedSites(task)
          : options.sites.split(',').map((site) => resolveSite(site.trim(), task.sites));
      const { width } = model.architecture;
      const settings = study
        ? decoderRecipe(task.name, options.preset, options.seed)
        : {
            task: task.name,
            preset: options.preset,
            seed: options.seed,
            ...namedPreset(textSettings(width, isLarge(model)), task.name, options.preset),
          };
      const recipe =
        options.resume === undefined
          ? {
              ...withForm(changed(settings, options), options.form),
              ...(sites === undefined ? {} : { sites }),
            }
          : undefined;
      const directory = options.resume ?? options.out ?? `runs/${task.name}-decoder`;
      const processing = model.processing;
      process.exitCode = await watched(directory, 'decoder', { ...options, processing }, (watch) =>
        trainDecoder(runtime, {
          directory,
          model,
          task,
          ...(recipe === undefined ? {} : { recipe }),
          checkpointSeconds: options.checkpointSeconds,
          ...watch,
        }),
      );
    },
  );
}

const withForm = (recipe: DecoderRecipe, form: 'plain' | 'completion' | undefined): DecoderRecipe =>
  form === undefined ? recipe : { ...recipe, architecture: { ...recipe.architecture, form } };

/** The sites that are published for large language models: what goes in, every head, every MLP. */
const publishedSites = ({ sites }: Task): string[] =>
  sites.filter((site) => /^blocks\.0\.hook_resid_pre$|\.hook_result\.|\.hook_mlp_out$/.test(site));
