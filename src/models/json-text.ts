/**
 * JSON files that people write or move by hand. Windows' editors and shells put a byte order mark before the text, some
 * write UTF-16; line ends are of either kind.
 * @module
 */
import { InputError } from '../input-error.js';

/**
 * The text of a file: UTF-8 with or without a byte order mark, UTF-16 with one. The mark is no part of the text.
 * @throws TypeError for bytes that are not of that encoding
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

/**
 * Parses the bytes of a JSON file.
 * @param name what to call it in an error
 * @throws InputError when it is not JSON
 * @example parseJson(await readFile(path), path)
 */
export function parseJson(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = decodeText(bytes);
  } catch {
    throw new InputError(`${name}: not JSON: not UTF-8 text`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The message quotes the file, line breaks and all.
    const reason = error instanceof Error ? error.message.replace(/\p{Cc}+/gu, ' ') : String(error);
    throw new InputError(`${name}: not JSON: ${reason}`);
  }
}
