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
    const text = new TextDecoder().decode(await source.read(0, source.size));
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw new InputError(`${source.name}: not JSON: ${error.message}`);
    throw error;
  } finally {
    await source.close();
  }
}
