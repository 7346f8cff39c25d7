/**
 * `inversionview patch`: what changes when an activation is taken from another input.
 * @module
 */
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Command } from 'commander';
import {
  type AblationCheck,
  type Ask,
  type MetricName,
  type PatchAnswer,
  ask,
  askAblation,
  contrastsPerInput,
  metricNames,
  parseSpecification,
  patchPrompts,
  patchingThreads,
  redrawExperiment,
} from '../causal/index.js';
import { ablationNamed, experimentNamed, experiments, experimentsOf } from '../studies/index.js';
import { type Runtime } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { dataFiles } from '../jobs/figures.js';
import { type OpenedTask } from '../jobs/open-task.js';
import { type HookedModel } from '../models/hooked-model.js';
import { parseJson } from '../models/json-text.js';
import { patchRows } from '../report/patching-rows.js';
import { isHeadMap } from '../report/head-effects.js';
import { renderAblation, renderHeads, renderOrders, renderSets, renderSweep } from '../report/patching.js';
import { type Figure, headMapFigure, incrementsFigure, sweepFigure } from '../report/plots/index.js';
import { type Theme } from '../report/plots/theme.js';
import { type Task, isTemplateTask } from '../tasks/index.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import { choice, printJson, runtimeFor, whole, withModelOptions, openedTask } from './options.js';
import {
  type Asked,
  type PromptOptions,
  type TextAsked,
  askedOf,
  givenPrompt,
  idList,
  promptOf,
  withPrompt,
} from './prompt.js';
import { styleFor, progress } from './terminal.js';

interface PatchOptions extends PromptOptions, FigureOptions {
  readonly contrast?: string;
  readonly contrastIds?: readonly number[];
  readonly answer?: string;
  readonly against?: string;
  readonly experiment?: string;
  readonly file?: string;
  readonly list?: true;
  readonly sweep?: true;
  readonly sites?: string;
  readonly positions?: string;
  readonly redraw?: string;
  readonly inputs?: number;
  readonly contrasts?: number;
  readonly seed: number;
  readonly metric?: MetricName;
  readonly json?: true;
}

/** Inputs that take part: of a task of a small model, and of a template, whose model takes a thousand times as long. */
const [usualInputs, usualTexts] = [5000, 64];

/** Adds the command. */
export function patchCommand(program: Command): void {
  withPrompt(withFigure(withModelOptions(program.command('patch'))))
    .option('--contrast <text>', 'with --input: the input whose activations are put into it')
    .option('--contrast-ids <list>', 'with --ids: the token ids of that input', idList)
    .option('--answer <token>', 'what answers a text (default: the likeliest next token)')
    .option('--against <token>', 'what answers its contrast (default: the likeliest next token)')
    .option('-e, --experiment <name>', 'a named experiment over inputs of the test split; see --list')
    .option('-f, --file <json>', 'a question of your own: inputs, contrasts, sites, positions, metric')
    .option('-l, --list', "list the task's experiments")
    .option('--sweep', 'patch every site at every position by itself: a heat map')
    .option('-s, --sites <names>', "comma-separated sites instead of the experiment's")
    .option('-p, --positions <places>', "comma-separated places or indices instead of the experiment's")
    .option(
      '--redraw <slots>',
      'of a template task: contrasts are other texts of it that differ in these comma-separated slots alone',
    )
    .option(
      '-n, --inputs <n>',
      `inputs of the test split at the most (default: ${usualInputs}; of a template task ${usualTexts})`,
      whole(1, 1_000_000),
    )
    .option(
      '--contrasts <n>',
      `contrast inputs drawn for each input; their effects are averaged (default: ${contrastsPerInput}; of a template task 1)`,
      whole(1, 10_000),
    )
    .option('--seed <n>', 'decides which inputs, and their contrasts', whole(0), 1)
    .addOption(choice('--metric <name>', 'what is measured (default: logit-difference)', metricNames))
    .option('--json', 'print the data')
    .addHelpText(
      'after',
      `
Examples:
  inversionview patch --list
  inversionview patch --experiment A1-from-F1S1 --svg increments.svg
  inversionview patch --experiment A1-from-F1S1 --sweep --inputs 500 --png sweep.png
  inversionview patch --experiment flip --json
  inversionview patch --file question.json
  inversionview patch --input "615+861=1476" --contrast "215+861=1076" --sweep
  inversionview patch --model openai-community/gpt2 --sites x*.pre --svg sweep.svg \\
    --input "When Mary and John went to the store, John gave a drink to" \\
    --contrast "When Mary and John went to the store, Mary gave a drink to"
  inversionview patch --model openai-community/gpt2 --sites a9.9,a9.6,a10.0 --positions -1 --input ... --contrast ...

The effect of a set of sites is the clean run's logit difference (right answer minus contrast answer) less that of
the run in which those sites' outputs come from the contrast run. Sites are added one after another, the earliest
of the model first (forward order) and last (backward order); what each adds is its increment.

Two texts of a language model are swept over all positions, by default at the embeddings and what attention, MLP and
block give; with --sites and --positions both named, each is patched by itself and all of them together. A position is
a count (-1 the last token) or a token that stands in the text once. Texts must have as many tokens as each other,
unless positions are named.

question.json: {"inputs": ["615+861=1476"], "contrasts": ["215+861=1076"],
                "sites": ["a0.0", "x0.post"], "positions": ["=", "A1"]}`,
    )
    .action(async (options: PatchOptions, command: Command) => {
      const asked = await askedBy(options, command);
      if (options.list === true) {
        if (asked.kind === 'text')
          throw new InputError('Experiments are of tasks: leave --model out of --list.');
        list(asked.task, options.json === true);
        return;
      }
      const answer = asked.kind === 'text' ? await ofPrompts(asked, options) : await answered(asked, options);
      const figure = (theme: Theme): Figure => figureOf(answer, theme);
      await drawn(options, figure, answer, patchRows(answer));
      if (options.json === true) printJson(answer);
      else process.stdout.write(`${rendered(answer)}\n`);
    });
}

