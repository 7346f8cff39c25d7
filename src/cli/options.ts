/**
 * What the commands have in common: options, their checks, and how numbers and names are read.
 * @module
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Runtime } from '../engine/index.js';
import { suggest } from '../input-error.js';
import { resolveSite } from '../models/hooks.js';
import { type OpenedTask, openTask } from '../jobs/open-task.js';
import { sizeText } from '../report/wording.js';
import { type Task } from '../tasks/index.js';
import { taskNames } from '../studies/index.js';
import { progress } from './terminal.js';

/** A whole number within bounds. */
export const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    }
    return value;
  };

/** A number within bounds. */
export const number =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
    }
    return value;
  };

/** Numbers within bounds, separated by commas. */
export const numbers =
  (least: number, most: number) =>
  (text: string): number[] => {
    const values = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
    if (values.some((value) => !(value >= least && value <= most))) {
      throw new InvalidArgumentError(
        values.length === 1
          ? `Give a number from ${least} to ${most}.`
          : `Give numbers from ${least} to ${most} with commas between them.`,
      );
    }
    return values;
  };

/** An option that takes one of some names and suggests the nearest to a wrong one. */
export function choice(flags: string, description: string, names: readonly string[]): Option {
  return new Option(flags, description).choices(names).argParser((text: string) => {
    if (names.includes(text)) return text;
    throw new InvalidArgumentError(`${suggest(text, names).trim()} Accepted: ${names.join(', ')}.`.trim());
  });
}

/** Options that name what is read. */
export interface ModelOptions {
  readonly task: string;
  readonly model?: string;
  readonly processing?: 'transformerlens' | 'none';
  readonly bos?: string;
  readonly offline?: true;
  readonly device: 'cpu' | 'webgpu';
  readonly threads?: number;
}

/** `--task`, in every command that reads an input. */
const taskOption = (): Option =>
  new Option(
    '-t, --task <name>',
    `task whose inputs are read: ${taskNames.join(', ')}, a template task of texts (ioi, facts, greater-than, pronouns, docstrings), or a .yaml or .json file of your own`,
  ).default('addition');

/** Adds the options of {@link ModelOptions} but the task. */
export function withRunOptions(command: Command): Command {
  return command
    .option(
      '-m, --model <dir>',
      'checkpoint directory of the probed model; for commands on texts also a .gguf file or a name on the hub, ' +
        'owner/name[@revision] (default: the shipped one)',
    )
    .addOption(
      choice(
        '--processing <kind>',
        'how its weights are processed before the run: LayerNorm folded and writing weights centred, as ' +
          'TransformerLens does and the shipped decoders expect, or not at all (default: transformerlens for the ' +
          'models of small tasks, none for language models)',
        ['transformerlens', 'none'],
      ),
    )
    .addOption(choice('--device <name>', 'where graphs run', ['cpu', 'webgpu']).default('cpu'))
    .option('--threads <n>', 'threads (default: one a processor)', whole(1, 256));
}

/** Adds the options of {@link ModelOptions}. */
export const withModelOptions = (command: Command): Command =>
  withBos(withRunOptions(command.addOption(taskOption())));

/** Adds `--bos` and `--offline`, where texts are read. */
export const withBos = (command: Command): Command =>
  command
    .option(
      '--bos <token>',
      "what stands before a text: a token, an id, or none (default: what the model's files name)",
    )
    .option('--offline', 'make no request: models of the hub come from the cache alone');

const fetched = progress('', sizeText);
/** Shows how a download goes. */
export const showFetching = (file: string, done: number, all: number): void =>
  fetched(done, all, `of ${file}`);

/** The task and the model that the options name; the model is read when it is asked for. */
export const openedTask = (
  options: Pick<ModelOptions, 'task' | 'model' | 'processing' | 'bos' | 'offline'> & {
    readonly fillers?: number;
    readonly input?: string;
  },
): Promise<OpenedTask> => openTask({ ...options, onFile: showFetching });

/** Options of a threshold. */
export interface ThresholdOptions {
  readonly epsilon?: number;
  readonly metric?: 'euclidean' | 'cosine';
}

/** Adds the options of {@link ThresholdOptions}. */
export function withThreshold(command: Command): Command {
  return command
    .option(
      '-e, --epsilon <x>',
      "largest distance that counts as inside (default: the one chosen for site and place by `epsilon`, or the task's, 0.1)",
      number(0, 1e6),
    )
    .addOption(
      choice(
        '--metric <name>',
        "how distance is measured: euclidean, ‖z − z_q‖ / ‖z_q‖, or cosine, 1 − cos(z, z_q) (default: the task's)",
        ['euclidean', 'cosine'],
      ),
    );
}

/** The threshold that was given, as far as it was. */
export const thresholdOf = ({ epsilon, metric }: ThresholdOptions): ThresholdOptions => ({
  ...(epsilon === undefined ? {} : { epsilon }),
  ...(metric === undefined ? {} : { metric }),
});

/** Sites of a comma-separated list, each once; all accepted ones where there is no list. */
export function sitesOf(list: string | undefined, accepted: readonly string[]): readonly string[] {
  if (list === undefined) return accepted;
  return [...new Set(list.split(',').map((name) => resolveSite(name, accepted)))];
}

/** Says on stderr that an input is none of the task's: it can be read all the same. */
export function warnOfMalformed(task: Task, ids: readonly number[]): void {
  const problem = task.check(ids);
  if (problem !== null)
    process.stderr.write(`Warning: the input is not one of ${task.name}'s: ${problem}.\n`);
}

/** The runtime that the options ask for. */
export const runtimeFor = (options: Pick<ModelOptions, 'device' | 'threads'>): Runtime =>
  nodeRuntime({
    device: options.device,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });

/** Prints a JSON value, one line. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
