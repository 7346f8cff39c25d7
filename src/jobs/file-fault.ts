/**
 * Faults of the file system in a person's words.
 * @module
 */
import { InputError } from '../input-error.js';

/** Codes of what a person can mend, in words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  EEXIST: 'a file of this name is there',
  ENOTEMPTY: 'there is something in it already',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the system allows',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
  EBUSY: 'it is in use, or something is mounted there',
  EBADF: 'it is not open for writing',
  EIO: 'the device reports a fault',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** The code of a fault; empty where it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** Why the system refused, as the end of a sentence; null for what is no fault of the system. */
export function reasonOf(error: unknown): string | null {
  const code = codeOf(error);
  return reasons[code] ?? (/^E[A-Z0-9]+$/.test(code) ? `the system reports ${code}` : null);
}

/** A fault of the system as an InputError that begins with `what`; any other error as it is. */
export function fileFault(what: string, error: unknown): unknown {
  const reason = reasonOf(error);
  return reason === null ? error : new InputError(`${what}: ${reason}.`);
}

/** A fault as the system would report it. */
export const systemFault = (code: string): Error => Object.assign(new Error(code), { code });
