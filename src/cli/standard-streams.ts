/**
 * Standard output that says when it cannot be written, and how commands report faults.
 * @module
 */
import { fstatSync, writeSync } from 'node:fs';
import { InputError } from '../input-error.js';
import { codeOf, reasonOf } from '../jobs/file-fault.js';

/** Codes of a reader that has had enough, such as `head`; that is no fault. */
const closedByReader = ['EPIPE', 'ECONNRESET'];

/**
 * Ends the process with one line and exit code 2 when standard output cannot be written, silently when its reader has
 * closed it. What cannot be said on stderr stays unsaid: a lost line about the work must not end the work.
 */
export function guardStandardStreams(): void {
  if (isFile(process.stdout.fd)) process.stdout._write = writeWhole;
  process.stdout.on('error', (error: Error) => {
    if (closedByReader.includes(codeOf(error))) process.exit(0);
    const reason = reasonOf(error);
    if (reason === null) throw error;
    say(`the output cannot be written: ${reason}.`);
    process.exit(2);
  });
  process.stderr.on('error', () => undefined);
}

/** Node's own writes to a file once, and takes no note of a disk that had room for a part alone. */
function writeWhole(
  chunk: Uint8Array | string,
  encoding: BufferEncoding,
  done: (error?: Error | null) => void,
): void {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(process.stdout.fd, bytes, at);
    done();
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}

/** Says a sentence on stderr as the program's own. */
export const say = (sentence: string): boolean => process.stderr.write(`inversionview: ${sentence}\n`);

/**
 * Writes an output that comes beside what is printed. Where it cannot be written this is said and decides the exit
 * code, but what was worked out is still printed.
 * @returns whether it was written
 */
export async function besides(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say(error.message);
    process.exitCode = 2;
    return false;
  }
}
