#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 done, 1 a fault of the program, 2 an input that cannot be taken, 130 stopped.
 * @module
 */
import { Command, CommanderError } from 'commander';
import { DeviceError } from '../engine/index.js';
import { InputError } from '../input-error.js';
import { packageVersion } from '../jobs/versions.js';
import { activationsCommand } from './activations.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { readCommand } from './read.js';
import { sitesCommand } from './sites.js';
import { trainDecoderCommand, trainModelCommand } from './train.js';

const program = new Command('inversionview')
  .description('See what a neural activation knows: the inputs that give nearly the same one.')
  .usage('<command> [options]')
  .version(packageVersion())
  .configureOutput({ outputError: (text, write) => write(`inversionview: ${oneLine(text)}\n`) })
  .exitOverride();

readCommand(program);
sitesCommand(program);
activationsCommand(program);
evaluateCommand(program);
trainModelCommand(program);
trainDecoderCommand(program);
exportCommand(program);
program.addHelpText(
  'after',
  `
Start here:
  inversionview read --input "615+861=1476" --site a0.0 --position "="
  inversionview sites addition
  inversionview help read

Exit codes: 0 done, 1 a fault of the program, 2 something given that cannot be taken, 130 stopped.`,
);

/** Commander's message, which puts its suggestion on a second line and says "error". */
function oneLine(text: string): string {
  const [what = '', near = ''] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const sentence = what.charAt(0).toUpperCase() + what.slice(1);
  const suggestion = near.replace(/^\((.*)\)$/, ' $1');
  return (sentence.endsWith('.') ? sentence : `${sentence}.`) + suggestion;
}

/** Turns whatever was thrown into a message and an exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof InputError) {
    process.stderr.write(`inversionview: ${error.message}\n`);
    return 2;
  }
  if (error instanceof DeviceError) {
    process.stderr.write(`inversionview: ${error.message}; or use --device cpu.\n`);
    return 2;
  }
  process.stderr.write(
    `inversionview: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}

// A reader such as `head` may close the pipe early; that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
