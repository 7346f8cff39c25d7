/**
 * `inversionview serve`: the workbench. It is also what `inversionview` without arguments starts.
 * @module
 */
import { join, resolve } from 'node:path';
import { type Command } from 'commander';
import { packageDirectory } from '../jobs/shipped.js';
import { startServer } from '../server/server.js';
import { whole } from './options.js';

/** Where the workbench is by default, and how many ports after it are tried. */
const [usualPort, morePorts] = [4747, 20];

interface ServeOptions {
  readonly port?: number;
  readonly host: string;
  readonly name: readonly string[];
  readonly token?: string;
  readonly models?: string;
  readonly task: readonly string[];
  readonly runs: string;
  readonly readings: string;
  readonly threads?: number;
  readonly prepare: boolean;
}

/** Serves until it is stopped. */
export async function serve(options: ServeOptions): Promise<void> {
  const server = await startServer({
    host: options.host,
    port: options.port ?? usualPort,
    // A port that was named is the one that is meant.
    morePorts: options.port === undefined ? morePorts : 0,
    names: options.name,
    token: options.token ?? process.env['INVERSIONVIEW_TOKEN'] ?? null,
    models: options.models === undefined ? null : resolve(options.models),
    templates: options.task.map((file) => resolve(file)),
    runs: resolve(options.runs),
    readings: resolve(options.readings),
    web: join(packageDirectory(), 'dist', 'web'),
    threads: options.threads ?? null,
    prepare: options.prepare,
  });
  if (options.port === undefined && server.port !== usualPort)
    process.stdout.write(`Port ${usualPort} is in use: taking ${server.port}.\n`);
  process.stdout.write(`InversionView: ${server.url}\nCtrl-C stops it.\n`);
  // One request's fault must not end the others: it is written down, and the server goes on.
  process.on('uncaughtException', (error) =>
    process.stderr.write(`inversionview: ${error.stack ?? error.message}\n`),
  );
  await new Promise<void>((stopped) => {
    const stop = (): void => {
      process.once('SIGINT', () => process.exit(130));
      stopped();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    process.once('SIGHUP', stop);
  });
  const running = await server.trainings();
  await server.close();
  for (const name of running)
    process.stdout.write(
      `The training ${name} goes on; the next "inversionview serve" from here finds it again.\n`,
    );
}

/** Adds the command. */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('open the workbench: a page to read activations in, live')
    .option('-p, --port <n>', `port (default: ${usualPort}, or the next free one)`, whole(0, 65_535))
    .option('--host <address>', 'address to listen at; beyond this machine a token is asked for', '127.0.0.1')
    .option('--name <host...>', 'other names by which the server is reached', [])
    .option(
      '--token <text>',
      'token to ask for (or INVERSIONVIEW_TOKEN; default: one is made up where needed)',
    )
    .option(
      '--models <dir>',
      'folder whose subfolders (and .gguf files) hold more models and decoders to choose from',
    )
    .option(
      '--task <file>',
      'a template task of your own to choose, YAML or JSON; may be given several times',
      (file: string, before: readonly string[]) => [...before, file],
      [],
    )
    .option('--runs <dir>', 'folder of trainings', 'runs')
    .option('--readings <dir>', 'folder of saved readings', 'readings')
    .option('--threads <n>', 'threads (default: one a processor)', whole(1, 256))
    .option('--no-prepare', 'compile graphs when they are first needed, not at the start')
    .addHelpText(
      'after',
      `
Examples:
  inversionview
  inversionview serve --models checkpoints --port 8080
  inversionview serve --models ~/gguf --task mine.yaml
  inversionview serve --host 0.0.0.0        (the printed address carries the token)

The page reaches no other server. Cases are made of what ships and of the directories named here, those of
template tasks (ioi, facts, greater-than, pronouns, docstrings, --task) also of models in the cache of the hub; the page of models
also describes a directory or a .gguf file (where nobody but this machine reaches the server), and a model of the
hub, which this server then fetches into Hugging Face's cache; HF_HUB_OFFLINE=1 forbids that. Trainings that are
started from the page go on when the page or the server is closed.`,
    )
    .action((options: ServeOptions) => serve(options));
}
