/**
 * The server in a process of its own, by the command.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { commandLine } from '../../src/jobs/entry-points.js';

/** A server that was started as a person starts it. */
export interface Served {
  readonly child: ChildProcess;
  /** What it printed until it served. */
  readonly said: string;
  readonly url: string;
  /** Ends it. @returns all that it printed, and its exit code */
  stop(signal: NodeJS.Signals): Promise<{ stdout: string; stderr: string; code: number | null }>;
}

const running = new Set<ChildProcess>();

/** Ends those that a failed test left. */
export function endServed(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** Starts the command in a folder and waits for its address; without one, for its end, which rejects. */
export function serveIn(folder: string, ...args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, commandLine(['serve', ...args]), { cwd: folder });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return new Promise((resolve, reject) => {
    const stop = async (signal: NodeJS.Signals) => {
      child.kill(signal);
      return { code: await ended, stdout, stderr };
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const url = /InversionView: (\S+)/.exec(stdout)?.[1];
      if (url !== undefined) resolve({ child, said: stdout, url, stop });
    });
    void ended.then((code) => reject(Object.assign(new Error(stderr), { code })));
  });
}
