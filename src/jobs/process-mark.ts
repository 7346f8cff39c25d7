/**
 * Marks of processes, for the names of files that belong to one: whoever finds such a file can tell whether its
 * process still lives. A number alone cannot, since numbers are given again.
 * @module
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Milliseconds without a sign of life after which a process that cannot be looked up is taken for gone. */
const goneAfter = 60_000;

/** A process, distinguished from all others that have its number at another time or on another machine. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in clock ticks since the machine did; `x` where the system does not say. */
  readonly started: string;
  /** Hash of the machine, its last start and the space of process numbers (containers have their own). */
  readonly host: string;
}

/** A mark as text, within other text. */
export const markPattern = /(\d+)-(\d+|x)-([0-9a-f]{8})/;

const host = createHash('sha256')
  .update(
    [
      hostname(),
      textOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
      textOr('', () => readlinkSync('/proc/self/ns/pid')),
    ].join(' '),
  )
  .digest('hex')
  .slice(0, 8);

/** The mark of a process of this machine; this one unless given. */
export function markOf(pid = process.pid): ProcessMark {
  const found = lookUp(pid);
  return { pid, started: found === null || found === 'gone' ? 'x' : found, host };
}

/** A mark as text: digits, letters and hyphens. */
export const markText = ({ pid, started, host: at }: ProcessMark): string => `${pid}-${started}-${at}`;

/** The mark in a text; null when there is none. */
export function markIn(text: string): ProcessMark | null {
  const [, pid, started, at] = markPattern.exec(text) ?? [];
  return pid === undefined || started === undefined || at === undefined
    ? null
    : { pid: Number(pid), started, host: at };
}

/**
 * Whether the process of a mark lives.
 * @param sign when it last gave a sign of life, in milliseconds since 1970: all there is to go by where the process
 *   cannot be looked up (on another machine, in another container, on a system without /proc)
 * @param patience milliseconds without such a sign after which it is taken for gone
 */
export function isLiving(
  { pid, started, host: at }: ProcessMark,
  sign: number,
  patience = goneAfter,
): boolean {
  const recent = Date.now() - sign < patience;
  if (at !== host) return recent;
  const found = lookUp(pid);
  if (found === 'gone') return false;
  return found === null || started === 'x' ? isAlive(pid) && recent : found === started;
}

/** Whether a process of this number runs. */
export function isAlive(pid: number): boolean {
  if (lookUp(pid) === 'gone') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started; `gone` once it has ended, though nobody has taken note; null where the system does not say. */
function lookUp(pid: number): string | null {
  const text = textOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is a name in brackets, which may hold anything; state is the third, start the 22nd.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return 'gone';
  return fields[19] ?? null;
}

function textOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
