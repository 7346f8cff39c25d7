/**
 * The same work in PyTorch: runs the peer's script in a process of its own and takes the seconds it reports.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';

/** What the peer can be asked to time. */
export type Work = 'train' | 'sample' | 'collect' | 'lm' | 'judge';

/** How PyTorch runs it: an operation at a time, or through `torch.compile`. */
export type Mode = 'eager' | 'compiled';

const reportSchema = z.object({ peer: z.string(), median_s: z.number(), min_s: z.number() });

/** The peer's name and versions, and the median of its own repetitions in seconds. */
export interface PeerReport {
  readonly name: string;
  readonly seconds: number;
}

/** An interpreter and the script that it runs. */
export interface Peer {
  readonly python: string;
  readonly script: string;
}

/** Why there is nothing to compare with, or null: the interpreter has to be there and to have PyTorch. */
export function missingPeer({ python }: Peer): string | null {
  const { status, error } = spawnSync(python, ['-c', 'import torch'], { encoding: 'utf8' });
  if (error !== undefined) return `${python} does not start (${error.message})`;
  return status === 0 ? null : `${python} has no PyTorch`;
}

/**
 * Times the peer once.
 * @param more arguments of its script
 * @throws Error with what the script printed when it fails
 */
export function timePeer(
  { python, script }: Peer,
  work: Work,
  mode: Mode,
  threads: number,
  more: readonly string[] = [],
): PeerReport {
  // Settings that hold OpenBLAS to an older processor's kernels would slow the peer: it gets none of them.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('OPENBLAS_')),
  );
  const compile = mode === 'compiled' ? ['--compile'] : [];
  const args = [script, work, '--threads', String(threads), ...compile, ...more];
  const { status, stdout, stderr, error } = spawnSync(python, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${python} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  const { peer, median_s: seconds } = reportSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  return { name: peer, seconds };
}
