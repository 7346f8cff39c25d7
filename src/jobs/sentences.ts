/**
 * Files of sentences on disk.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Sentence, readSentences } from '../interpret/sentences/sentence-file.js';
import { openFile } from './files.js';

/** Longest file that is read, in bytes. */
const mostBytes = 4 * 2 ** 20;

/**
 * Reads a file of sentences; see {@link readSentences} for what it may hold.
 * @throws InputError for a file that is missing, too long, no text, or has no sentences
 */
export async function openSentences(path: string): Promise<Sentence[]> {
  const file = await openFile(path);
  try {
    if (file.size > mostBytes)
      throw new InputError(`${path} has ${file.size} bytes: files of sentences have ${mostBytes} at most.`);
    const bytes = await file.read(0, file.size);
    return readSentences(textOf(bytes, path), path);
  } finally {
    await file.close();
  }
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${path} is no text in UTF-8.`);
  }
}
