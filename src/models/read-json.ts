/**
 * JSON files of a directory.
 * @module
 */
import { InputError } from '../input-error.js';
import { parseJson } from './json-text.js';
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
    return parseJson(await source.read(0, source.size), source.name);
  } finally {
    await source.close();
  }
}