/** An experiment's name or a file says that a task is asked; an experiment's name also which, unless one was named. */
async function askedBy(options: PatchOptions, command: Command): Promise<Asked> {
  const { experiment, file, input, ids } = options;
  const named = command.getOptionValueSource('task') === 'default' ? taskOf(experiment) : null;
  if (named !== null) return { kind: 'task', ...(await openedTask({ ...options, task: named.name })) };
  if (experiment !== undefined || file !== undefined || (input === undefined && ids === undefined))
    return { kind: 'task', ...(await openedTask(options)) };
  return askedOf(options, command);
}

async function ofPrompts({ model, language }: TextAsked, options: PatchOptions): Promise<PatchAnswer> {
  const { contrast, contrastIds, sites, positions, metric } = options;
  const clean = givenPrompt(language, options);
  if (options.ids === undefined ? contrast === undefined : contrastIds === undefined)
    throw new InputError(
      `What is put into it? Give the other input with --contrast${options.ids === undefined ? '' : '-ids'}.`,
    );
  const token = (text: string | undefined): number | null =>
    text === undefined ? null : language.token(text);
  const chosen = sites !== undefined && positions !== undefined;
  if (chosen && options.sweep !== true && (options.svg !== undefined || options.png !== undefined))
    throw new InputError('A figure is drawn of a sweep: give --sweep.');
  const runtime = patchingRuntime(model, options);
  return patchPrompts(runtime, model, {
    clean,
    contrast: promptOf(language, contrastIds ?? language.encode(contrast ?? '')),
    answer: token(options.answer),
    against: token(options.against),
    show: (id) => language.pieces([id])[0] ?? '',
    sites: sites ?? null,
    positions: positions ?? null,
    sweep: options.sweep === true || !chosen,
    metric: metric ?? 'logit-difference',
    onProgress: progress('patched runs'),
  });
}

/** A runtime with as many threads as patching the model is fastest on, unless they are named. */
function patchingRuntime(model: HookedModel, options: PatchOptions): Runtime {
  const threads = options.threads ?? patchingThreads(model) ?? undefined;
  return runtimeFor({ device: options.device, ...(threads === undefined ? {} : { threads }) });
}

const taskOf = (name: string | undefined): Task | null =>
  experiments.find((experiment) => experiment.name === name)?.task ?? null;

async function answered({ task, model: readModel }: OpenedTask, options: PatchOptions): Promise<PatchAnswer> {
  const source = await sourceOf(task, options);
  const model = await readModel();
  const runtime = patchingRuntime(model, options);
  const inputs = options.inputs ?? (isTemplateTask(task) ? usualTexts : usualInputs);
  if ('reads' in source) return askAblation(runtime, model, source, inputs, options.seed);
  return ask(runtime, model, task, {
    source,
    inputs,
    contrasts: options.contrasts ?? (isTemplateTask(task) ? 1 : contrastsPerInput),
    seed: options.seed,
    sweep: options.sweep === true,
    ...(options.sites === undefined ? {} : { sites: options.sites.split(',') }),
    ...(options.positions === undefined ? {} : { positions: options.positions.split(',') }),
    ...(options.metric === undefined ? {} : { metric: options.metric }),
    onProgress: progress('patched runs'),
  });
}

