/**
 * The same work in PyTorch: runs the peer's script in a process of its own and takes the seconds it reports.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';

/** What the peer can be asked to time. */
export type Work = 'train' | 'sample' | 'collect';

const reportSchema = z.object({ peer: z.string(), median_s: z.number(), min_s: z.number() });

/** The peer's name and version, and the median of its own repetitions in seconds. */
export interface PeerReport {
  readonly name: string;
  readonly seconds: number;
}

/**
 * Times the peer once.
 * @param python interpreter that has torch
 * @throws Error with what the script printed when it fails
 */
export function timePeer(python: string, script: string, work: Work, threads: number): PeerReport {
  // Settings that hold OpenBLAS to an older processor's kernels would slow the peer: it gets none of them.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('OPENBLAS_')),
  );
  const args = [script, work, '--threads', String(threads)];
  const { status, stdout, stderr, error } = spawnSync(python, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${python} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  const { peer, median_s: seconds } = reportSchema.parse(JSON.parse(stdout));
  return { name: peer, seconds };
}
