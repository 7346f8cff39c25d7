/**
 * JSON files of a directory.
 * @module
 */
import { InputError } from '../input-error.js';
import { type Directory } from './weights/byte-source.js';

/** More than any config or tokenizer needs; a larger file is refused before it is read. */
const largest = 256 * 1024 * 1024;

/**
 * Reads and parses a JSON file.
 * @throws InputError when it is missing, too large or not JSON
 */
export async function readJson(directory: Directory, file: string): Promise<unknown> {
  const source = await directory.open(file);
  try {
    if (source.size > largest)
      throw new InputError(`${source.name}: ${source.size} bytes are too many for a JSON file`);
    return parse(await source.read(0, source.size), source.name);
  } finally {
    await source.close();
  }
}

function parse(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    // The message quotes the file, line breaks and all.
    const reason = error instanceof SyntaxError ? error.message.replace(/\p{Cc}+/gu, ' ') : 'not UTF-8 text';
    throw new InputError(`${name}: not JSON: ${reason}`);
  }
}
