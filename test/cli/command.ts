/**
 * Runs the command line as a person does: in a process of its own. The sources are bundled once a test file, which
 * starts far sooner than running them through a loader, and cannot be out of date as `dist` can.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { vi } from 'vitest';

// Processes are slow to start where others are at work.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const repository = fileURLToPath(new URL('../../', import.meta.url));

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
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  dispose(): void;
}

/** Bundles the command line. The bundle lies in the repository, where it finds its packages and the shipped weights. */
export async function bundledCommand(): Promise<Command> {
  const cache = join(repository, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const place = mkdtempSync(join(cache, 'inversionview-'));
  await build({
    config: false,
    cwd: repository,
    entry: { main: 'src/cli/main.ts' },
    outDir: place,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    fixedExtension: false,
    dts: false,
    // One file loads faster than a hundred; what is left outside is native.
    deps: { alwaysBundle: [/^(zod|@bufbuild|commander|pure-rand|fastest-levenshtein|yauzl|cli-progress)/] },
    clean: false,
    logLevel: 'silent',
  });
  const folder = mkdtempSync(join(tmpdir(), 'inversionview-cli-'));
  return {
    folder,
    run: (args, options = {}) => finished([join(place, 'main.js'), ...args], folder, options),
    dispose() {
      rmSync(place, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
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