async function sourceOf(task: Task, options: PatchOptions): Promise<Ask['source'] | AblationCheck> {
  const { file, input, contrast, redraw } = options;
  // A template has one experiment that comes first to mind: every head, from the contrast that it says.
  const usual =
    isTemplateTask(task) && input === undefined && file === undefined ? names(task)[0] : undefined;
  const experiment = options.experiment ?? usual;
  if (redraw !== undefined) {
    if (options.experiment !== undefined || file !== undefined || input !== undefined)
      throw new InputError('--redraw says the contrasts: leave out --experiment, --file and --input.');
    if (!isTemplateTask(task))
      throw new InputError(
        `--redraw names slots of a template, and ${task.name} is none: give --experiment.`,
      );
    return {
      experiment: redrawExperiment(
        task,
        redraw.split(',').map((part) => part.trim()),
      ),
    };
  }
  if (input !== undefined) {
    if (experiment !== undefined || file !== undefined)
      throw new InputError('Give --input and --contrast, or --experiment, or --file, not two of them.');
    if (contrast === undefined)
      throw new InputError('What is put into it? Give the other input with --contrast.');
    if (options.answer !== undefined || options.against !== undefined)
      throw new InputError(`${task.name} knows its answers: leave out --answer and --against.`);
    const metric = options.metric ?? 'logit-difference';
    const specification = { inputs: [input], contrasts: [contrast], metric };
    return { specification, name: 'two inputs' };
  }
  if (experiment !== undefined && file !== undefined) {
    throw new InputError('Give --experiment or --file, not both.');
  }
  if (file !== undefined) {
    for (const figure of [options.svg, options.png]) {
      if (figure === undefined || resolve(dataFiles(figure).json) !== resolve(file)) continue;
      throw new InputError(`The data of ${figure} would replace ${file}: give the figure another name.`);
    }
    const name = basename(file);
    const specification = parseSpecification(await jsonOf(file), name);
    const figures = options.svg !== undefined || options.png !== undefined;
    if (figures && specification.sets !== undefined && options.sweep !== true) throw noFigure();
    return { specification, name };
  }
  if (experiment === undefined) {
    throw new InputError(
      `Which experiment? Give --experiment with one of ${names(task).join(', ')}, two inputs with --input and --contrast, or a question of your own with --file.`,
    );
  }
  const check = ablationNamed(experiment, task);
  if (check === null) return { experiment: experimentNamed(experiment, task) };
  if (options.sweep === true || options.sites !== undefined || options.positions !== undefined) {
    throw new InputError(
      `${check.name} has one site and one position: it takes no --sweep, --sites or --positions.`,
    );
  }
  if (options.svg !== undefined || options.png !== undefined) {
    throw new InputError(`${check.name} is a few numbers and has no figure: use --json.`);
  }
  return check;
}

async function jsonOf(file: string): Promise<unknown> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new InputError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    );
  });
  return parseJson(bytes, file);
}

const names = (task: Task): string[] => experimentsOf(task).map(({ name }) => name);

function list(task: Task, json: boolean): void {
  const all = experimentsOf(task);
  if (json) {
    printJson({ task: task.name, experiments: all });
    return;
  }
  const width = Math.max(...all.map(({ name }) => name.length));
  for (const { name, about } of all) process.stdout.write(`${name.padEnd(width)}  ${about}\n`);
  process.stdout.write(
    `\nRun one: inversionview patch --task ${task.name} --experiment ${all[0]?.name ?? ''}\n`,
  );
}

function rendered(answer: PatchAnswer): string {
  const { width } = styleFor(process.stdout, process.env);
  if ('effects' in answer)
    return isHeadMap(answer) ? renderHeads(answer, { width }) : renderSweep(answer, { width });
  if ('places' in answer) return renderAblation(answer, { width });
  if ('sets' in answer) return renderSets(answer, { width });
  return renderOrders(answer, { width });
}

function figureOf(answer: PatchAnswer, theme: Theme): Figure {
  if ('effects' in answer)
    return isHeadMap(answer) ? headMapFigure(answer, theme) : sweepFigure(answer, theme);
  if ('sets' in answer || 'places' in answer) throw noFigure();
  return incrementsFigure(answer, theme);
}

const noFigure = (): InputError =>
  new InputError('A figure is drawn of both orders or of a sweep: leave "sets" out, or give --sweep.');
