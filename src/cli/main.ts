#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 done, 1 a fault of the program, 2 an input that cannot be taken, 130 stopped.
 * @module
 */
import { Command, CommanderError } from 'commander';
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
  .version(packageVersion())
  .showSuggestionAfterError()
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
  inversionview sites addition`,
);

/** Turns whatever was thrown into a message and an exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof InputError) {
    process.stderr.write(`inversionview: ${error.message}\n`);
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
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
