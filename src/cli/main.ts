#!/usr/bin/env node
/**
 * The command line. Exit codes: 0 done, 1 a fault of the program, 2 an input that cannot be taken, 130 stopped.
 * @module
 */
import { Command, CommanderError } from 'commander';
import { InputError } from '../input-error.js';
import { packageVersion } from '../jobs/versions.js';
import { guardStandardStreams, say } from './standard-streams.js';

/** A command: what it is for, and what adds it to the program. */
interface Entry {
  readonly what: string;
  /** Loaded when it is asked for: models, weights and plots take a while, which help and wrong words need not wait. */
  load(): Promise<(program: Command) => void>;
}

/** The commands in the order of the help. */
const commands: Readonly<Record<string, Entry>> = {
  serve: {
    what: 'open the workbench: a page to read activations in, live (what is done without a command)',
    load: async () => (await import('./serve.js')).serveCommand,
  },
  read: {
    what: 'sample inputs that give nearly the same activation, and show them',
    load: async () => (await import('./read.js')).readCommand,
  },
  sites: {
    what: 'list the tasks, their sites and the named places of an input',
    load: async () => (await import('./sites.js')).sitesCommand,
  },
  task: {
    what: 'check a template file, a study of texts of your own: samples, tokens, places, sizes',
    load: async () => (await import('./task.js')).taskCommand,
  },
  epsilon: {
    what: 'choose the ε of sites and places of a template task from their exact curves, and keep it',
    load: async () => (await import('./epsilon.js')).epsilonCommand,
  },
  activations: {
    what: 'run the probed model on an input and print its activations',
    load: async () => (await import('./activations.js')).activationsCommand,
  },
  model: {
    what: 'show what a checkpoint is: family, sizes, tokens, memory, and where it comes from',
    load: async () => (await import('./model.js')).modelCommand,
  },
  evaluate: {
    what: 'measure a decoder (in-preimage rate a site) or a probed model (accuracy) on the test split',
    load: async () => (await import('./evaluate.js')).evaluateCommand,
  },
  patch: {
    what: 'put activations of one input into the run of another, and measure what that does to the answer',
    load: async () => (await import('./patch.js')).patchCommand,
  },
  attribute: {
    what: 'take the logits apart: what each site adds to them through the unembedding',
    load: async () => (await import('./attribute.js')).attributeCommand,
  },
  heads: {
    what: 'rank heads by how much of the residual stream they make up where prompts end',
    load: async () => (await import('./heads.js')).headsCommand,
  },
  bits: {
    what: 'measure how much an activation tells, and of which features',
    load: async () => (await import('./bits.js')).bitsCommand,
  },
  preimage: {
    what: 'run every input, and give all those with nearly the same activation',
    load: async () => (await import('./preimage.js')).preimageCommand,
  },
  profile: {
    what: 'show how activations change with a feature of the input, and where heads look',
    load: async () => (await import('./profile.js')).profileCommand,
  },
  completeness: {
    what: 'score every input inside under the decoder: is there one it hardly knows of?',
    load: async () => (await import('./completeness.js')).completenessCommand,
  },
  explain: {
    what: 'let a language model say what a site holds, and measure what it claims',
    load: async () => (await import('./explain.js')).explainCommand,
  },
  'train-model': {
    what: 'train a probed model from scratch and write it as a Hugging Face checkpoint',
    load: async () => (await import('./train.js')).trainModelCommand,
  },
  'train-decoder': {
    what: 'train a decoder on the activations of a probed model',
    load: async () => (await import('./train.js')).trainDecoderCommand,
  },
  export: {
    what: 'read inputs at every place and write the files of another program',
    load: async () => (await import('./export.js')).exportCommand,
  },
  import: {
    what: 'open a cached file of the published web app, or any other reading in a file',
    load: async () => (await import('./import.js')).importCommand,
  },
};

/** The program, with the whole of one command and the names of the others. */
async function programFor(asked: string | undefined): Promise<Command> {
  const program = new Command('inversionview')
    .description('See what a neural activation knows: the inputs that give nearly the same one.')
    .usage('<command> [options]')
    .version(packageVersion())
    .configureOutput({ outputError: (text, write) => write(`inversionview: ${oneLine(text)}\n`) })
    .exitOverride();
  for (const [name, { what, load }] of Object.entries(commands)) {
    if (name === asked) (await load())(program);
    else program.command(name);
    program.commands.at(-1)?.description(what);
  }
  return program.addHelpText(
    'after',
    `
Start here:
  inversionview
  inversionview read --input "535+861=1396" --site a0.0 --position "="
  inversionview sites addition
  inversionview help read

Exit codes: 0 done, 1 a fault of the program, 2 something given that cannot be taken, 130 stopped.`,
  );
}

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
    say(error.message);
    return 2;
  }
  // By its name: the engine is not loaded for every word.
  if (error instanceof Error && error.name === 'DeviceError') {
    say(`${error.message}; or use --device cpu.`);
    return 2;
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

guardStandardStreams();

try {
  const given = process.argv.slice(2);
  const words = given.length === 0 ? ['serve'] : given;
  const program = await programFor(words[0] === 'help' ? words[1] : words[0]);
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  process.exitCode = report(error);
}
