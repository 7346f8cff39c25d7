/**
 * Runs the command line as a person does: in a process of its own, from the package that is built once for all tests. What
 * is only about words and data is asked of one process that stays: starting and loading cost more than most answers.
 * @module
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtPackage } from '../built-package.js';

/** How a command ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A shell line in which `"$@"` stands for the command. */
  readonly shell?: string;
  /** Called with each piece that comes on stderr. */
  readonly onError?: (text: string, child: ChildProcess) => void;
}

/** The command line, and a folder for its files. */
export interface Command {
  /** Empty at the start; the commands run in it. */
  readonly folder: string;
  /** A process of its own: for signals, pipes, and what the environment says of the terminal. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The process that stays, one call after the other: for what is said, given and written. */
  ask(args: readonly string[], options?: Pick<RunOptions, 'env'>): Promise<Finished>;
  dispose(): void;
}

/** The command line, with an empty folder that it runs in. */
export function bundledCommand(): Promise<Command> {
  const main = join(builtPackage(), 'dist', 'cli', 'main.js');
  const folder = mkdtempSync(join(tmpdir(), 'inversionview-cli-'));
  const staying = createStaying(main, folder);
  return Promise.resolve({
    folder,
    run: (args, options = {}) => finished([main, ...args], folder, options),
    ask: staying.ask,
    dispose() {
      staying.end();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** What test/cli/staying-process.js is asked. */
export interface Asked {
  readonly main: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts the process at the first call; one that died takes its call with it, and the next call starts another. */
function createStaying(main: string, cwd: string): Pick<Command, 'ask'> & { end(): void } {
  let child: ChildProcess | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const start = (): ChildProcess =>
    fork(join(import.meta.dirname, 'staying-process.js'), {
      cwd,
      env: environment({}),
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  const answer = (asked: Asked): Promise<Finished> =>
    new Promise((resolve, reject) => {
      const own = (child ??= start());
      const died = (code: number | null): void => {
        child = null;
        reject(new Error(`the process ended with ${code} at ${JSON.stringify(asked.args)}`));
      };
      own.once('exit', died).once('message', (finished: Finished) => {
        own.off('exit', died);
        resolve(finished);
      });
      own.send(asked);
    });
  return {
    ask(args, { env = {} } = {}) {
      const next = last.then(() => answer({ main, args, env }));
      last = next.catch(() => undefined);
      return next;
    },
    end: () => void child?.kill(),
  };
}

/** What decides how the output looks is left out, unless a test sets it. */
function environment(given: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, COLUMNS: _columns, NODE_OPTIONS: _node, ...rest } = process.env;
  return { ...rest, ...given };
}

function finished(
  args: readonly string[],
  cwd: string,
  { env = {}, shell, onError }: RunOptions,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: environment(env) };
    const child =
      shell === undefined
        ? spawn(process.execPath, args, options)
        : spawn('bash', ['-c', shell, 'bash', process.execPath, ...args], options);
    let [stdout, stderr] = ['', ''];
    child.stdin.end();
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onError?.(text, child);
    });
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** One line that names the command line, exit code 2, nothing on stdout: how bad input is answered. */
export function refusal({ code, signal, stdout, stderr }: Finished): string {
  const [line = '', ...more] = stderr.split('\n');
  const asExpected =
    code === 2 && stdout === '' && more.join('') === '' && line.startsWith('inversionview: ');
  if (!asExpected) throw new Error(`not refused: ${JSON.stringify({ code, signal, stdout, stderr })}`);
  return line.slice('inversionview: '.length);
}
