/**
 * What the commands have in common: options, their checks, and how numbers are read.
 * @module
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { nodeRuntime } from '../engine/runtime/node.js';
import { type Runtime } from '../engine/index.js';
import { taskNames } from '../tasks/index.js';

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

/** A number above a bound, or equal to it. */
export const number =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw new InvalidArgumentError(`Give a number of at least ${least}.`);
    }
    return value;
  };

/** Options that name what is read. */
export interface ModelOptions {
  readonly task: string;
  readonly model?: string;
  readonly processing: 'transformerlens' | 'none';
  readonly device: 'cpu' | 'webgpu';
  readonly threads?: number;
}

/** Adds the options of {@link ModelOptions}. */
export function withModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-t, --task <name>', 'task whose inputs are read').choices(taskNames).default('addition'),
    )
    .option(
      '-m, --model <dir>',
      'Hugging Face checkpoint directory of the probed model (default: the shipped one)',
    )
    .addOption(
      new Option('--processing <kind>', 'how its weights are processed before the run')
        .choices(['transformerlens', 'none'])
        .default('transformerlens'),
    )
    .addOption(new Option('--device <name>', 'where graphs run').choices(['cpu', 'webgpu']).default('cpu'))
    .option('--threads <n>', 'threads (default: one a processor)', whole(1, 256));
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
