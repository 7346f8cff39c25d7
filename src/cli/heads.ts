/**
 * `inversionview heads`: which heads make up the residual stream where prompts end.
 * @module
 */
import { type Command } from 'commander';
import { InputError } from '../input-error.js';
import { conditionOf } from '../interpret/condition.js';
import { upperHalf } from '../interpret/head-shares.js';
import { type HeadMeasure, type HeadsRecord, headsAt, headsOf } from '../interpret/heads-of-task.js';
import { readPrompts } from '../jobs/prompt-file.js';
import { type HookedModel } from '../models/hooked-model.js';
import { headsRows, renderHeads } from '../report/heads.js';
import { headsFigure } from '../report/plots/index.js';
import { type FigureOptions, drawn, withFigure } from './figure-options.js';
import {
  type ModelOptions,
  choice,
  number,
  openedTask,
  printJson,
  runtimeFor,
  whole,
  withModelOptions,
} from './options.js';
import { askedOf } from './prompt.js';
import { progress, styleFor } from './terminal.js';

interface HeadsOptions extends ModelOptions, FigureOptions {
  readonly prompts?: string;
  readonly preset?: 'paper';
  readonly threshold?: number;
  readonly fromLayer?: number;
  readonly position?: string;
  readonly only?: string;
  readonly inputs: number;
  readonly top: number;
  readonly seed: number;
  readonly json?: true;
}

/** The published share from which on a head counts. */
const paperThreshold = 0.02;

/** Adds the command. */
export function headsCommand(program: Command): void {
  withFigure(withModelOptions(program.command('heads')))
    .option(
      '--prompts <file>',
      'in place of a task: texts of a file, one a line, or a JSON list of texts or of records with "prompt"',
    )
    .addOption(
      choice(
        '--preset <name>',
        "the published settings: share above 0.02, upper half of the layers, TransformerLens' processing",
        ['paper'],
      ),
    )
    .option('--threshold <x>', 'the share above which a head counts (default: 0.02)', number(0, 1))
    .option('--from-layer <n>', 'the first layer (default: the upper half of the layers)', whole(0, 10_000))
    .option('-p, --position <place>', 'where a prompt is read (default: the token before the answer)')
    .option(
      '--only <condition>',
      'only inputs with a value of a feature: relation=capital, several with commas',
    )
    .option(
      '-n, --inputs <n>',
      'inputs: all of a task that has no more, else of its test split',
      whole(1, 100_000),
      2000,
    )
    .option('--top <n>', 'heads listed', whole(1, 10_000), 25)
    .option('--seed <n>', 'decides which inputs', whole(0), 1)
    .option('--json', 'print the data, of every head')
    .addHelpText(
      'after',
      `
Examples:
  inversionview heads --task facts --model openai-community/gpt2 --svg heads.svg
  inversionview heads --task ioi --from-layer 0
  inversionview heads --model openai-community/gpt2-xl --prompts known_1000.json --preset paper --json

Behind the attention of a layer the residual stream is a sum of what came in and of what each head writes. The
proximity of a part t to the sum y is max(0, ‖y‖ − ‖y − t‖) in L1 norms, and its share is that over the proximities of
all parts. Listed are the heads that count in most prompts, their mean share, and their mean attention to the first
token: a head that rests there says the same of every prompt.`,
    )
    .action(async (options: HeadsOptions, command: Command) => {
      const record =
        options.prompts === undefined
          ? await ofTask(options)
          : await ofFile(options.prompts, options, command);
      await drawn(options, (theme) => headsFigure(record, theme), record, headsRows(record));
      if (options.json === true) printJson(record);
      else {
        const { width } = styleFor(process.stdout, process.env);
        process.stdout.write(`${renderHeads(record, { width, top: options.top })}\n`);
      }
    });
}

/** Options with what a preset says where they do not. */
const settled = <O extends HeadsOptions>(options: O): O =>
  options.preset === undefined || options.processing !== undefined
    ? options
    : { ...options, processing: 'transformerlens' };

const measureOf = ({ threshold, fromLayer }: HeadsOptions, { architecture }: HookedModel): HeadMeasure => ({
  threshold: threshold ?? paperThreshold,
  fromLayer: fromLayer ?? upperHalf(architecture),
  onProgress: progress('prompts'),
});

async function ofTask(options: HeadsOptions): Promise<HeadsRecord> {
  const { task, model: readModel } = await openedTask(settled(options));
  const only = options.only === undefined ? null : conditionOf(task, options.only);
  const model = await readModel();
  return headsOf(runtimeFor(options), model, task, {
    ...measureOf(options, model),
    inputs: options.inputs,
    seed: options.seed,
    only,
    position: options.position ?? null,
  });
}

async function ofFile(file: string, options: HeadsOptions, command: Command): Promise<HeadsRecord> {
  for (const name of ['task', 'only', 'position', 'inputs', 'seed'] as const)
    if (command.getOptionValueSource(name) === 'cli')
      throw new InputError(`--${name} is of a task’s inputs: leave it out where --prompts gives the texts.`);
  if (options.model === undefined)
    throw new InputError('Prompts of a file need a language model: give one with --model.');
  const prompts = await readPrompts(file);
  const asked = await askedOf(settled(options), command);
  if (asked.kind === 'task') throw new InputError(`${options.model} has no tokenizer: prompts are texts.`);
  const ids = prompts.map((text) => asked.language.encode(text));
  return headsAt(runtimeFor(options), asked.model, ids, { ...measureOf(options, asked.model), of: file });
}
